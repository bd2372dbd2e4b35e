"""Finds the numbered events of writers that never arrived, and the writers that have fallen silent.

A writer counts its events from 0 (trail.writing.emitter). What is asked first are each writer's first number, last number, how
many and their sum, which tell whether any is missing; only then, and only where one is, ever smaller blocks of numbers.
An event that was written within the last second or so cannot be found yet, and events arrive out of order while several
are under way: a gap right below a writer's last number may close by itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trail.connection import Trail
from trail.search.bodies import sequences
from trail.search.execute import ask

AT_ONCE = 200  # writers in one question; a query may hold 1,024 conditions
BLOCKS = 500  # blocks that are looked at in one question; memory is of these
FEW = 5_000  # numbers that are read themselves


@dataclass(frozen=True, slots=True)
class WriterSequence:
    """What the trail holds of a writer's numbers. `last_heard` is when it last took one of its events, by its own clock."""

    id: str
    first: int
    last: int
    events: int
    sum: int
    last_heard: datetime

    @property
    def whole(self) -> bool:
        """Whether every number from 0 to the last is there, once."""
        return self.whole_from(0)

    def whole_from(self, first: int) -> bool:
        """Whether these are the numbers from `first` to the last, each once."""
        return _is_whole(first, self.last, self.events, self.sum)


@dataclass(frozen=True, slots=True)
class SequenceGap:
    """Numbers of a writer, from `first` to `last`, of which the trail has none."""

    writer: str
    first: int
    last: int

    def __str__(self) -> str:
        numbers = f"{self.first}" if self.first == self.last else f"{self.first}–{self.last}"
        return f"writer {self.writer}: {numbers} never arrived"


def list_writers(trail: Trail) -> Iterator[WriterSequence]:
    """Every writer that numbers its events, by name. Raises TrailUnavailable."""
    after: dict[str, str] | None = None
    while True:
        page = _writers(trail, sequences.build_writers(after=after))
        yield from map(_writer, page["buckets"])
        after = page.get("after_key")
        if after is None:
            return


def list_advanced(trail: Trail, last_numbers: Mapping[str, int]) -> Iterator[WriterSequence]:
    """Of these writers, at most AT_ONCE, those with numbers after their known last: what is counted is those alone.

    Raises TrailUnavailable.
    """
    return map(_writer, _writers(trail, sequences.build_later_numbers(last_numbers))["buckets"])


def list_newcomers(trail: Trail, since: datetime) -> Iterator[str]:
    """Writers that have begun to count, or were heard of since a time: a new one is among them. Raises TrailUnavailable.

    It costs the events since that time and one for each writer, not the whole trail.
    """
    after: dict[str, str] | None = None
    while True:
        page = _writers(trail, sequences.build_new_writers(since, after=after))
        yield from (bucket["key"]["writer"] for bucket in page["buckets"])
        after = page.get("after_key")
        if after is None:
            return


def _writers(trail: Trail, body: dict[str, Any]) -> dict[str, Any]:
    writers: dict[str, Any] = ask(trail, body).get("aggregations", {}).get("writers", {"buckets": []})
    return writers


def _writer(bucket: dict[str, Any]) -> WriterSequence:
    counted = bucket["numbers"]
    heard = datetime.fromtimestamp(bucket["last"]["value"] / 1000, UTC)
    return WriterSequence(
        id=bucket["key"]["writer"],
        first=int(counted["min"]),
        last=int(counted["max"]),
        events=counted["count"],
        sum=int(counted["sum"]),
        last_heard=heard,
    )


def find_gaps(trail: Trail) -> Iterator[SequenceGap]:
    """What never arrived, writer by writer, in order. Raises TrailUnavailable."""
    for writer in list_writers(trail):
        if not writer.whole:
            yield from find_gaps_of(trail, writer.id, 0, writer.last)


def find_silent(trail: Trail, since: datetime) -> Iterator[WriterSequence]:
    """Writers of which the trail has had nothing since a time. Raises TrailUnavailable."""
    return (writer for writer in list_writers(trail) if writer.last_heard < since)


def find_gaps_of(trail: Trail, writer: str, first: int, last: int) -> Iterator[SequenceGap]:
    """What is missing of a writer's numbers from `first` to `last`."""
    missing: tuple[int, int] | None = None
    for start, end in _missing(trail, writer, first, last):
        if missing and missing[1] + 1 == start:
            missing = (missing[0], end)
            continue
        if missing:
            yield SequenceGap(writer, *missing)
        missing = (start, end)
    if missing:
        yield SequenceGap(writer, *missing)


def _missing(trail: Trail, writer: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Ranges of missing numbers in order, one beside another where a block ends."""
    if last - first < FEW:
        yield from _between(first, last, _numbers(trail, writer, first, last))
        return
    block = -(-(last - first + 1) // BLOCKS)
    answer = ask(trail, sequences.build_number_blocks(writer, first, last, block=block))
    here = first
    for bucket in answer["aggregations"]["blocks"]["buckets"]:
        start = int(bucket["key"])
        end = min(start + block - 1, last)
        if here < start:
            yield here, start - 1
        if not _is_whole(start, end, bucket["numbers"]["count"], int(bucket["numbers"]["sum"])):
            yield from _missing(trail, writer, start, end)
        here = end + 1
    if here <= last:
        yield here, last


def _between(first: int, last: int, there: Iterator[int]) -> Iterator[tuple[int, int]]:
    for number in there:
        if first < number:
            yield first, number - 1
        first = number + 1
    if first <= last:
        yield first, last


def _numbers(trail: Trail, writer: str, first: int, last: int) -> Iterator[int]:
    after: list[Any] | None = None
    while True:
        hits = ask(trail, sequences.build_numbers(writer, first, last, after=after))["hits"]["hits"]
        yield from (int(hit["sort"][0]) for hit in hits)
        if not hits:
            return
        after = hits[-1]["sort"]


def _is_whole(first: int, last: int, events: int, total: int) -> bool:
    """By count and sum: a number that is missing beside one that is there twice gives another sum."""
    return events == last - first + 1 and total == (first + last) * events // 2
