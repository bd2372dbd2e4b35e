"""What proofs cost: a run exported as a bundle beside the same results as JSON Lines, both as the worker writes them."""

from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from accounts.models import User
from accounts.roles import Role
from benchmarks.pairs import Aim, Pairs, measured
from benchmarks.stage import Stage
from investigations.models import Export, Run, RunChunk
from investigations.services import bundles, exports
from operations.sealing.log import Log
from operations.sealing.sealer import Sealer
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search

AIM = Aim(at_least=0.4)
BATCH = 2_000


def exported(stage: Stage, *, rounds: int) -> list[Pairs]:
    """Throughput of the bundle ÷ that of the JSON Lines, of every event of the trail."""
    call_command("migrate", verbosity=0)
    sealer = Sealer(Log())
    while sealer.step():
        pass
    export = _of_everything(stage)
    file = stage.folder / "export"
    (Path(settings.STATE_DIR) / "exports").mkdir(exist_ok=True)

    def proved() -> int:
        return _write(bundles.lines(export, lambda: None), file) - 4  # its own lines

    def plain() -> int:
        return _write(exports.WRITERS[export.Format.JSONL](exports._rows(export)), file)

    return [measured("export as bundle ÷ as jsonl", AIM, ours=proved, bare=plain, rounds=rounds)]


def _of_everything(stage: Stage) -> Export:
    """An export of a run that found all events."""
    lead = User.objects.create(username="bench", role=Role.LEAD)
    run = Run.objects.create(title="Everything", search={}, started_by=lead, started_by_name="bench")
    scanned = execute.scan(stage.trail, Search(sort=("@timestamp", "asc")), WHOLE_TRAIL, batch=BATCH)
    for number, batch in enumerate(scanned):
        pairs = [(hit.index, hit.event_id) for hit in batch.hits]
        RunChunk.objects.create(run=run, number=number, start=run.done, size=len(pairs), packed=RunChunk.pack(pairs))
        run.done, run.chunks = run.done + len(pairs), number + 1
    run.save()
    return Export.objects.create(run=run, format="bundle", name="bench", started_by=lead, started_by_name="bench")


def _write(lines: Iterable[bytes], path: Path) -> int:
    count = 0
    with path.open("wb") as file:
        for count, line in enumerate(lines, 1):  # noqa: B007
            file.write(line)
    return count
