"""Measures a run exported as a bundle beside the same results as JSON Lines, both as the worker writes them."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from accounts.models import User
from accounts.roles import Role
from benchmarks.figures import Aim, Figures
from benchmarks.pairs import measure_pairs
from benchmarks.stage import Stage
from investigations.exports import services as exports
from investigations.exports.formats import bundle, jsonl
from investigations.models import Export, Run, RunChunk
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search

AIM = Aim(at_least=0.4)
BATCH = 2_000
MOST = 10_000  # events of a bundle: the ratio is the same for more, and sealing them takes long


def measure_bundles(stage: Stage, *, rounds: int) -> Figures:
    """Throughput of the bundle ÷ that of the JSON Lines, of every event of the trail."""
    call_command("migrate", verbosity=0)
    sealer = Sealer(LogDirectory())
    while sealer.step():
        pass
    export = _of_a_run(stage)
    file = stage.folder / "export"
    (Path(settings.STATE_DIR) / "exports").mkdir(exist_ok=True)

    def proved() -> int:
        return _write(bundle.lines(export, lambda: None, []), file)

    def plain() -> int:
        return _write(jsonl.lines(exports.stream_rows(export)), file)

    yield measure_pairs("export as bundle ÷ as jsonl", AIM, ours=proved, bare=plain, rounds=rounds)


def _of_a_run(stage: Stage) -> Export:
    """An export of a run that found the first events of the trail, all of a small one."""
    lead = User.objects.create(username="bench", role=Role.LEAD)
    run = Run.objects.create(title="Everything", search={}, started_by=lead, started_by_name="bench")
    scanned = execute.scan(stage.trail, Search(sort=("@timestamp", "asc")), WHOLE_TRAIL, batch=BATCH)
    for number, batch in enumerate(islice(scanned, MOST // BATCH)):
        pairs = [(hit.index, hit.event_id) for hit in batch.hits]
        RunChunk.objects.create(run=run, number=number, start=run.done, size=len(pairs), packed=RunChunk.pack(pairs))
        run.done, run.chunks = run.done + len(pairs), number + 1
    run.save()
    return Export.objects.create(run=run, format="bundle", name="bench", started_by=lead, started_by_name="bench")


def _write(lines: Iterable[tuple[bytes, bool]], path: Path) -> int:
    entries = 0
    with path.open("wb") as file:
        for line, is_entry in lines:
            file.write(line)
            entries += is_entry
    return entries
