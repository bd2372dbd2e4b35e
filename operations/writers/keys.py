"""Makes, rotates, revokes and finds the keys of programs. Every change is on record."""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.audit import record
from core.errors import Refused
from operations.audit import OperationsAction
from operations.models.writer_keys import USE_NOTED_EVERY, KeyScope, WriterKey
from trail.field_checks import is_ip
from trail.reserved_names import (
    AUDIT_DATASET,
    AUDIT_WRITER,
    is_demonstration_writer,
    is_reserved_dataset,
    is_reserved_writer,
)

RESERVED = f"The writer {AUDIT_WRITER} and the dataset {AUDIT_DATASET} are the console's own; use another name."
ENTRIES_OFF = "No key reads every sealed event while LOG_ENTRIES is off; whoever runs the console sets it."
OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=90)
SHAPE = re.compile(r"tk_([23456789a-hjkmnp-z]{10})_([0-9a-f]{64})", re.ASCII)
_NO_DIGEST = hashlib.sha256(b"").hexdigest()


@transaction.atomic
def make_key(
    *,
    name: str,
    scope: str,
    by: User,
    writer: str = "",
    dataset: str = "",
    format: str = "ecs",
    replaces: WriterKey | None = None,
) -> tuple[WriterKey, str]:
    """Make a key; returns it with its secret, which is shown once and kept nowhere.

    The secret is `tk_`, the key's public id, `_` and 64 hexadecimal digits. Raises Refused, TrailUnavailable or
    WriteRefused.
    """
    writes = scope == KeyScope.WRITE
    if writes and not (writer and dataset):
        raise Refused("A key that writes needs a writer and a dataset.")
    if writes and (is_reserved_writer(writer) or is_demonstration_writer(writer) or is_reserved_dataset(dataset)):
        raise Refused(RESERVED)
    if scope == KeyScope.ENTRIES and not settings.LOG_ENTRIES:
        raise Refused(ENTRIES_OFF)
    secret = secrets.token_hex(32)
    key = WriterKey.objects.create(
        name=name,
        scope=KeyScope(scope),
        digest=hash_secret(secret),
        made_by_name=by.username,
        replaces=replaces,
        writer=writer if writes else "",
        dataset=dataset if writes else "",
        format=format if writes else "",
    )
    _record_change(
        OperationsAction.KEY_ROTATE if replaces else OperationsAction.KEY_MAKE,
        key,
        by,
        {"replaces": replaces.public_id if replaces else ""},
    )
    return key, f"tk_{key.public_id}_{secret}"


@transaction.atomic
def rotate_key(key: WriterKey, *, by: User, overlap: timedelta = OVERLAP) -> tuple[WriterKey, str]:
    """Put a new key in the place of this one, which works on for the `overlap`. Returns and raises as `make_key` does."""
    now = timezone.now()
    key = WriterKey.objects.select_for_update().get(pk=key.pk)
    if not key.works(now) or key.rotated_at is not None:
        raise Refused("This key is rotated already, or works no more; make a new one.")
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise Refused(f"The old key may go on for at most {LONGEST_OVERLAP.days} days.")
    key.rotated_at, key.rotated_by_name, key.ends_at = now, by.username, now + overlap
    key.save(update_fields=["rotated_at", "rotated_by_name", "ends_at"])
    return make_key(
        name=key.name, scope=key.scope, by=by, writer=key.writer, dataset=key.dataset, format=key.format, replaces=key
    )


@transaction.atomic
def revoke_key(key: WriterKey, *, by: User) -> WriterKey:
    """End a key at once: the next request with it is refused. Raises TrailUnavailable or WriteRefused."""
    key = WriterKey.objects.select_for_update().get(pk=key.pk)
    if key.revoked_at is None:
        key.revoked_at, key.revoked_by_name = timezone.now(), by.username
        key.save(update_fields=["revoked_at", "revoked_by_name"])
        _record_change(OperationsAction.KEY_REVOKE, key, by)
    return key


def find_key(secret: str) -> WriterKey | None:
    """The key of this secret, as `make_key` returned it, if it works now. One query, compared in constant time."""
    match = SHAPE.fullmatch(secret)
    if match is None:
        return None
    public_id, digits = match.groups()
    key = WriterKey.objects.filter(public_id=public_id).first()
    is_same = hmac.compare_digest(hash_secret(digits), key.digest if key else _NO_DIGEST)
    return key if key is not None and is_same and key.works(timezone.now()) else None


def record_use(key: WriterKey, address: str) -> None:
    """Record when and from where a key was used last, at most once a minute."""
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at >= USE_NOTED_EVERY:
        WriterKey.objects.filter(pk=key.pk).update(last_used_at=now, last_used_from=address if is_ip(address) else None)


def hash_secret(secret: str) -> str:
    """SHA-256 in hexadecimal, which is all that is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _record_change(action: OperationsAction, key: WriterKey, by: User, labels: dict[str, str] | None = None) -> None:
    labels = {"name": key.name, "scope": key.scope, "writer": key.writer, "dataset": key.dataset, **(labels or {})}
    record(action, by=by, resource=("writer_key", key.public_id), labels=labels)
