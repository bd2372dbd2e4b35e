"""Verifies uploads and imports their cases in the background, step by step; what does not finish is undone."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

import verify_bundle
from accounts.models import User
from accounts.roles import may_import_cases
from core.errors import Refused
from core.records import fit_text, new_public_id
from investigations.attachments.files import build_path as build_attachment_path
from investigations.attachments.files import store_file
from investigations.audit import CaseAction, record, record_in_case
from investigations.case_import import contents
from investigations.case_import.bundle_file import (
    VerifiedBundle,
    build_path,
    copy_attachments,
    read_queries,
    read_verified,
    verify_file,
)
from investigations.case_import.errors import BadCaseBundle
from investigations.case_import.foreign_content import ForeignContent, read_content, read_foreign_runs
from investigations.case_import.services import expect_accepted_key, expect_new
from investigations.case_import.undo import undo_import, undo_in_steps
from investigations.cases.numbers import allot_number
from investigations.evidence import custody
from investigations.evidence.custody import Action, Origin
from investigations.models import Case, CaseImport, CaseUpload, ForeignCase, Membership
from investigations.runs import jobs
from operations.incidents import services as incidents
from trail.errors import TrailUnavailable, WriteRefused
from trail.events import make_id

PIECES = 2_000  # acts of custody that are entered in one transaction
SECONDS = 2.0  # between two words to the row while a file is read
Step = CaseImport.Step


class _ImportStopped(Exception):
    """Somebody asked for it to stop."""


def carry_out(pk: int) -> None:
    """What the worker does: claim the job, verify or import, end it. Safe to call twice, by anyone."""
    job = jobs.claim(CaseImport, pk, _record_failure)
    if job is not None:
        _work_or_end(job)
    for upload in CaseUpload.objects.filter(imports=pk).exclude(
        dropped_at=None
    ):  # what was refused, once that is certain
        build_path(upload.public_id).unlink(missing_ok=True)


def _work_or_end(job: CaseImport) -> None:
    with suppress(jobs.LostClaim):
        try:
            _keep_on(job)
            _verify(job) if job.step == Step.VERIFY else _import(job)
        except (TrailUnavailable, WriteRefused) as error:
            if isinstance(error, TrailUnavailable):
                incidents.record_trail_outage(error, writer="auditconsole", events=0)
            jobs.put_back(job, str(error), _record_failure)
        except Refused as refused:
            _end_refused(job, refused.sentence)
        except OSError as error:
            sentence = f"The bundle could not be read, or a file of it not written: {error.strerror}. Tell an admin."
            _end_refused(job, sentence)
        except _ImportStopped:
            _undo_in_steps(job)
            with transaction.atomic():
                _undo(job)
                jobs.end_cancelled(job)


def _end_refused(job: CaseImport, sentence: str) -> None:
    """Undo it and end it. Raises LostClaim."""
    # A worker that takes it up after this one died ends it too, with this sentence.
    jobs.keep_claim(job, attempts=jobs.MAX_ATTEMPTS, problem=sentence[:500])
    _undo_in_steps(job)
    jobs.end_on_record(job, sentence, _record_failure)


def _undo_in_steps(job: CaseImport) -> None:
    """Take away most of what was written, so that the transaction of the end is a short one."""
    if job.case is not None:
        undo_in_steps(job.case, lambda: jobs.keep_claim(job))


def _expect_right(job: CaseImport) -> None:
    """Raises Refused where who asked for it may not import cases any more."""
    by = User.objects.get(pk=job.started_by_id)
    if not by.is_active or not may_import_cases(by):
        raise Refused(f"{job.started_by_name} may not import cases any more.")


def _record_failure(job: CaseImport, sentence: str) -> None:
    """Undo what was written, drop what is no bundle, and put on record why."""
    _undo(job)
    upload, is_import = job.upload, job.step == Step.IMPORT
    if not is_import:
        CaseUpload.objects.filter(pk=upload.pk, dropped_at=None).update(dropped_at=timezone.now())
    action = CaseAction.CASE_IMPORT_FAIL if is_import else CaseAction.CASE_BUNDLE_REFUSE
    labels = {"file": fit_text(upload.name, 200), "manifest": upload.manifest, "failed": fit_text(sentence, 200)}
    record(action, by=job.started_by, resource=("case_bundle", upload.public_id), labels=labels)


def _undo(job: CaseImport) -> None:
    """Within the caller's transaction, which holds the job first: however long this takes, no other worker claims it."""
    jobs.keep_claim(job)
    if job.case is not None:
        case, job.case = job.case, None
        undo_import(case)


