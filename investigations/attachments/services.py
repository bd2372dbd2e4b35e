"""Attaches files to cases, hands them out and removes them: atomic, and on record in the trail."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from accounts.models import User
from core.errors import Refused
from core.records import fit_text, new_public_id, next_number
from investigations.attachments.files import StoredFile, build_path, is_as_stored, store_file
from investigations.audit import CaseAction, record_access, record_in_case
from investigations.cases.services import hold_open
from investigations.models import Attachment, Case


def attach_file(*, case: Case, name: str, chunks: Iterable[bytes], by: User, description: str = "") -> Attachment:
    """Keep a file in the case. Raises CaseClosed; Refused where it cannot be written, or the person may not keep more."""
    _expect_room(by)
    public_id = new_public_id()
    path = build_path(public_id)
    stored = store_file(chunks, path)
    try:
        return _enter(case, public_id, name, stored, by, description)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _expect_room(by: User) -> None:
    own = Attachment.objects.not_removed().filter(added_by=by)
    size = own.aggregate(bytes=Sum("size"))["bytes"] or 0
    if size >= settings.ATTACHMENTS_KEPT_BYTES:
        raise Refused(
            f"Your attachments take {filesizeformat(size)}, as much as one person may keep; remove one.", "file"
        )
    if shutil.disk_usage(settings.STATE_DIR).free < settings.ATTACHMENTS_DISK_RESERVE:
        raise Refused("The disk of the console is nearly full; tell an admin.", "file")


@transaction.atomic
def _enter(case: Case, public_id: str, name: str, stored: StoredFile, by: User, description: str) -> Attachment:
    hold_open(case)
    attachment = Attachment.objects.create(
        case=case,
        number=next_number(case.attachments),
        public_id=public_id,
        name=fit_text(name, 255),
        description=description,
        size=stored.size,
        content_type=stored.content_type,
        sha256=stored.sha256,
        added_by=by,
        added_by_name=by.name or by.username,
    )
    _record(CaseAction.ATTACHMENT_ADD, f"attached A{attachment.number}", attachment, by)
    return attachment


def hand_out_file(attachment: Attachment, *, by: User) -> Path:
    """The file for a download, which is put on record first. Raises Refused where it is not there, or not what was attached."""
    if attachment.removed_at is not None:
        raise Refused(f"The file was removed on {attachment.removed_at:%Y-%m-%d}: {attachment.removal_reason}")
    if not is_as_stored(attachment):
        raise Refused("The file is not what was attached: its SHA-256 differs, or it is gone. Tell an admin.")
    labels = {"attachment": attachment.public_id, "sha256": attachment.sha256}
    record_access(CaseAction.ATTACHMENT_DOWNLOAD, by=by, case=attachment.case, labels=labels)
    return build_path(attachment.public_id)


def remove_file(*, attachment: Attachment, reason: str, by: User) -> None:
    """Delete the file; that it was there, its digest and the reason stay. Removing it again deletes what is left of it.

    Raises CaseClosed; Refused without a reason.
    """
    if not reason.strip():
        raise Refused("Say why the file is removed.", "reason")
    with transaction.atomic():
        hold_open(attachment.case)
        changed = Attachment.objects.not_removed().filter(pk=attachment.pk)
        words = {"removed_by_name": by.name or by.username, "removal_reason": reason.strip()}
        if changed.update(removed_at=timezone.now(), **words):
            _record(CaseAction.ATTACHMENT_REMOVE, f"removed A{attachment.number}: {reason.strip()}", attachment, by)
    build_path(attachment.public_id).unlink(missing_ok=True)


def _record(action: CaseAction, summary: str, attachment: Attachment, by: User) -> None:
    attachment.case.save(update_fields=["changed_at"])
    labels = {
        "attachment": attachment.public_id,
        "size": str(attachment.size),
        "sha256": attachment.sha256,
    }
    record_in_case(action, summary, by=by, case=attachment.case, labels=labels)
