"""Writes addresses as `reverse` does, those that are written often looked up once: a page has a hundred of them."""

from functools import lru_cache

from django.urls import get_script_prefix, reverse

# Addresses that are remembered, and the characters of their parts: what hostile events hold takes no room.
MOST, LONGEST = 4_096, 200


def write_address(name: str, *parts: str) -> str:
    """The address of the page of this name with these parts. Raises NoReverseMatch."""
    if sum(map(len, parts)) > LONGEST:
        return reverse(name, args=parts)
    # Where the console lies below a path, that is a request's own.
    return _look_up(get_script_prefix(), name, parts)


@lru_cache(maxsize=MOST)
def _look_up(prefix: str, name: str, parts: tuple[str, ...]) -> str:
    return reverse(name, args=parts)
