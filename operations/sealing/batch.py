"""Holds events that are being sealed, in the form in which they are written down first, so that a crash changes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from trail.arrivals import Shard, StoredEvent, Window
from trail.integrity import merkle


@dataclass(slots=True)
class NumberRange:
    """Consecutive numbers of one shard, in the order of their leaves."""

    index: str
    uuid: str
    shard: int
    first_seq: int
    count: int = 0


@dataclass(slots=True)
class LeafBatch:
    """Events to be sealed, from leaf `first` on. `cursors` says how far each shard is read with them."""

    first: int
    ids: list[str] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    runs: list[NumberRange] = field(default_factory=list)
    cursors: dict[tuple[str, str, int], int] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """The leaf after the last."""
        return self.first + len(self.ids)

    def add(self, shard: Shard, window: Window) -> None:
        """The events of a window, and that the shard is read as far as it goes."""
        for event in window.events:
            self.add_number(shard.index, shard.uuid, shard.number, event.seq)
            self._take(event)
        self.cursors[shard.index, shard.uuid, shard.number] = window.last

    def add_number(self, index: str, uuid: str, shard: int, seq: int) -> None:
        """The engine's number of the next leaf's event."""
        last = self.runs[-1] if self.runs else None
        if last is None or (last.index, last.uuid, last.shard, last.first_seq + last.count) != (
            index,
            uuid,
            shard,
            seq,
        ):
            last = NumberRange(index, uuid, shard, seq)
            self.runs.append(last)
        last.count += 1

    def _take(self, event: StoredEvent) -> None:
        self.ids.append(event.event_id)
        self.leaves.append(event.leaf)

    def encode(self) -> bytes:
        """As JSON, which `decode` reads."""
        return orjson.dumps(
            {
                "first": self.first,
                "ids": self.ids,
                "leaves": b"".join(self.leaves).hex(),
                "runs": [[run.index, run.uuid, run.shard, run.first_seq, run.count] for run in self.runs],
                "cursors": [[*shard, seq] for shard, seq in self.cursors.items()],
            }
        )

    @classmethod
    def decode(cls, content: bytes) -> "LeafBatch":
        """Raises ValueError for what `encode` did not write."""
        read: dict[str, Any] = orjson.loads(content)
        return cls(
            read["first"],
            read["ids"],
            list(_split_hashes(bytes.fromhex(read["leaves"]))),
            [NumberRange(*run) for run in read["runs"]],
            {(index, uuid, shard): seq for index, uuid, shard, seq in read["cursors"]},
        )


def _split_hashes(joined: bytes) -> Iterable[bytes]:
    return (joined[at : at + merkle.SIZE] for at in range(0, len(joined), merkle.SIZE))
