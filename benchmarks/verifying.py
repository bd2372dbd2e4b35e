"""Verifying: how many events one core compares with the log, and how fast with the engine that has to read them."""

import gc
import time
from dataclasses import dataclass

from auditconsole.garbage import collect_seldom
from benchmarks import bare
from benchmarks.pairs import Aim, Pairs, measured
from benchmarks.stage import Stage
from trail import arrivals, comparing
from trail.comparing import LEAVES, Chunk, Sealed, Span
from trail.integrity import audit, merkle
from trail.integrity.tiles import FileStore, Tree
from trail.search import bodies
from trail.search.spec import WHOLE_TRAIL, Search

LEAST = 50_000  # events a second that one core compares
AIM = Aim(at_least=0.5)  # of a raw scan: the events are read by number, hashed and compared, in one process
AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per second of processor time, in each round."""

    name: str
    rates: list[float]
    least: int

    @property
    def met(self) -> bool:
        return sorted(self.rates)[len(self.rates) // 2] >= self.least


def verifications(stage: Stage, *, rounds: int) -> list[Rate | Pairs]:
    """Comparing documents in memory with the tree, then everything as `verify_trail` does it beside a raw scan."""
    sealed, chunks = _seal(stage)
    body = bodies.hits(Search(sort=("@timestamp", "asc")), WHOLE_TRAIL, size=AT_ONCE)

    def ours() -> int:
        if not all(comparing.compare(stage.trail, sealed, chunk) for chunk in chunks):
            raise AssertionError("The trail is not what was sealed.")
        return sealed.size

    whole = measured(
        "verify with the engine", AIM, ours=ours, rounds=rounds,
        bare=lambda: bare.scan(stage.engine, stage.indices, body, slices=2),
    )  # fmt: skip
    rates = [_alone(stage, sealed) for _ in range(rounds)]
    return [Rate("compare in memory, one core", rates, LEAST), whole]


def _seal(stage: Stage) -> tuple[Sealed, list[Chunk]]:
    """A tree over the whole trail, as the sealer would have made it from one shard after the other."""
    tree, spans = Tree(FileStore(stage.folder / "log")), []
    for shard in arrivals.shards(stage.trail):
        spans.append(Span(tree.size, shard.settled + 1, shard.index, shard.number, 0, shard.settled + 1))
        for window in arrivals.windows(stage.trail, shard.index, shard.number, 0, shard.settled):
            tree.append([event.leaf for event in window.events])
    ends = [*range(LEAVES, tree.size, LEAVES), tree.size]
    chunks = [
        Chunk(start, end, tuple(one for one in spans if one.first_leaf < end and one.first_leaf + one.count > start))
        for start, end in zip([0, *ends], ends, strict=False)
    ]
    return Sealed(stage.folder / "log", tree.size), chunks


def _alone(stage: Stage, sealed: Sealed) -> float:
    """The canonical form, the hash and the comparison of documents that are there already."""
    shard = arrivals.shards(stage.trail)[0]
    found = stage.engine.search(
        index=shard.index,
        body={"query": {"range": {"_seq_no": {"lt": 10_000}}}, "size": 10_000, "seq_no_primary_term": True},
    )["hits"]["hits"]
    found.sort(key=lambda hit: hit["_seq_no"])
    gc.collect()
    collect_seldom()
    began = time.process_time()
    leaves = (merkle.leaf_hash(arrivals.sealed_form(hit["_source"])) for hit in found)
    if not audit.verify_range(leaves, sealed.tree(), 0, len(found)):
        raise AssertionError("The trail is not what was sealed.")
    return len(found) / (time.process_time() - began)