def _build_watch(job: CaseImport, *, is_counted: bool = True) -> Callable[[int], object]:
    """What keeps the claim while a file is read, every SECONDS, and stops where it may not go on.

    Where the work is counted in bytes of the file, the row says how far it is.
    """
    last = time.monotonic()

    def watch(done: int) -> None:
        nonlocal last
        if time.monotonic() - last > SECONDS:
            last = time.monotonic()
            _keep_on(job)
            jobs.keep_claim(job, **({"done": min(done, max((job.total or 1) - 1, 0))} if is_counted else {}))

    return watch


def _keep_on(job: CaseImport) -> None:
    """Raises Refused where who asked for it may not import any more, _ImportStopped where somebody asked for it to stop."""
    _expect_right(job)
    if jobs.is_cancel_requested(job):
        raise _ImportStopped


def _verify(job: CaseImport) -> None:
    """Find that a bundle is sound in itself, and that everything in it can be written."""
    upload, path = job.upload, build_path(job.upload.public_id)
    watch = _build_watch(job)
    bundle = verify_file(path, watch)
    content = read_content(bundle, lambda: watch(job.total or 0))
    read_foreign_runs(read_queries(path))
    lines, checkpoint = contents.check_steps(path, content, lambda _: watch(job.total or 0))
    about = _read_about(bundle)
    described = upload.described | {key: str(about[key]) for key in ("number", "title", "exported_by")}
    described |= {
        "exported_at": f"{about['exported_at']:%Y-%m-%d %H:%M:%S} UTC",
        "origin": bundle.origin,
        "size": bundle.size,
        "events": len(content.evidence),
        "files": bundle.files,
        "lines": lines,
        "checkpoint": checkpoint,
        "log_keys": list(bundle.log_keys),
    }
    with transaction.atomic():
        expect_new(bundle.manifest, job.started_by)
        CaseUpload.objects.filter(pk=upload.pk).update(
            manifest=bundle.manifest, vkey=bundle.signer, described=described
        )
        jobs.finish(job, done=job.total)


def _read_about(bundle: VerifiedBundle) -> dict[str, Any]:
    about = bundle.about
    case = about.object_or_none("case")
    if case is None:
        raise about.refuse("case", "an object")
    return {
        "number": case.text("number", 16, least=1),
        "id": case.text("id", 16, least=1),
        "title": case.text("title", 200),
        "exported_by": about.text("exported_by", 200),
        "exported_at": about.time("exported_at"),
    }


def _import(job: CaseImport) -> None:
    """Make the case of a bundle, from where another worker was stopped."""
    upload, path = job.upload, build_path(job.upload.public_id)
    watch = _build_watch(job, is_counted=False)
    bundle = read_verified(path, upload.described, upload.manifest, upload.vkey)
    jobs.keep_claim(job)
    content = read_content(bundle, lambda: watch(0))
    name = contents.name_people(bundle.origin)
    if job.case is None:
        _begin(job, bundle, content, path)
    assert job.case is not None
    lines: int = upload.described["lines"]
    if job.done < lines:
        for step in contents.read_steps(path, job.done):
            _keep_on(job)
            with transaction.atomic():
                _hold(job, job.case)
                contents.write_step(job.case, content, step, name)
                jobs.report_progress(job, done=job.done + step.number)
    while job.done < (job.total or 0):
        _keep_on(job)
        _write_custody(job, job.case, job.done - lines)
    _finish(job, job.case, content, path)


def _hold(job: CaseImport, case: Case) -> None:
    """Hold the job's row and then the case's; a closed one takes what arrives too. Raises LostClaim."""
    jobs.keep_claim(job)
    Case.objects.select_for_update().get(pk=case.pk)


