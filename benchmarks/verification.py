"""Measures how many events one core compares with the sealed log, and how fast with the engine that reads them."""

import gc
import time

from auditconsole.garbage import collect_seldom
from benchmarks import bare
from benchmarks.figures import Aim, Figures, Rate
from benchmarks.pairs import measure_pairs
from benchmarks.stage import Stage
from trail import arrivals, verification
from trail.integrity import leaf_comparison, merkle
from trail.integrity.tiles import FileStore, Tree
from trail.search.bodies.page import build_hits
from trail.search.spec import WHOLE_TRAIL, Search
from trail.verification import LEAVES, Chunk, LeafRange, SealedLog

LEAST = 50_000  # events a second that one core compares
AIM = Aim(at_least=0.5)  # of a raw scan: the events are read by number, hashed and compared, in one process
AT_ONCE = 2_000


def measure_verification(stage: Stage, *, rounds: int) -> Figures:
    """Comparing documents in memory with the tree, then everything as `verify_trail` does it beside a raw scan."""
    sealed, chunks = _seal(stage)
    body = build_hits(Search(sort=("@timestamp", "asc")), WHOLE_TRAIL, size=AT_ONCE)

    def ours() -> int:
        if not all(verification.compare_chunk(stage.trail, sealed, chunk) for chunk in chunks):
            raise AssertionError("The trail is not what was sealed.")
        return sealed.size

    yield Rate("compare in memory, one core", [_compare_in_memory(stage, sealed) for _ in range(rounds)], LEAST)
    yield measure_pairs(
        "verify with the engine",
        AIM,
        ours=ours,
        bare=lambda: bare.scan(stage.engine, stage.indices, body, slices=2),
        rounds=rounds,
    )


def _seal(stage: Stage) -> tuple[SealedLog, list[Chunk]]:
    """A tree over the whole trail, as the sealer would have made it from one shard after the other."""
    tree, spans = Tree(FileStore(stage.folder / "log")), []
    for shard in arrivals.list_shards(stage.trail):
        spans.append(LeafRange(tree.size, shard.settled + 1, shard.index, shard.number, 0, shard.settled + 1))
        for window in arrivals.read_windows(stage.trail, shard.index, shard.number, 0, shard.settled):
            tree.append([event.leaf for event in window.events])
    ends = [*range(LEAVES, tree.size, LEAVES), tree.size]
    chunks = [
        Chunk(
            start, end, tuple(span for span in spans if span.first_leaf < end and span.first_leaf + span.count > start)
        )
        for start, end in zip([0, *ends], ends, strict=False)
    ]
    return SealedLog(stage.folder / "log", tree.size), chunks


def _compare_in_memory(stage: Stage, sealed: SealedLog) -> float:
    """The canonical form, the hash and the comparison of documents that are there already."""
    shard = arrivals.list_shards(stage.trail)[0]
    hits = stage.engine.search(
        index=shard.index,
        body={"query": {"range": {"_seq_no": {"lt": 10_000}}}, "size": 10_000, "seq_no_primary_term": True},
    )["hits"]["hits"]
    hits.sort(key=lambda hit: hit["_seq_no"])
    gc.collect()
    collect_seldom()
    began = time.process_time()
    leaves = (merkle.leaf_hash(arrivals.build_sealed_form(hit["_source"])) for hit in hits)
    if not leaf_comparison.verify_range(leaves, sealed.tree(), 0, len(hits)):
        raise AssertionError("The trail is not what was sealed.")
    return len(hits) / (time.process_time() - began)
