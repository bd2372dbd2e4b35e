"""Which leaves are which numbers of which shard, as far as an index can still hold them; and numbers that no leaf has."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from operations.models import Adoption, Cursor, Stretch
from trail import arrivals
from trail.arrivals import Shard, Stored
from trail.comparing import Chunk, Span
from trail.connection import Trail


@dataclass(slots=True)
class Atlas:
    """The engine's indices and what is known of their past, read once for a whole comparison. Raises TrailUnavailable."""

    trail: Trail
    there: dict[str, str] = field(init=False)
    shards: list[Shard] = field(init=False)
    _adopted: dict[tuple[str, int], list[Adoption]] = field(init=False)

    def __post_init__(self) -> None:
        self.there = arrivals.indices(self.trail)
        self.shards = arrivals.shards(self.trail)
        self._adopted = defaultdict(list)
        for adoption in Adoption.objects.all():
            self._adopted[adoption.index, adoption.shard].append(adoption)

    def chunk(self, start: int, end: int) -> Chunk:
        """Leaves from one to before another, with where they should stand."""
        before = Stretch.objects.filter(first_leaf__lte=start).order_by("-first_leaf").first()
        inside = Stretch.objects.filter(first_leaf__gt=start, first_leaf__lt=end)
        return Chunk(start, end, tuple(map(self.span, [*([before] if before else []), *inside])))

    def span(self, stretch: Stretch, at_most: int | None = None) -> Span:
        """Where a stretch should stand; `at_most` how many of it there can be, where that is known otherwise."""
        readable = self._readable(stretch) if at_most is None else max(0, min(stretch.count, at_most))
        return Span(stretch.first_leaf, stretch.count, stretch.index, stretch.shard, stretch.first_seq, readable)

    def _readable(self, stretch: Stretch) -> int:
        """How many of a stretch an index can hold that was put back since."""
        if stretch.index not in self.there:
            return 0
        since = self._adopted[stretch.index, stretch.shard]
        names = [adoption.was for adoption in since]
        upto = [one.upto for one in since[names.index(stretch.uuid) :]] if stretch.uuid in names else []
        return max(0, min([stretch.count, *(one - stretch.first_seq + 1 for one in upto)]))

    def unsealed(self) -> Iterator[Stored]:
        """Events among sealed ones, or in an index that was made anew, that have a number of no leaf."""
        cursors = {(one.index, one.shard): one for one in Cursor.objects.all()}
        for shard in self.shards:
            cursor = cursors.get((shard.index, shard.number))
            if cursor:
                last = cursor.seq if cursor.uuid == shard.uuid else shard.settled
                for first, until in _uncovered(shard.index, shard.number, last):
                    for window in arrivals.windows(self.trail, shard.index, shard.number, first, until):
                        yield from window.events


def _uncovered(index: str, shard: int, last: int) -> Iterator[tuple[int, int]]:
    """The numbers up to the last that no stretch covers, from and to."""
    following = 0
    for stretch in Stretch.objects.filter(index=index, shard=shard).order_by("first_seq").iterator():
        if stretch.first_seq > following:
            yield following, min(stretch.first_seq - 1, last)
        following = max(following, stretch.last_seq + 1)
    if following <= last:
        yield following, last
