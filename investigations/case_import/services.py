"""Takes case bundles of other consoles, keeps the keys that people accept, and has the worker verify and import."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from core.audit import Actor, Program
from core.errors import Refused
from core.records import fit_text, new_public_id
from core.stored_files import store_stream
from investigations.audit import CaseAction, record
from investigations.case_import.bundle_file import build_path, compute_fingerprint, find_folder
from investigations.evidence import custody
from investigations.models import AcceptedKey, Case, CaseImport, CaseUpload, ForeignCase
from investigations.runs import jobs

MOST_WAITING = 5  # uploads of one person that are not imported yet
ORPHAN_SECONDS, KEPT_SECONDS = 3_600, 7 * 24 * 3_600
SCHEDULE = Program("console:case_imports", "The schedule that drops case bundles")
OUTDATED = "An earlier version of the console verified this bundle: drop it, and take it in again."
Step, State = CaseImport.Step, CaseImport.State
UNDER_WAY = (State.QUEUED, State.RUNNING)


def take_upload(*, name: str, chunks: Iterable[bytes], by: User) -> CaseUpload:
    """Keep what is said to be a case bundle, and have the worker verify it; what is none is dropped again, on record.

    Raises Refused where there is no room for it, it is too long, or it cannot be written.
    """
    _expect_room(by)
    public_id = new_public_id()
    path = build_path(public_id)
    stored = store_stream(chunks, path, most=settings.CASE_BUNDLE_BYTES)
    try:
        with transaction.atomic():
            upload = CaseUpload.objects.create(
                public_id=public_id,
                name=fit_text(name, 255),
                size=stored.size,
                described={"sha256": stored.sha256},
                uploaded_by=by,
                uploaded_by_name=by.name or by.username,
            )
            # Both readings of the file, and its lines, count as one each: how many lines there are nobody knows yet.
            _queue(upload, Step.VERIFY, by, total=stored.size)
            labels = {"file": upload.name, "sha256": stored.sha256}
            _record(CaseAction.CASE_BUNDLE_UPLOAD, upload, by, labels)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return upload


def _expect_room(by: User) -> None:
    waiting = CaseUpload.objects.filter(uploaded_by=by, foreign=None, dropped_at=None).count()
    if waiting >= MOST_WAITING:
        raise Refused(f"{waiting} bundles of yours wait to be imported; import one or drop it.", "file")
    if shutil.disk_usage(settings.STATE_DIR).free < settings.ATTACHMENTS_DISK_RESERVE:
        raise Refused("The disk of the console is nearly full; tell an admin.", "file")


def _queue(upload: CaseUpload, step: str, by: User, *, total: int) -> CaseImport:
    origin = custody.read_origin()
    made = CaseImport.objects.create(
        upload=upload,
        step=step,
        total=total,
        address=origin.address,
        client=origin.client,
        started_by=by,
        started_by_name=by.name or by.username,
    )
    jobs.enqueue(made)
    return made


def expect_new(manifest: str, by: User) -> None:
    """Raises Refused for a bundle that was imported before, and says as which case as far as `by` may know."""
    foreign = ForeignCase.objects.filter(manifest=manifest).first()
    if foreign is None:
        return
    if foreign.is_arriving:
        raise Refused("This bundle is being imported already.", "file")
    case = Case.objects.visible_to(by).filter(pk=foreign.case_id).first()
    name = case.number if case else "a case that you may not see"
    raise Refused(f"This bundle was imported before, as {name}; no second case is made.", "file")


def find_accepted_key(vkey: str) -> AcceptedKey | None:
    """The key as it is accepted now, if it is."""
    return AcceptedKey.objects.filter(vkey=vkey, revoked_at=None).first()


def expect_accepted_key(vkey: str) -> AcceptedKey:
    """The key as it is accepted now. Raises Refused."""
    if key := find_accepted_key(vkey):
        return key
    raise Refused("Nobody has accepted the key that signed this bundle, or it was revoked; nothing was imported.")


@transaction.atomic
def accept_key(*, upload: CaseUpload, fingerprint: str, note: str, by: User) -> AcceptedKey:
    """Believe the key that signed a bundle from now on. The key that is accepted already stays as it is.

    Raises Refused where the fingerprint, which the person has from the other console, is another, or without a note of how it
    was compared.
    """
    if upload.is_outdated:
        raise Refused(OUTDATED)
    if not upload.is_verified:
        raise Refused("The bundle is not verified yet, so that nobody knows which key signed it.")
    wanted = compute_fingerprint(upload.vkey)
    if "".join(fingerprint.lower().split()) != wanted.replace(" ", ""):
        raise Refused(
            "The fingerprint is another one: this bundle is not signed by the key that you have it of.", "fingerprint"
        )
    if not note.strip():
        raise Refused("Say from whom you have the fingerprint, and how it was compared.", "note")
    if accepted := find_accepted_key(upload.vkey):
        return accepted
    key = AcceptedKey.objects.create(
        vkey=upload.vkey, note=note.strip(), accepted_by=by, accepted_by_name=by.name or by.username
    )
    labels = {"key": key.vkey, "note": key.note[:200]}
    record(CaseAction.FOREIGN_KEY_ACCEPT, by=by, resource=("foreign_key", str(key.pk)), labels=labels)
    return key


@transaction.atomic
def revoke_key(*, key: AcceptedKey, by: User) -> None:
    """Believe no new bundle by this key. Cases that came by it stay, and say so. A second time changes nothing."""
    words = {"revoked_at": timezone.now(), "revoked_by_name": by.name or by.username}
    if AcceptedKey.objects.filter(pk=key.pk, revoked_at=None).update(**words):
        record(CaseAction.FOREIGN_KEY_REVOKE, by=by, resource=("foreign_key", str(key.pk)), labels={"key": key.vkey})


@transaction.atomic
def start_import(*, upload: CaseUpload, by: User) -> CaseImport:
    """Have the worker make the case of a bundle, all of it or nothing.

    Raises Refused where it is not verified, its key is not accepted, or it is or was imported.
    """
    upload = CaseUpload.objects.select_for_update().get(pk=upload.pk)
    if upload.is_outdated:
        raise Refused(OUTDATED)
    if not upload.is_verified or upload.dropped_at is not None:
        raise Refused("The bundle is not verified, so nothing was imported.")
    if upload.imports.filter(state__in=UNDER_WAY).exists():
        raise Refused("This bundle is being worked on already.")
    expect_new(upload.manifest, by)
    expect_accepted_key(upload.vkey)
    return _queue(upload, Step.IMPORT, by, total=upload.described["lines"] + upload.described["events"])


@transaction.atomic
def cancel(*, job: CaseImport, by: User) -> None:
    """Stop a verification or an import; a worker undoes what it has written. Raises Refused when it is over."""
    if not jobs.request_cancel(job, by=by, at_once=Q(case=None)):
        raise Refused("This is over already.")
    if CaseImport.objects.filter(pk=job.pk).exclude(state__in=CaseImport.ENDED).exists():
        CaseImport.objects.filter(pk=job.pk, state=State.QUEUED).update(not_before=timezone.now())
        jobs.enqueue(job)
    _record(CaseAction.CASE_IMPORT_CANCEL, job.upload, by, {"manifest": job.upload.manifest})


def drop_upload(*, upload: CaseUpload, by: Actor) -> None:
    """Delete the file of a bundle that is not imported. Raises Refused for one that is, or is being worked on."""
    with transaction.atomic():
        CaseUpload.objects.select_for_update().get(pk=upload.pk)  # as start_import does, so that none begins meanwhile
        if ForeignCase.objects.filter(upload=upload).exists():
            raise Refused("This bundle was imported; its file stays with the case.")
        if upload.imports.filter(state__in=UNDER_WAY).exists():
            raise Refused("This bundle is being worked on; stop that first.")
        if CaseUpload.objects.filter(pk=upload.pk, dropped_at=None).update(dropped_at=timezone.now()):
            _record(CaseAction.CASE_BUNDLE_DROP, upload, by, {"manifest": upload.manifest})
    build_path(upload.public_id).unlink(missing_ok=True)


def _record(action: CaseAction, upload: CaseUpload, by: Actor, labels: dict[str, str]) -> None:
    record(action, by=by, resource=("case_bundle", upload.public_id), labels=labels)


def remove_expired(now: float) -> int:
    """Drop bundles that nobody imported for a week (`now` is in seconds since 1970), and files that no row names; how many."""
    folder, number = find_folder(), 0
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # what went meanwhile is gone
            number += _remove_expired(path, now - path.stat().st_mtime)
    return number


def _remove_expired(path: Path, age: float) -> bool:
    """Drop a bundle of so many seconds that nobody imports, and its file; whether it was one."""
    upload = CaseUpload.objects.select_related("uploaded_by").filter(public_id=path.name).first()
    if age <= (ORPHAN_SECONDS if upload is None else KEPT_SECONDS):
        return False
    if upload is None or upload.dropped_at is not None:
        path.unlink()
        return True
    with suppress(Refused):  # it was imported, or waits to be
        drop_upload(upload=upload, by=SCHEDULE)
        return True
    return False
