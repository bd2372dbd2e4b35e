"""Maps leaves to the numbers of a shard, as far as an index can still hold them, and finds numbers that no leaf has."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from operations.models import Adoption, Checkpoint, Cursor, SealedRange
from trail import arrivals
from trail.arrivals import Shard, StoredEvent
from trail.connection import Trail
from trail.times import format_datetime
from trail.verification import Chunk, LeafRange

CLOCKS_DIFFER = timedelta(minutes=5)  # that of a writer from the keeper's


@dataclass(slots=True)
class Atlas:
    """The engine's indices and what is known of their past, read once for a whole comparison. Raises TrailUnavailable."""

    trail: Trail
    there: dict[str, str] = field(init=False)
    shards: list[Shard] = field(init=False)
    _adopted: dict[tuple[str, int], list[Adoption]] = field(init=False)

    def __post_init__(self) -> None:
        self.there = arrivals.list_indices(self.trail)
        self.shards = arrivals.list_shards(self.trail)
        self._adopted = defaultdict(list)
        for adoption in Adoption.objects.all():
            self._adopted[adoption.index, adoption.shard].append(adoption)

    def chunk(self, start: int, end: int) -> Chunk:
        """Leaves from one to before another, with where they should stand."""
        before = SealedRange.objects.filter(first_leaf__lte=start).order_by("-first_leaf").first()
        inside = SealedRange.objects.filter(first_leaf__gt=start, first_leaf__lt=end)
        spans = tuple(map(self.span, [*([before] if before else []), *inside]))
        return Chunk(start, end, spans, self._read_taken_by(end, spans))

    def _read_taken_by(self, end: int, spans: tuple[LeafRange, ...]) -> str:
        """A time after which none of the events before a leaf was taken; empty where that is not known.

        The first checkpoint that is kept of them says it, or when an index was adopted into which they were written again.
        """
        sealed = Checkpoint.objects.filter(size__gte=end).order_by("size", "pk").values_list("at", flat=True).first()
        adopted = [adoption.at for span in spans for adoption in self._adopted[span.index, span.shard]]
        return format_datetime(max([sealed, *adopted]) + CLOCKS_DIFFER) if sealed else ""

    def span(self, sealed_range: SealedRange, at_most: int | None = None) -> LeafRange:
        """Where a sealed range should stand; `at_most` how many of it there can be, where that is known otherwise."""
        readable = self._readable(sealed_range) if at_most is None else max(0, min(sealed_range.count, at_most))
        return LeafRange(
            sealed_range.first_leaf,
            sealed_range.count,
            sealed_range.index,
            sealed_range.shard,
            sealed_range.first_seq,
            readable,
        )

    def _readable(self, sealed_range: SealedRange) -> int:
        """How many of a sealed range an index can hold that was put back since."""
        if sealed_range.index not in self.there:
            return 0
        since = self._adopted[sealed_range.index, sealed_range.shard]
        names = [adoption.was for adoption in since]
        upto = [last.upto for last in since[names.index(sealed_range.uuid) :]] if sealed_range.uuid in names else []
        return max(0, min([sealed_range.count, *(last - sealed_range.first_seq + 1 for last in upto)]))

    def unsealed(self) -> Iterator[StoredEvent]:
        """Events among sealed ones, or in an index that was made anew, that have a number of no leaf."""
        cursors = {(cursor.index, cursor.shard): cursor for cursor in Cursor.objects.all()}
        for shard in self.shards:
            cursor = cursors.get((shard.index, shard.number))
            if cursor:
                last = cursor.seq if cursor.uuid == shard.uuid else shard.settled
                for first, until in _uncovered(shard.index, shard.number, last):
                    for window in arrivals.read_windows(self.trail, shard.index, shard.number, first, until):
                        yield from window.events


def read_sealed_counts() -> dict[str, int]:
    """How many events are sealed in each index, so that as many must be found there."""
    counts: dict[str, int] = defaultdict(int)
    for index, events in Cursor.objects.order_by().values_list("index", "events"):
        counts[index] += events
    return dict(counts)


def count_sealed(index: str, shard: int, upto: int) -> int:
    """How many events with numbers up to `upto` are sealed of a shard; a number that was given twice counts once."""
    covered = count = 0
    ranges = SealedRange.objects.filter(index=index, shard=shard, first_seq__lte=upto).order_by("first_seq")
    for sealed_range in ranges.iterator():
        end = min(sealed_range.last_seq, upto) + 1
        count += max(0, end - max(covered, sealed_range.first_seq))
        covered = max(covered, end)
    return count


def _uncovered(index: str, shard: int, last: int) -> Iterator[tuple[int, int]]:
    """The numbers up to the last that no sealed range covers, from and to."""
    following = 0
    for sealed_range in SealedRange.objects.filter(index=index, shard=shard).order_by("first_seq").iterator():
        if sealed_range.first_seq > following:
            yield following, min(sealed_range.first_seq - 1, last)
        following = max(following, sealed_range.last_seq + 1)
    if following <= last:
        yield following, last
