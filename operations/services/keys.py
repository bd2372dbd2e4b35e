"""Writers' keys: make, rotate with an overlap, revoke, and find the one that was shown. Every change is on record."""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.errors import Refused
from accounts.journal import record
from accounts.models import User
from operations.journal import Action
from operations.models.keys import USE_NOTED_EVERY, Scope, WriterKey
from trail.events import is_ip

OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=90)
SHAPE = re.compile(r"tk_([23456789a-hjkmnp-z]{10})_([0-9a-f]{64})", re.ASCII)
_NOBODY = hashlib.sha256(b"").hexdigest()


@transaction.atomic
def make(
    *, name: str, scope: str, by: User, writer: str = "", dataset: str = "", format: str = "ecs",
    replaces: WriterKey | None = None,
) -> tuple[WriterKey, str]:  # fmt: skip
    """A new key, and what is to be shown once and is nowhere else. Raises Refused, TrailUnavailable or WriteRefused."""
    writes = scope == Scope.WRITE
    if writes and not (writer and dataset):
        raise Refused("A key that writes needs a writer and a dataset.")
    secret = secrets.token_hex(32)
    key = WriterKey.objects.create(
        name=name, scope=Scope(scope), digest=digest(secret), made_by_name=by.username, replaces=replaces,
        writer=writer if writes else "", dataset=dataset if writes else "", format=format if writes else "",
    )  # fmt: skip
    _record(
        Action.KEY_ROTATE if replaces else Action.KEY_MAKE,
        key,
        by,
        {"replaces": replaces.public_id if replaces else ""},
    )
    return key, f"tk_{key.public_id}_{secret}"


@transaction.atomic
def rotate(key: WriterKey, *, by: User, overlap: timedelta = OVERLAP) -> tuple[WriterKey, str]:
    """A key in the place of this one, which works on for the `overlap`. Raises as `make` does."""
    now = timezone.now()
    key = WriterKey.objects.select_for_update().get(pk=key.pk)
    if not key.works(now) or key.rotated_at is not None:
        raise Refused("This key is rotated already, or works no more; make a new one.")
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise Refused(f"The old key may go on for at most {LONGEST_OVERLAP.days} days.")
    key.rotated_at, key.rotated_by_name, key.ends_at = now, by.username, now + overlap
    key.save(update_fields=["rotated_at", "rotated_by_name", "ends_at"])
    return make(
        name=key.name, scope=key.scope, by=by, writer=key.writer, dataset=key.dataset, format=key.format, replaces=key
    )


@transaction.atomic
def revoke(key: WriterKey, *, by: User) -> WriterKey:
    """End a key at once: the next request with it is refused. Raises TrailUnavailable or WriteRefused."""
    key = WriterKey.objects.select_for_update().get(pk=key.pk)
    if key.revoked_at is None:
        key.revoked_at, key.revoked_by_name = timezone.now(), by.username
        key.save(update_fields=["revoked_at", "revoked_by_name"])
        _record(Action.KEY_REVOKE, key, by)
    return key


def find(shown: str) -> WriterKey | None:
    """The key that this text is, if it works now. One query; the secret is compared in constant time."""
    match = SHAPE.fullmatch(shown)
    if match is None:
        return None
    public_id, secret = match.groups()
    key = WriterKey.objects.filter(public_id=public_id).first()
    same = hmac.compare_digest(digest(secret), key.digest if key else _NOBODY)
    return key if key is not None and same and key.works(timezone.now()) else None


def note_use(key: WriterKey, address: str) -> None:
    """When and from where a key was used last, written at most once a minute."""
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at >= USE_NOTED_EVERY:
        WriterKey.objects.filter(pk=key.pk).update(last_used_at=now, last_used_from=address if is_ip(address) else None)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _record(action: Action, key: WriterKey, by: User, labels: dict[str, str] | None = None) -> None:
    labels = {"name": key.name, "scope": key.scope, "writer": key.writer, "dataset": key.dataset, **(labels or {})}
    record(action, by=by, resource=("writer_key", key.public_id), labels=labels)
