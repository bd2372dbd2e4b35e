"""Reads and writes numbers of evidence as people do: E1, E3 to E5."""

import re
from collections.abc import Iterable, Iterator

_RANGE = re.compile(r"[eE]?([0-9]{1,9})(?:\s*(?:-|–|to)\s*[eE]?([0-9]{1,9}))?")
MOST = 10_000


def read_numbers(text: str) -> list[int]:
    """The numbers in a text, each once, in order. Raises ValueError, whose words are the part that is none."""
    numbers: set[int] = set()
    for part in filter(None, (part.strip() for part in re.split(r"[,;\n]", text))):
        match = _RANGE.fullmatch(part)
        if match is None:
            raise ValueError(part)
        first, last = int(match[1]), int(match[2] or match[1])
        if not 0 < first <= last < first + MOST:
            raise ValueError(part)
        numbers.update(range(first, last + 1))
    return sorted(numbers)


def write_numbers(numbers: Iterable[int]) -> str:
    """The shortest words for them: E1, E3 to E5."""
    return ", ".join(f"E{first}" if first == last else f"E{first} to E{last}" for first, last in _list_ranges(numbers))


def _list_ranges(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = 0
    for number in sorted(set(numbers)):
        if last and number == last + 1:
            last = number
            continue
        if last:
            yield first, last
        first = last = number
    if last:
        yield first, last
