"""Exports: start one, write its file whole, hand it out. A file that is not whole is never given to anybody."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import User
from investigations import tasks
from investigations.access import scope_of_run
from investigations.errors import Refused
from investigations.exports import csv, jsonl
from investigations.exports.rows import Row
from investigations.journal import Action, record, record_in_case
from investigations.models import Case, Export, Run
from investigations.services import bundles, jobs, proofs, runs
from operations.sealing.errors import LogDamaged
from operations.services import incidents
from operations.services.incidents import Kind
from trail.errors import TrailUnavailable
from trail.integrity.bundle import Unproved
from trail.integrity.tiles import TileMissing

WRITERS = {Export.Format.CSV: csv.lines, Export.Format.JSONL: jsonl.lines}
# How the lines of a file begin that are one event or statement each; a CSV has a header besides, a bundle its own lines.
ENTRY = {Export.Format.CSV: b"", Export.Format.JSONL: b"{", Export.Format.BUNDLE: b'{"index":'}
HEADERS = {Export.Format.CSV: 1}
SUFFIXES = {Export.Format.BUNDLE: "bundle.jsonl"}
STEP = 1_000


@transaction.atomic
def start(*, format: str, by: User, case: Case | None = None, run: Run | None = None) -> Export:
    """Queue an export of a case's timeline, or of a finished run's results."""
    if (case is None) == (run is None):
        raise ValueError("an export is of a case or of a run")
    if run is not None and run.state != Run.State.FINISHED:
        raise Refused("Only a finished run can be exported: before that its results are not whole.")
    belongs = case or (run.case if run else None)
    stem = f"case-{case.public_id}-timeline" if case else f"run-{run.public_id}-results" if run else ""
    export = Export.objects.create(
        case=belongs, run=run, format=format, name=f"{stem}.{SUFFIXES.get(Export.Format(format), format)}", started_by=by,
        started_by_name=by.name or by.username,
        total=case.evidence.standing().count() if case else run.done if run else None,
    )  # fmt: skip
    labels = {"export": export.public_id, "format": format, "run": run.public_id if run else ""}
    if belongs is None:
        record(Action.EXPORT_START, by=by, resource=("export", export.public_id), labels=labels)
    else:
        what = "timeline" if case else "results of a run"
        record_in_case(Action.EXPORT_START, f"exported the {what} as {export.get_format_display()}", by=by,
                       case=belongs, labels=labels)  # fmt: skip
    jobs.enqueue(tasks.write_export, export)
    return export


def path_of(export: Export) -> Path:
    """Where a finished export's file is."""
    return Path(settings.STATE_DIR) / "exports" / f"{export.public_id}.{export.format}"


def write_export(pk: int) -> None:
    """What the worker does. An export that was left half way starts over: its file only appears when it is whole."""
    export = jobs.claim(Export, pk)
    if export is None:
        return
    with suppress(jobs.LostClaim):
        try:
            _work(export)
        except TrailUnavailable as error:
            incidents.trail_failed(error, writer="auditconsole", events=0)
            jobs.put_back(export, str(error))
        except bundles.NotSealedYet as error:
            jobs.put_back(export, str(error))
        except Unproved as error:
            incidents.failed(Kind.TAMPERED, "proof", str(error))
            jobs.fail(
                export,
                f"{error} A bundle holds only what can be proved; this is an incident. Export as CSV without proofs.",
            )
        except (LogDamaged, TileMissing) as error:
            jobs.fail(export, f"Nothing can be proved just now: {error}")
        except OSError as error:
            jobs.fail(export, f"The file could not be written: {error.strerror}. See to the disk and export again.")


def _work(export: Export) -> None:
    final = path_of(export)
    final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in final.parent.glob(f"{export.public_id}.*.part"):  # by a worker that was killed
        left.unlink(missing_ok=True)
    partial = final.with_suffix(f".{export.owner}.part")
    try:
        written = _write(export, partial)
        if written:
            partial.replace(final)
    finally:
        partial.unlink(missing_ok=True)
    return jobs.finish(export, **written) if written else jobs.end_cancelled(export)


def _write(export: Export, path: Path) -> dict[str, Any] | None:
    """Write the file, on the disk when this returns; what is known of it then, or None when it was cancelled."""
    format = Export.Format(export.format)
    digest, size, done = hashlib.sha256(), 0, -HEADERS.get(format, 0)
    with open(path, "xb", opener=_for_us_alone) as file:
        try:
            for line in _lines(export):
                file.write(line)
                digest.update(line)
                size += len(line)
                done += line.startswith(ENTRY[format])
                if done % STEP == 0:
                    _go_on(export, done)
        except _Cancelled:
            return None
        file.flush()
        os.fsync(file.fileno())
    return {"done": done, "total": done, "size": size, "sha256": digest.hexdigest()}


class _Cancelled(Exception):
    """Somebody asked for the export to stop."""


def _go_on(export: Export, done: int) -> None:
    """Say how far it is, and keep the claim. Raises LostClaim, and _Cancelled where it shall stop."""
    if jobs.cancel_requested(export):
        raise _Cancelled
    jobs.progress(export, done=done)


def _lines(export: Export) -> Iterator[bytes]:
    format = Export.Format(export.format)
    if format is Export.Format.BUNDLE:
        return bundles.lines(export, lambda: _go_on(export, 0))
    return WRITERS[format](_rows(export))


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _rows(export: Export) -> Iterator[Row]:
    """What the file holds, in order, as a stream.

    No query stays open between two rows: SQLite lets nobody write, us least of all, who reads from before another's write.
    """
    if export.run is None:
        yield from map(Row.of_evidence, bundles.evidence_of(export))
        return
    leaves = proofs.leaves()
    for hits in runs.in_turn(runs.chunks(export.run), scope_of_run(export.run)):
        known = leaves.of({hit.event_id: (hit.index, hit.number or 0) for hit in hits}) if leaves else {}
        yield from (Row.of_hit(hit, known.get(hit.event_id)) for hit in hits)


def cancel(*, export: Export, by: User) -> None:
    """Stop an export; its file does not appear. Raises Refused when it is over."""
    with transaction.atomic():
        if not jobs.request_cancel(export, by=by):
            raise Refused("This export is over already.")
        record(Action.EXPORT_CANCEL, by=by, case=export.case, resource=("export", export.public_id),
               labels={"export": export.public_id})  # fmt: skip


def hand_out(export: Export, *, by: User) -> Path:
    """The file for a download, which is put on record first. Raises Refused when it is not there."""
    path = path_of(export)
    if export.state != Export.State.FINISHED or not path.exists():
        raise Refused("This export has no file; export again.")
    record(Action.EXPORT_DOWNLOAD, by=by, case=export.case, resource=("export", export.public_id),
           labels={"export": export.public_id, "sha256": export.sha256})  # fmt: skip
    return path


def resume_abandoned() -> int:
    """Queue again what a dead worker left behind; how many there were."""
    abandoned = jobs.due(Export)
    for pk in abandoned:
        tasks.write_export.delay(pk)
    return len(abandoned)
