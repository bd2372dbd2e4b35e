"""Measures building the index of first seen beside reading the same events."""

import time

from benchmarks import bare
from benchmarks.figures import Aim, Figures, Pairs
from benchmarks.stage import Stage
from trail.first_seen import keeper
from trail.search.bodies.page import build_hits
from trail.search.first_seen_index import name_index
from trail.search.spec import WHOLE_TRAIL, Search

AIM = Aim(at_least=0.10)
BATCH, SLICES = 5_000, 2


def measure_rebuild(stage: Stage) -> Figures:
    """The rebuild of the index from the whole trail ÷ a raw scan; once, for it takes long."""
    body = build_hits(Search(sort=("@timestamp", "asc")), WHOLE_TRAIL, size=BATCH)
    began = time.perf_counter()
    scanned = bare.scan(stage.engine, stage.indices, body, slices=SLICES)
    half = time.perf_counter()
    read = sum(keeper.rebuild_index(stage.trail))
    seconds = (time.perf_counter() - half, half - began)
    if read != scanned:
        raise AssertionError(f"Of {scanned:,} events {read:,} were read for the index of first seen.")
    stage.trail.client.indices.refresh(index=name_index(stage.trail.prefix))
    yield Pairs("rebuild of first seen", AIM, [seconds])
