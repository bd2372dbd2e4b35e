"""What a test knows of its writes, and what the trail says: as Jepsen's set test has it, nothing lost, nothing made up."""

import os
from dataclasses import dataclass, field

from tests.support.found_events import scan_all
from trail.canonical_form import compute_digest
from trail.connection import Trail
from trail.search.spec import Search

# How often something is killed; the default takes seconds.
FAULTS = int(os.environ.get("FAULTS", "3"))

# The console puts on record what people do in it.
OTHERS = Search(text="NOT event.dataset:console")


@dataclass
class Writes:
    """Every write, as it was answered: acknowledged (its digest, by its id), refused, or unknown. `begun` is every id tried.

    A write that is tried again until it is acknowledged is in more than one; then the acknowledgement counts.
    """

    acknowledged: dict[str, str] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)

    def hear(self, line: str) -> None:
        word, event_id, *rest = line.split()
        if word == "begun":
            self.begun.add(event_id)
        else:
            self.acknowledged[event_id] = rest[0]

    def add(self, other: "Writes") -> None:
        self.acknowledged |= other.acknowledged
        self.begun |= other.begun
        self.refused |= other.refused
        self.unknown |= other.unknown

    def check(self, trail: Trail, among: Search = OTHERS) -> None:
        """Nothing lost, nothing made up, nothing changed, nothing twice, of what this search finds."""
        trail.client.indices.refresh(index=trail.events)
        found = [(hit.event_id, compute_digest(hit.document)) for hit in scan_all(trail, among)]
        there = dict(found)
        lost = self.acknowledged.keys() - there.keys()
        certainly_not_there = self.refused - self.unknown - self.acknowledged.keys()
        phantom = (there.keys() & certainly_not_there) | (there.keys() - self.begun)
        changed = {one for one in self.acknowledged.keys() & there.keys() if there[one] != self.acknowledged[one]}
        assert not lost, (
            f"{len(lost):,} of {len(self.acknowledged):,} acknowledged are not there, such as {sorted(lost)[:3]}"
        )
        assert not phantom
        assert not changed
        assert len(found) == len(there)