@transaction.atomic
def _begin(job: CaseImport, bundle: VerifiedBundle, content: ForeignContent, path: Path) -> None:
    """The case with its words, which nobody sees: it is restricted, and nobody is in it. Raises Refused."""
    jobs.keep_claim(job)
    upload, by = CaseUpload.objects.select_for_update().get(pk=job.upload_id), job.started_by
    expect_new(bundle.manifest, by)
    key = expect_accepted_key(upload.vkey)
    own = ("title", "description", "status", "severity", "disposition", "closing_reason", "closed_at")
    case = Case.objects.create(
        number=f"in-{job.public_id}",
        is_restricted=True,
        opened_by=by,
        opened_by_name=by.name or by.username,
        **{each: content.words[each] for each in own},
    )
    contents.write_words(case, content, contents.name_people(bundle.origin))
    about = _read_about(bundle)
    words = {name: content.words[name] for name in ("assignee", "opened_by")}
    ForeignCase.objects.create(
        case=case,
        upload=upload,
        key=key,
        manifest=bundle.manifest,
        origin=fit_text(bundle.origin, 200),
        number=about["number"],
        foreign_id=about["id"],
        exported_by=about["exported_by"],
        exported_at=about["exported_at"],
        checkpoint=upload.described["checkpoint"],
        log_keys=list(bundle.log_keys),
        words=words | {"opened_at": content.words["opened_at"].isoformat()},
        people=content.people,
        withheld=content.withheld,
        runs=read_foreign_runs(read_queries(path)),
        is_arriving=True,
        imported_by=by,
        imported_by_name=by.name or by.username,
    )
    jobs.report_progress(job, case=case, done=0, event_id=make_id("console", job.began_at))


def _write_custody(job: CaseImport, case: Case, start: int) -> None:
    """Enter of some pieces that they were imported; what was done with them at the other console stands before."""
    keys = list(case.evidence.order_by("number").values_list("pk", flat=True)[start : start + PIECES])
    if not keys:
        raise BadCaseBundle("The case does not hold all evidence of the bundle; import it again.")
    foreign = case.foreign
    details = ((key, f"from {foreign.number} of {foreign.origin}") for key in keys)
    origin = Origin(job.address, job.client)
    with transaction.atomic():
        _hold(job, case)
        custody.record_details(case, details, Action.IMPORT, by=job.started_by, event_id=job.event_id, origin=origin)
        jobs.report_progress(job, done=job.done + len(keys))


def _finish(job: CaseImport, case: Case, content: ForeignContent, path: Path) -> None:
    """Write what refers to evidence, and let people see the case, together with the record of it."""
    stored: dict[int, str] = {}
    try:
        watch = _build_watch(job, is_counted=False)
        copy_attachments(path, lambda digest, parts: _store_attachment(content, digest, _tell(parts, watch), stored))
        _keep_on(job)
        with transaction.atomic():
            _hold(job, case)
            _open(job, case, content, stored)
            jobs.finish(job, done=job.total)
    except BaseException:
        for public_id in stored.values():
            build_attachment_path(public_id).unlink(missing_ok=True)
        raise


def _open(job: CaseImport, case: Case, content: ForeignContent, stored: dict[int, str]) -> None:
    """Who imports it leads it: nobody of the other console is known here. Raises Refused where its key was revoked meanwhile."""
    foreign, by = case.foreign, job.started_by
    expect_accepted_key(foreign.key.vkey)
    name = contents.name_people(foreign.origin)
    contents.mark_entities(case)
    contents.write_hypotheses(case, content, name)
    contents.write_attachments(case, content, stored, name)
    ForeignCase.objects.filter(pk=foreign.pk).update(is_arriving=False)
    number = allot_number(timezone.now().year)
    Case.objects.filter(pk=case.pk).update(
        number=number, is_restricted=content.words["is_restricted"], changed_at=timezone.now()
    )
    Membership.objects.create(case=case, user=by, level=Membership.Level.LEAD)
    case.refresh_from_db()
    labels = {"manifest": foreign.manifest, "key": foreign.key.vkey, "origin": foreign.origin, "number": foreign.number}
    summary = f"imported the case, {foreign.number} of {foreign.origin}"
    # An attempt may end between the record and the commit: the next one makes the same record, which is there already.
    at, event_id = job.began_at, job.event_id
    record_in_case(CaseAction.CASE_IMPORT, summary, by=by, case=case, labels=labels, at=at, event_id=event_id)


def _store_attachment(content: ForeignContent, digest: str, parts: Iterator[bytes], stored: dict[int, str]) -> None:
    """Keep a file for each attachment that has this content, under its number. Raises BadCaseBundle, Refused, OSError."""
    numbers = [row["number"] for row in content.attachments if row["sha256"] == digest and row["removed_at"] is None]
    for number in numbers:
        content_parts = parts if number == numbers[0] else _read_file(build_attachment_path(stored[numbers[0]]))
        stored[number] = new_public_id()
        if store_file(content_parts, build_attachment_path(stored[number])).sha256 != digest:
            raise BadCaseBundle(f"The content of the attachment A{number} is not of the digest that the bundle names.")


def _tell(parts: Iterator[bytes], watch: Callable[[int], object]) -> Iterator[bytes]:
    """The same parts; the watch is told of each."""
    for part in parts:
        watch(0)
        yield part


def _read_file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(verify_bundle.CHUNK):
            yield part
