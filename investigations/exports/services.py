"""Starts exports, writes their files whole, and hands them out. A file that is not whole is never given to anybody."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.errors import Refused
from investigations.access import build_run_scope, build_scope
from investigations.audit import CaseAction, record, record_access, record_in_case
from investigations.case_verification.services import is_verified, verify_for_export
from investigations.evidence import custody
from investigations.evidence import services as evidence_services
from investigations.evidence.custody import Action, Origin
from investigations.exports.failures import record_failure
from investigations.exports.files import build_path
from investigations.exports.formats import bundle, case_bundle
from investigations.exports.formats.bundle import Foreign, NotCosignedYet, NotSealedYet
from investigations.exports.formats.case_bundle import AttachmentLost
from investigations.exports.formats.csv import WHOLE, CsvShape
from investigations.exports.formats.file_formats import FORMATS, choose_writer
from investigations.exports.limits import expect_room, remove_file
from investigations.exports.rows import ExportRow
from investigations.models import EVERY_CASE, NOT_CASE, Case, Export, ForeignCase, RedactionProfile, Run
from investigations.proofs import services as proofs
from investigations.redaction.redactor import Redactor
from investigations.redaction.services import build_case_redactor, build_redactor
from investigations.runs import jobs
from investigations.runs import services as runs
from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.sealing.errors import LogDamaged
from trail.errors import TrailUnavailable, WriteRefused
from trail.files import open_for_owner
from trail.integrity.bundle import Unproved
from trail.integrity.tiles import TileMissing

STEP = 1_000
PROVED = (Export.Format.BUNDLE, Export.Format.CASE_BUNDLE)  # formats that hold proofs by this console's log


@transaction.atomic
def start(
    *,
    format: str,
    by: User,
    case: Case | None = None,
    run: Run | None = None,
    redaction: RedactionProfile | None = None,
    shape: CsvShape = WHOLE,
) -> Export:
    """Queue an export of a case's timeline, or of a finished run's results, redacted by a profile where one is named.

    A CSV is written in its `shape`. Raises Refused.
    """
    _expect_exportable(case, run, format)
    expect_room(by)
    belongs = case or (run.case if run else None)
    export = Export.objects.create(
        case=belongs,
        run=run,
        format=format,
        redaction=redaction,
        columns=list(shape.columns),
        has_bom=shape.has_bom,
        name=_name_file(case, run, format, is_redacted=redaction is not None),
        time_zone=timezone.get_current_timezone_name(),
        address=(origin := custody.read_origin()).address,
        client=origin.client,
        started_by=by,
        started_by_name=by.name or by.username,
        total=case.evidence.not_withdrawn().count() if case else run.done if run else None,
    )
    _record_start(export, belongs, "timeline" if case else "results of a run", by)
    jobs.enqueue(export)
    return export


def _expect_exportable(case: Case | None, run: Run | None, format: str) -> None:
    """Raises Refused for what is not whole yet, and for a format that it cannot have."""
    if (case is None) == (run is None):
        raise ValueError("an export is of a case or of a run")
    if run is not None and run.state != Run.State.FINISHED:
        raise Refused("Only a finished run can be exported: before that its results are not whole.")
    if run is not None and format == Export.Format.CASE_BUNDLE:
        raise Refused("A case bundle is made of a case; export the results of a run with proofs.")
    if case is not None and format in PROVED and ForeignCase.objects.filter(case=case).exists():
        raise Refused("Its evidence is proved by another console's log: hand on the case bundle that it came with.")


def _name_file(case: Case | None, run: Run | None, format: str, *, is_redacted: bool) -> str:
    stem = f"case-{case.public_id}-timeline" if case else f"run-{run.public_id}-results" if run else ""
    if format == Export.Format.CASE_BUNDLE:
        stem = stem.removesuffix("-timeline")
    return f"{stem}{'.redacted' if is_redacted else ''}.{FORMATS[Export.Format(format)].suffix}"


def _record_start(export: Export, belongs: Case | None, what: str, by: User) -> None:
    run = export.run.public_id if export.run else ""
    labels = {"export": export.public_id, "format": export.format, "run": run}
    if export.redaction:
        labels["redaction"] = export.redaction.public_id
    if belongs is None:
        record(CaseAction.EXPORT_START, by=by, resource=("export", export.public_id), labels=labels)
    else:
        record_in_case(
            CaseAction.EXPORT_START,
            f"exported the {what} as {export.get_format_display()}",
            by=by,
            case=belongs,
            labels=labels,
        )


def write_export(pk: int) -> None:
    """What the worker does. An export that was left half way starts over: its file only appears when it is whole."""
    export = jobs.claim(Export, pk, record_failure)
    if export is None:
        return
    with suppress(jobs.LostClaim):
        try:
            _work(export)
        except TrailUnavailable as error:
            incidents.record_trail_outage(error, writer="auditconsole", events=0)
            jobs.put_back(export, str(error), record_failure)
        except (NotSealedYet, NotCosignedYet) as error:
            jobs.put_back(export, str(error), record_failure)
        except Unproved as error:
            incidents.record_failure(IncidentKind.TAMPERED, "proof", str(error))
            hint = "A bundle holds only what can be proved; this is an incident. Export as CSV without proofs."
            jobs.end_on_record(export, f"{error} {hint}", record_failure)
        except (_NotWhole, runs.ResultsLost, AttachmentLost, Foreign, Refused, WriteRefused) as error:
            jobs.end_on_record(export, str(error), record_failure)
        except (LogDamaged, TileMissing) as error:
            jobs.end_on_record(export, f"Nothing can be proved just now: {error}", record_failure)
        except OSError as error:
            sentence = f"The file could not be written: {error.strerror}. See to the disk and export again."
            jobs.end_on_record(export, sentence, record_failure)


def _work(export: Export) -> None:
    final = build_path(export)
    final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in final.parent.glob(f"{export.public_id}.*.part"):  # by a worker that was killed
        left.unlink(missing_ok=True)
    partial = final.with_suffix(f".{export.owner}.part")
    seen_before = _list_seen_cases(export)
    written: dict[str, Any] | None = None
    try:
        evidence = _prepare_evidence(export)
        written = _write(export, partial, evidence)
        if written:
            partial.replace(final)
    except _Cancelled:
        written = None  # the file does not appear
    finally:
        partial.unlink(missing_ok=True)
    if not written:
        return jobs.end_cancelled(export)
    # Whoever joined a case meanwhile may have its records in the file.
    cases = _merge_seen(seen_before, _list_seen_cases(export))
    with transaction.atomic():
        _record_custody(export, evidence)
        jobs.finish(export, **written, cases=cases)
    return None


def _prepare_evidence(export: Export) -> list[int]:
    """Verify the evidence of an export of a case, and say what the file will hold: its keys, in the order of time.

    It is verified once, however often the export starts over. Somebody may pin or withdraw from here on; the file is of
    this time. Raises TrailUnavailable, _Cancelled.
    """
    if export.case is None or export.run is not None:
        return []
    if not is_verified(export):
        verify_for_export(export, lambda: _keep_claim(export, 0))
    keys = evidence_services.list_timeline(export.case)
    jobs.keep_claim(export, total=len(keys))
    return keys


def _record_custody(export: Export, evidence: Sequence[int]) -> None:
    """Enter that each piece of evidence of the file was exported."""
    if export.case is not None and evidence:
        custody.record_details(
            export.case,
            ((key, export.name) for key in evidence),
            Action.EXPORT,
            by=export.started_by,
            origin=Origin(export.address, export.client),
            export=export,
        )


def _list_seen_cases(export: Export) -> list[str]:
    """The cases whose records its starter may find now, which the file of an export outside a case may hold."""
    if export.case is not None:
        return []
    scope = build_scope(export.started_by)
    if scope.everything:
        return [EVERY_CASE, *(f"{NOT_CASE}{case}" for case in scope.hidden_cases)]
    return list(scope.cases)


def _merge_seen(*lists: list[str]) -> list[str]:
    """The cases that one of the lists holds or more; hidden is what every one of them hides."""
    marks = {mark for seen in lists for mark in seen}
    return sorted(
        mark for mark in marks if not mark.startswith(NOT_CASE) or not any(_holds(seen, mark[1:]) for seen in lists)
    )


def _holds(seen: list[str], case: str) -> bool:
    return case in seen or (EVERY_CASE in seen and f"{NOT_CASE}{case}" not in seen)


def _write(export: Export, path: Path, evidence: list[int]) -> dict[str, Any]:
    """Write the file, on the disk when this returns; what is known of it then. Raises _Cancelled, _NotWhole, OSError."""
    digest, size, entries = hashlib.sha256(), 0, 0
    with open(path, "xb", opener=open_for_owner) as file:
        for line, is_entry in _lines(export, evidence):
            file.write(line)
            digest.update(line)
            size += len(line)
            entries += is_entry
            if entries % STEP == 0:
                _keep_claim(export, entries)
        file.flush()
        os.fsync(file.fileno())
        if (on_disk := os.fstat(file.fileno()).st_size) != size:
            raise _NotWhole(f"{on_disk:,} of {size:,} bytes are on the disk; see to the disk and export again.")
    _expect_entries(export, entries)
    return {"done": entries, "size": size, "sha256": digest.hexdigest(), "uncosigned": export.uncosigned}


def _expect_entries(export: Export, entries: int) -> None:
    """Raise _NotWhole where a file does not hold all that it should; else the export expects as many as it holds.

    Meanwhile somebody may have left a case whose record they no longer find.
    """
    if export.run is not None:
        expected = export.run.done - runs.count_hidden(export.run) if entries != export.run.done else entries
    else:
        expected = entries if export.total is None else export.total
    if entries != expected:
        raise _NotWhole(f"The file holds {entries:,} of the {expected:,} entries that it should; export again.")
    jobs.keep_claim(export, done=entries, total=expected)


class _NotWhole(Exception):
    """The file holds less than there was when it was begun."""


class _Cancelled(Exception):
    """Somebody asked for the export to stop."""


def _keep_claim(export: Export, entries: int) -> None:
    """Say how far it is, and keep the claim. Raises LostClaim, and _Cancelled where it shall stop."""
    if jobs.is_cancel_requested(export):
        raise _Cancelled
    jobs.keep_claim(export, done=entries)


def _lines(export: Export, evidence: list[int]) -> Iterator[tuple[bytes, bool]]:
    """The file's lines, each with whether it is an event or a statement of the export."""
    write = choose_writer(export)
    if write is None:
        is_case = export.format == Export.Format.CASE_BUNDLE
        write_parts = case_bundle.lines if is_case else bundle.lines
        return write_parts(export, lambda: _keep_claim(export, 0), evidence, build_export_redactor(export, evidence))
    rows = stream_rows(export, evidence)
    if redactor := build_export_redactor(export, evidence):
        profile = export.redaction.name if export.redaction else ""
        return write(row.redact(redactor, profile) for row in rows)
    return write(rows)


