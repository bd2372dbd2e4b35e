"""Walks the table of addresses."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver


def walk_patterns(patterns: list[URLPattern | URLResolver], route: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address there is, with its whole route."""
    for pattern in patterns:
        whole = route + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk_patterns(pattern.url_patterns, whole)
        else:
            yield whole, pattern


def walk_own_views(*rooms: str) -> Iterator[URLPattern]:
    """The addresses whose views stand in one of these rooms."""
    for _, pattern in walk_patterns(get_resolver().url_patterns):
        if pattern.callback.__module__.split(".")[0] in rooms:
            yield pattern
