"""Takes case bundles of other consoles: verifies each whole before anything is written, and imports it by an accepted key."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core import audit
from core.errors import Refused
from core.records import fit_text, new_public_id
from investigations.attachments.files import build_path as build_attachment_path
from investigations.attachments.files import store_file
from investigations.audit import CaseAction, record, record_access, record_in_case
from investigations.case_import import contents
from investigations.case_import.bundle_file import (
    VerifiedBundle,
    build_path,
    compute_fingerprint,
    copy_attachments,
    find_folder,
    store_upload,
    verify_file,
)
from investigations.case_import.errors import BadCaseBundle
from investigations.case_import.foreign_content import ForeignContent, read_content
from investigations.cases.numbers import allot_number
from investigations.evidence import custody
from investigations.evidence.custody import Action
from investigations.models import AcceptedKey, Case, CaseUpload, ForeignCase, Membership

MOST_WAITING = 5  # uploads of one person that are not imported yet
ORPHAN_SECONDS, KEPT_SECONDS = 3_600, 7 * 24 * 3_600


def take_upload(*, name: str, chunks: Iterable[bytes], by: User) -> CaseUpload:
    """Keep a case bundle that is sound in itself; another one is dropped again, on record.

    Raises BadCaseBundle, which says what is wrong; Refused where there is no room, or the bundle was imported before.
    """
    _expect_room(by)
    public_id = new_public_id()
    path = build_path(public_id)
    try:
        size = store_upload(chunks, path, settings.ATTACHMENT_BYTES)
        bundle = verify_file(path)
        read_content(bundle)
        return _enter(public_id, name, size, bundle, by)
    except BadCaseBundle as error:
        path.unlink(missing_ok=True)
        labels, reason = {"file": fit_text(name, 200)}, fit_text(error.sentence, 200)
        resource = ("case_bundle", public_id)
        record_access(
            CaseAction.CASE_BUNDLE_REFUSE,
            by=by,
            resource=resource,
            labels=labels,
            result=audit.Result("failure", reason),
        )
        raise
    except OSError as error:
        path.unlink(missing_ok=True)
        raise Refused(f"The file could not be kept: {error.strerror}. Tell an admin.", "file") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _expect_room(by: User) -> None:
    waiting = CaseUpload.objects.filter(uploaded_by=by, foreign=None, dropped_at=None).count()
    if waiting >= MOST_WAITING:
        raise Refused(f"{waiting} bundles of yours wait to be imported; import one or drop it.", "file")
    if shutil.disk_usage(settings.STATE_DIR).free < settings.ATTACHMENTS_DISK_RESERVE:
        raise Refused("The disk of the console is nearly full; tell an admin.", "file")


@transaction.atomic
def _enter(public_id: str, name: str, size: int, bundle: VerifiedBundle, by: User) -> CaseUpload:
    _expect_new(bundle.manifest, by)
    about = _read_about(bundle)
    described = {key: str(about[key]) for key in ("number", "title", "exported_by")} | {
        "exported_at": f"{about['exported_at']:%Y-%m-%d %H:%M:%S} UTC",
        "origin": bundle.origin,
        "size": bundle.size,
        "events": bundle.events,
        "files": bundle.files,
        "log_keys": list(bundle.log_keys),
    }
    upload = CaseUpload.objects.create(
        public_id=public_id,
        name=fit_text(name, 255),
        size=size,
        manifest=bundle.manifest,
        vkey=bundle.signer,
        described=described,
        uploaded_by=by,
        uploaded_by_name=by.name or by.username,
    )
    _record(CaseAction.CASE_BUNDLE_UPLOAD, public_id, by, {"manifest": bundle.manifest, "key": bundle.signer})
    return upload


def _expect_new(manifest: str, by: User) -> None:
    """Raises Refused for a bundle that was imported before, and says as which case as far as `by` may know."""
    foreign = ForeignCase.objects.filter(manifest=manifest).first()
    if foreign is None:
        return
    case = Case.objects.visible_to(by).filter(pk=foreign.case_id).first()
    name = case.number if case else "a case that you may not see"
    raise Refused(f"This bundle was imported before, as {name}; no second case is made.", "file")


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


def find_accepted_key(vkey: str) -> AcceptedKey | None:
    """The key as it is accepted now, if it is."""
    return AcceptedKey.objects.filter(vkey=vkey, revoked_at=None).first()


@transaction.atomic
def accept_key(*, upload: CaseUpload, fingerprint: str, note: str, by: User) -> AcceptedKey:
    """Believe the key that signed a bundle from now on. The key that is accepted already stays as it is.

    Raises Refused where the fingerprint, which the person has from the other console, is another, or without a note of how it
    was compared.
    """
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


def drop_upload(*, upload: CaseUpload, by: User) -> None:
    """Delete the file of a bundle that is not imported. Raises Refused for one that is."""
    with transaction.atomic():
        if ForeignCase.objects.filter(upload=upload).exists():
            raise Refused("This bundle was imported; its file stays with the case.")
        if CaseUpload.objects.filter(pk=upload.pk, dropped_at=None).update(dropped_at=timezone.now()):
            _record(CaseAction.CASE_BUNDLE_DROP, upload.public_id, by, {"manifest": upload.manifest})
    build_path(upload.public_id).unlink(missing_ok=True)


def import_case(*, upload: CaseUpload, by: User) -> Case:
    """Make the case of a bundle, all of it or nothing. It is verified once more, as its file is now.

    Raises BadCaseBundle; Refused where its key is not accepted, or it was imported before; TrailUnavailable.
    """
    path = build_path(upload.public_id)
    stored: dict[int, str] = {}
    try:
        bundle = verify_file(path)
        if (bundle.manifest, bundle.signer) != (upload.manifest, upload.vkey):
            raise BadCaseBundle("The file is not the one that was uploaded; tell an admin.")
        content = read_content(bundle)
        copy_attachments(path, lambda digest, parts: _store_attachment(content, digest, parts, stored))
        return _import(upload, bundle, content, path, stored, by)
    except BaseException as error:
        for public_id in stored.values():
            build_attachment_path(public_id).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise Refused(f"The bundle could not be read: {error.strerror}. Tell an admin.") from error
        raise


def _store_attachment(content: ForeignContent, digest: str, parts: Iterator[bytes], stored: dict[int, str]) -> None:
    """Keep a file for each attachment that has this content, under its number."""
    numbers = [row["number"] for row in content.attachments if row["sha256"] == digest and row["removed_at"] is None]
    for place, number in enumerate(numbers):
        stored[number] = new_public_id()
        target = build_attachment_path(stored[number])
        if place == 0:
            store_file(parts, target)
        else:
            shutil.copyfile(build_attachment_path(stored[numbers[0]]), target)
            target.chmod(0o600)


@transaction.atomic
def _import(
    upload: CaseUpload, bundle: VerifiedBundle, content: ForeignContent, path: Path, stored: dict[int, str], by: User
) -> Case:
    CaseUpload.objects.select_for_update().get(pk=upload.pk)
    _expect_new(bundle.manifest, by)
    key = find_accepted_key(upload.vkey)
    if key is None:
        raise Refused("Nobody has accepted the key that signed this bundle, or it was revoked; nothing was imported.")
    name = contents.name_people(bundle.origin)
    case = _make_case(content, by)
    contents.write_words(case, content, name)
    checkpoint, evidence = contents.write_evidence(case, content, path, name)
    contents.mark_entities(case)
    contents.write_hypotheses(case, content, name)
    contents.write_attachments(case, content, stored, name)
    foreign = _note_origin(case, upload, key, bundle, content, checkpoint, by)
    labels = {"manifest": bundle.manifest, "key": key.vkey, "origin": bundle.origin, "number": foreign.number}
    summary = f"imported the case, {foreign.number} of {foreign.origin}"
    event_id = record_in_case(CaseAction.CASE_IMPORT, summary, by=by, case=case, labels=labels)
    details = ((pk, f"from {foreign.number} of {foreign.origin}") for pk in evidence)
    custody.record_details(case, details, Action.IMPORT, by=by, event_id=event_id)
    return case


def _make_case(content: ForeignContent, by: User) -> Case:
    """The case with a number of this console. Who imports it leads it: nobody of the other console is known here."""
    own = ("title", "description", "status", "severity", "disposition", "closing_reason", "closed_at", "is_restricted")
    case = Case.objects.create(
        number=allot_number(timezone.now().year),
        assignee=None,
        opened_by=by,
        opened_by_name=by.name or by.username,
        **{key: content.words[key] for key in own},
    )
    Membership.objects.create(case=case, user=by, level=Membership.Level.LEAD)
    return case


def _note_origin(
    case: Case,
    upload: CaseUpload,
    key: AcceptedKey,
    bundle: VerifiedBundle,
    content: ForeignContent,
    checkpoint: str,
    by: User,
) -> ForeignCase:
    about = _read_about(bundle)
    words = {name: content.words[name] for name in ("assignee", "opened_by")}
    return ForeignCase.objects.create(
        case=case,
        upload=upload,
        key=key,
        manifest=bundle.manifest,
        origin=fit_text(bundle.origin, 200),
        number=about["number"],
        foreign_id=about["id"],
        exported_by=about["exported_by"],
        exported_at=about["exported_at"],
        checkpoint=checkpoint,
        log_keys=list(bundle.log_keys),
        words=words | {"opened_at": content.words["opened_at"].isoformat()},
        people=content.people,
        withheld=content.withheld,
        imported_by=by,
        imported_by_name=by.name or by.username,
    )


def _record(action: CaseAction, public_id: str, by: User, labels: dict[str, str]) -> None:
    record(action, by=by, resource=("case_bundle", public_id), labels=labels)


def remove_expired(now: float) -> int:
    """Drop bundles that nobody imported for a week (`now` is in seconds since 1970), and files that no row names; how many."""
    folder, number = find_folder(), 0
    for path in folder.iterdir() if folder.is_dir() else ():
        age = now - path.stat().st_mtime
        upload = CaseUpload.objects.filter(public_id=path.name).first()
        is_imported = upload is not None and ForeignCase.objects.filter(upload=upload).exists()
        if not is_imported and age > (ORPHAN_SECONDS if upload is None else KEPT_SECONDS):
            CaseUpload.objects.filter(public_id=path.name, dropped_at=None).update(dropped_at=timezone.now())
            path.unlink(missing_ok=True)
            number += 1
    return number