def build_export_redactor(export: Export, evidence: list[int] | None = None) -> Redactor | None:
    """What redacts an export, once it has read all that the file will hold; none where nothing is to be redacted.

    Raises Refused, TrailUnavailable.
    """
    if export.redaction is None:
        return None
    if export.run is None and export.case is not None:
        return build_case_redactor(export.redaction, export.case)
    run_id = export.run.public_id if export.run else ""
    events = (row.document for row in stream_rows(export, evidence))
    return build_redactor(export.redaction, case=export.case, run_id=run_id, events=events)


def stream_rows(export: Export, evidence: list[int] | None = None) -> Iterator[ExportRow]:
    """What the file holds, in order, as a stream; of a case the `evidence` with these keys.

    No query stays open between two rows: SQLite lets nobody write, us least of all, who reads from before another's write.
    """
    if export.run is None:
        if export.case is None:
            raise ValueError("an export is of a case or of a run")
        yield from map(ExportRow.of_evidence, evidence_services.stream_timeline(export.case, evidence))
        return
    leaves = proofs.read_leaves()
    for hits in runs.read_in_turn(runs.read_chunks(export.run), build_run_scope(export.run)):
        leaf_of = leaves.of({hit.event_id: (hit.index, hit.number or 0) for hit in hits}) if leaves else {}
        yield from (ExportRow.of_hit(hit, leaf_of.get(hit.event_id)) for hit in hits)


