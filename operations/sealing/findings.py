"""Names, by their ids, the events that are not where they were sealed, and those that stand there instead."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from trail import verification
from trail.arrivals import StoredEvent
from trail.connection import Trail
from trail.integrity.leaf_comparison import DifferenceKind, LeafFinding, Tampered
from trail.integrity.tiles import TileMissing
from trail.verification import Chunk, SealedLog

HELD_IDS = 100_000  # ids on each side that are held and compared; beyond they are counted
NAMED = 1_000  # events that one finding names
IN_A_SENTENCE = 5


@dataclass(slots=True)
class Names:
    """Both sides of all that differs. An id on both was moved or altered; on one alone, removed or inserted."""

    sealed: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    actual: dict[str, bytes] = field(default_factory=dict)
    more: dict[DifferenceKind, int] = field(
        default_factory=lambda: {DifferenceKind.REMOVED: 0, DifferenceKind.INSERTED: 0}
    )
    contradicting: list[str] = field(default_factory=list)
    contradictions: int = 0
    others: list[dict[str, Any]] = field(default_factory=list)

    def take_contradictions(self, events: Iterable[StoredEvent]) -> None:
        """Events of which something else is searched than was sealed."""
        for event in events:
            self.contradictions += 1
            if len(self.contradicting) < NAMED:
                self.contradicting.append(event.event_id)

    def take(self, log: LogDirectory, trail: Trail, against: SealedLog, region: Chunk, verdict: Tampered) -> None:
        """What a comparison found in one region. Raises TrailUnavailable."""
        places: set[int] = set()
        for difference in verdict.findings:
            if difference.kind is DifferenceKind.UNPROVED:
                self.others.append(
                    make_finding("unproved", str(difference), leaf=difference.index, count=difference.count)
                )
                continue
            if difference.kind is not DifferenceKind.INSERTED:
                self._take_sealed(log, against, difference)
            if difference.kind is not DifferenceKind.REMOVED:
                places |= set(range(difference.at, difference.at + min(difference.count, HELD_IDS)))
                self.more[DifferenceKind.INSERTED] += max(0, difference.count - HELD_IDS)
        for event in verification.read_events_at(region, trail, places):
            self.add(event)
        if not verdict.complete and not self.others:
            what = f"leaves {region.start} to {region.end - 1} differ too much to name every event"
            self.others.append(make_finding("unproved", what, leaf=region.start, count=region.end - region.start))

    def take_ids(self, log: LogDirectory, events: Iterable[StoredEvent], region: Chunk) -> None:
        """Leaves of a region that is as it was sealed, for which the log's own list names another event, or none."""
        try:
            pairs = zip(enumerate(events, region.start), log.ids(region.start, region.end), strict=True)
            wrong = [(leaf, event.event_id) for (leaf, event), event_id in pairs if event.event_id != event_id]
        except LogDamaged as error:
            self.others.append(make_finding("ids", str(error).rstrip("."), leaf=region.start))
            return
        if wrong:
            what = "named otherwise in the log's list of ids (ids/), which was edited"
            named = [event_id for _, event_id in wrong[:NAMED]]
            self.others.append(make_finding("ids", what, leaf=wrong[0][0], count=len(wrong), events=named))

    def add(self, event: StoredEvent) -> None:
        """An event that stands where another was sealed, or none."""
        if len(self.actual) < HELD_IDS:
            self.actual[event.event_id] = event.leaf
        else:
            self.more[DifferenceKind.INSERTED] += 1

    def _take_sealed(self, log: LogDirectory, against: SealedLog, difference: LeafFinding) -> None:
        count = min(difference.count, HELD_IDS - len(self.sealed))
        self.more[DifferenceKind.REMOVED] += difference.count - count
        end = difference.index + count
        try:
            ids, hashes = log.ids(difference.index, end), against.tree().leaves(difference.index, end)
            for leaf, (event_id, digest) in enumerate(zip(ids, hashes, strict=True), difference.index):
                self.sealed[event_id] = leaf, digest
        except (LogDamaged, TileMissing) as error:
            self.others.append(
                make_finding("unproved", f"{difference}, and the log cannot name them: {error}", leaf=difference.index)
            )

    def findings(self) -> Iterator[dict[str, Any]]:
        """One for each kind, with the first events it names, in the order in which they were sealed."""
        both = [event_id for event_id in self.sealed if event_id in self.actual]
        by_kind = {
            DifferenceKind.ALTERED: [
                event_id for event_id in both if self.sealed[event_id][1] != self.actual[event_id]
            ],
            DifferenceKind.REMOVED: [event_id for event_id in self.sealed if event_id not in self.actual],
            DifferenceKind.INSERTED: [event_id for event_id in self.actual if event_id not in self.sealed],
            DifferenceKind.MOVED: [event_id for event_id in both if self.sealed[event_id][1] == self.actual[event_id]],
        }
        for kind, ids in by_kind.items():
            if count := len(ids) + self.more.get(kind, 0):
                leaf = min((self.sealed[event_id][0] for event_id in ids if event_id in self.sealed), default=None)
                yield make_finding(str(kind), f"{kind}", leaf=leaf, count=count, events=ids[:NAMED])
        if self.contradictions:
            what = "raw, which is searched, is not what the sealed event.original says, or event.ingested is later than the seal"
            yield make_finding("searched", what, count=self.contradictions, events=self.contradicting)
        yield from self.others


def make_finding(
    kind: str, what: str, *, leaf: int | None = None, count: int = 0, events: Iterable[str] = ()
) -> dict[str, Any]:
    """As it is kept and as `verify_trail --json` says it: `leaf` is the first one touched, `count` how many events."""
    return {"kind": kind, "what": what, "leaf": leaf, "count": count, "events": list(events)}


def describe_finding(finding: dict[str, Any]) -> str:
    """One finding for a person, with the first events it names."""
    named = finding["events"][:IN_A_SENTENCE]
    if not named:
        return str(finding["what"])
    unnamed = finding["count"] - len(named)
    return f"{finding['what']}: {', '.join(named)}" + (f" and {unnamed:,} more" if unnamed > 0 else "")
