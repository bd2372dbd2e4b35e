"""Finding firsts beside reading the same events: the whole trail anew, as it is once where a trail is older than they are."""

import time

from benchmarks import bare
from benchmarks.pairs import Aim, Pairs
from benchmarks.stage import Stage
from trail import novelty
from trail.search import bodies
from trail.search.firsts import index_of
from trail.search.spec import WHOLE_TRAIL, Search

AIM = Aim(at_least=0.10)
BATCH, SLICES = 5_000, 2


def firsts(stage: Stage) -> list[Pairs]:
    """Read by number, pairs asked and kept, those that are firsts copied ÷ a raw scan; once, for it takes long."""
    body = bodies.hits(Search(sort=("@timestamp", "asc")), WHOLE_TRAIL, size=BATCH)
    began = time.perf_counter()
    scanned = bare.scan(stage.engine, stage.indices, body, slices=SLICES)
    half = time.perf_counter()
    found = sum(novelty.rebuild(stage.trail))
    seconds = (time.perf_counter() - half, half - began)
    if found != scanned:
        raise AssertionError(f"Of {scanned:,} events {found:,} were read for firsts.")
    stage.trail.client.indices.refresh(index=index_of(stage.trail.prefix))
    return [Pairs("finding firsts", AIM, [seconds])]
