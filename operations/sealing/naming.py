"""Say by their ids what became of events: those that are not where they were sealed, and those that stand there instead."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from operations.sealing.errors import LogDamaged
from operations.sealing.log import Log
from trail import comparing
from trail.arrivals import Stored
from trail.comparing import Chunk, Sealed
from trail.connection import Trail
from trail.integrity.audit import Finding, Kind, Tampered
from trail.integrity.tiles import TileMissing

KEPT = 100_000  # ids on each side that are held and compared; beyond they are counted
NAMED = 1_000  # events that one finding names
IN_A_SENTENCE = 5


@dataclass(slots=True)
class Names:
    """Both sides of all that differs. An id on both was moved or altered; on one alone, removed or inserted."""

    sealed: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    found: dict[str, bytes] = field(default_factory=dict)
    more: dict[Kind, int] = field(default_factory=lambda: {Kind.REMOVED: 0, Kind.INSERTED: 0})
    others: list[dict[str, Any]] = field(default_factory=list)

    def take(self, log: Log, trail: Trail, against: Sealed, region: Chunk, verdict: Tampered) -> None:
        """What a comparison found in one region. Raises TrailUnavailable."""
        places: set[int] = set()
        for one in verdict.findings:
            if one.kind is Kind.UNPROVED:
                self.others.append(finding("unproved", str(one), leaf=one.index, count=one.count))
                continue
            if one.kind is not Kind.INSERTED:
                self._take_sealed(log, against, one)
            if one.kind is not Kind.REMOVED:
                places |= set(range(one.at, one.at + min(one.count, KEPT)))
                self.more[Kind.INSERTED] += max(0, one.count - KEPT)
        for event in comparing.chosen(region, trail, places):
            self.add(event)
        if not verdict.complete and not self.others:
            what = f"leaves {region.start} to {region.end - 1} differ too much to name every event"
            self.others.append(finding("unproved", what, leaf=region.start, count=region.end - region.start))

    def add(self, event: Stored) -> None:
        """An event that stands where another was sealed, or none."""
        if len(self.found) < KEPT:
            self.found[event.event_id] = event.leaf
        else:
            self.more[Kind.INSERTED] += 1

    def _take_sealed(self, log: Log, against: Sealed, one: Finding) -> None:
        some = min(one.count, KEPT - len(self.sealed))
        self.more[Kind.REMOVED] += one.count - some
        end = one.index + some
        try:
            ids, hashes = log.ids(one.index, end), against.tree().leaves(one.index, end)
            for leaf, (event_id, digest) in enumerate(zip(ids, hashes, strict=True), one.index):
                self.sealed[event_id] = leaf, digest
        except (LogDamaged, TileMissing) as error:
            self.others.append(finding("unproved", f"{one}, and the log cannot name them: {error}", leaf=one.index))

    def findings(self) -> Iterator[dict[str, Any]]:
        """One for each fate, with the first events it names, in the order in which they were sealed."""
        both = [event_id for event_id in self.sealed if event_id in self.found]
        fates = {
            Kind.ALTERED: [one for one in both if self.sealed[one][1] != self.found[one]],
            Kind.REMOVED: [one for one in self.sealed if one not in self.found],
            Kind.INSERTED: [one for one in self.found if one not in self.sealed],
            Kind.MOVED: [one for one in both if self.sealed[one][1] == self.found[one]],
        }
        for kind, ids in fates.items():
            if count := len(ids) + self.more.get(kind, 0):
                leaf = min((self.sealed[one][0] for one in ids if one in self.sealed), default=None)
                yield finding(str(kind), f"{kind}", leaf=leaf, count=count, events=ids[:NAMED])
        yield from self.others


def finding(
    kind: str, what: str, *, leaf: int | None = None, count: int = 0, events: Iterable[str] = ()
) -> dict[str, Any]:
    """As it is kept and as `verify_trail --json` says it: `leaf` is the first one touched, `count` how many events."""
    return {"kind": kind, "what": what, "leaf": leaf, "count": count, "events": list(events)}


def sentence(one: dict[str, Any]) -> str:
    """One finding for a person, with the first events it names."""
    named = one["events"][:IN_A_SENTENCE]
    if not named:
        return str(one["what"])
    rest = one["count"] - len(named)
    return f"{one['what']}: {', '.join(named)}" + (f" and {rest:,} more" if rest > 0 else "")