def cancel(*, export: Export, by: User) -> None:
    """Stop an export; its file does not appear. Raises Refused when it is over."""
    with transaction.atomic():
        if not jobs.request_cancel(export, by=by):
            raise Refused("This export is over already.")
        record(
            CaseAction.EXPORT_CANCEL,
            by=by,
            case=export.case,
            resource=("export", export.public_id),
            labels={"export": export.public_id},
        )


def _sees_all_of(export: Export, user: User) -> bool:
    """Whether the person may find now whatever the file of an export outside a case may hold."""
    scope = build_scope(user)
    if not scope.everything:
        return export.cases is not None and set(export.cases) <= set(scope.cases)
    # A file of an older version does not say which cases, so that it may hold any.
    seen_cases = export.cases if export.cases is not None else [EVERY_CASE]
    # What was opened after the file was written is not in it.
    hidden = Case.objects.hidden_from(user).filter(opened_at__lte=export.ended_at).values_list("public_id", flat=True)
    return not any(_holds(seen_cases, case) for case in hidden)


def remove(*, export: Export, by: User) -> None:
    """Delete the file of a finished export; the row stays. Raises Refused where there is none."""
    if export.state != Export.State.FINISHED or export.removed_at is not None:
        raise Refused("This export has no file.")
    with transaction.atomic():
        record(
            CaseAction.EXPORT_REMOVE,
            by=by,
            case=export.case,
            resource=("export", export.public_id),
            labels={"export": export.public_id, "sha256": export.sha256},
        )
        remove_file(export, timezone.now())


def find_file(export: Export, *, by: User) -> Path:
    """The whole file of an export, which `by` may take.

    Raises Refused when it is not there, and for who has left a case since whose records it may hold.
    """
    path = build_path(export)
    if export.removed_at is not None:
        raise Refused(f"The file was deleted on {export.removed_at:%Y-%m-%d}; export again.")
    if export.state != Export.State.FINISHED or not path.exists():
        raise Refused("This export has no file; export again.")
    if path.stat().st_size != export.size:
        raise Refused("The file of this export is not what was written; export again, and tell an admin.")
    if export.case is None and not _sees_all_of(export, by):
        raise Refused("The file may hold records of a case that you may not see any more; export again.")
    return path


@transaction.atomic
def hand_out(export: Export, *, by: User) -> Path:
    """The file for a download, which is put on record first, in custody too, or nothing is handed out.

    Raises what `find_file` raises.
    """
    path = find_file(export, by=by)
    custody.record_download(export, by=by)
    record_access(
        CaseAction.EXPORT_DOWNLOAD,
        by=by,
        case=export.case,
        resource=("export", export.public_id),
        labels={"export": export.public_id, "sha256": export.sha256},
    )
    return path
