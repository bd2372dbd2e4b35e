"""Keeps for ever with which keys the console signed its own records, and announces each in the trail; rotates the key.

An unsigned record is an older one if its leaf comes before `first_size` of the first key. That is set by the log and not by any
clock, once the announcement is sealed and GRACE is over, so that what an earlier version wrote up to then is accused of nothing.
"""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.audit import Actor, Program, record
from core.record_key import generate_signer, read_signer, replace_signer
from operations.audit import OperationsAction
from operations.models import RecordKey
from operations.sealing import proofs
from operations.sealing.proofs import Proof
from trail.integrity.signed_note import Verifier

KEEPER = Program("console:keeper", "The keeper of the trail")
GRACE = timedelta(minutes=10)


def list_verifiers() -> list[Verifier]:
    """Every key with which the console ever signed a record, the oldest first. Raises WriteRefused where none can be read."""
    known = [Verifier.parse(vkey) for vkey in RecordKey.objects.values_list("vkey", flat=True)]
    current = read_signer().verifier  # which may not be announced yet
    return known if current in known else [*known, current]


def keep_record_key() -> None:
    """Announce the key that signs now, if it is not yet, and note from which leaf on each is the one that signs.

    Raises TrailUnavailable, WriteRefused, LogDamaged and TileMissing.
    """
    current = read_signer().verifier
    if not RecordKey.objects.filter(vkey=str(current)).exists():
        _announce(current, by=KEEPER)
    for key in RecordKey.objects.filter(first_size=None):
        _settle(key, timezone.now())


def rotate_key(*, by: User) -> str:
    """Sign with a new key from now on; the id of the record that says so, signed by the key before.

    Raises TrailUnavailable and WriteRefused; then the key before goes on, or keep_record_key announces the new one.
    """
    keep_record_key()
    signer = generate_signer()
    with transaction.atomic():
        event_id = _announce(signer.verifier, by=by)
        replace_signer(signer)
    return event_id


@transaction.atomic
def _announce(verifier: Verifier, *, by: Actor) -> str:
    event_id = f"console-{uuid.uuid4()}"
    RecordKey.objects.create(vkey=str(verifier), event_id=event_id, at=timezone.now())
    return record(
        OperationsAction.RECORD_KEY_ANNOUNCE,
        by=by,
        resource=("record_key", verifier.key_id.hex()),
        labels={"key": str(verifier)},
        event_id=event_id,
    )


def _settle(key: RecordKey, now: datetime) -> None:
    """Note where the key begins, once everything that was written before it is sealed."""
    if now - key.at < GRACE:
        return
    proof = proofs.prove_event(key.event_id)
    if isinstance(proof, Proof):
        RecordKey.objects.filter(pk=key.pk, first_size=None).update(first_size=proof.size)
