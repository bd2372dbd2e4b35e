"""What a test knows of its writes, and what the trail says: as Jepsen's set test has it, nothing lost, nothing made up."""

import os
from dataclasses import dataclass, field

from trail.connection import Trail
from trail.events import digest
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search

# How often something is killed; the default takes seconds.
FAULTS = int(os.environ.get("FAULTS", "4"))


@dataclass
class Writes:
    """`acknowledged` holds digests by id, `begun` every id ever tried, `refused` those that were said not to be there."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)

    def hear(self, line: str) -> None:
        word, event_id, *rest = line.split()
        if word == "begun":
            self.begun.add(event_id)
        else:
            self.acknowledged[event_id] = rest[0]

    def check(self, trail: Trail) -> None:
        """Every acknowledged event is there once, byte for byte, and nothing that was refused or never written."""
        trail.client.indices.refresh(index=trail.events)
        found = [(hit.event_id, digest(hit.document)) for hit in execute.stream(trail, Search(), WHOLE_TRAIL)]
        there = dict(found)
        assert len(found) == len(there)
        assert {one: there.get(one) for one in self.acknowledged} == self.acknowledged
        assert there.keys() <= self.begun
        assert not there.keys() & self.refused
