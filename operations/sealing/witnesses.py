"""Cosignatures of the log's checkpoints: taken from witnesses that were named beforehand, and put into the notes again."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby

from django.conf import settings
from django.utils import timezone

from operations.models import Checkpoint as Row
from operations.models import Cosignature
from operations.sealing import keys
from operations.sealing.log import Log
from trail.errors import TrailError
from trail.integrity import checkpoint, note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.note import Note, Verifier
from trail.integrity.verdict import Broken

NEWEST = 1_000  # cosignatures among which one is looked for


class NotTaken(TrailError):
    """A cosignature that cannot be kept; the message says why."""


def witnesses() -> list[Verifier]:
    """The public keys in TRAIL_WITNESSES, whose cosignatures count. Raises BadKey."""
    return [Verifier.parse(text) for text in settings.TRAIL_WITNESSES]


def take(message: bytes) -> int:
    """Keep the witnesses' signatures in a note of ours; how many were new.

    Raises NotTaken for what is no checkpoint of this log, or has no signature of a witness that was named.
    """
    ours = keys.opened(message)
    if isinstance(ours, Broken):
        raise NotTaken(f"This is not a checkpoint of this log: {ours.reason}.")
    opened = note.open_note(message, witnesses())
    if isinstance(opened, Broken):
        raise NotTaken(f"No cosignature was taken: {opened.reason}. TRAIL_WITNESSES names the keys that count.")
    log = Log()
    newest = log.newest()
    if newest is None or ours.size > newest.size or log.tree(newest.size).root_at(ours.size) != ours.root:
        raise NotTaken("This checkpoint is not of the history that the log holds now.")
    _keep_row(ours, message, log.note() or message)
    return sum(_keep(ours, opened, witness) for witness in witnesses())


def _keep_row(signed: Checkpoint, message: bytes, newest: bytes) -> None:
    """A checkpoint that somebody cosigned is kept, though it be one between those of each minute: as we signed it last, or,
    where the log has gone on, as it came back."""
    if Row.objects.filter(size=signed.size, root=signed.root.hex()).exists():
        return
    ours = _own(newest) if _own(newest).text == _own(message).text else _own(message)
    signed_at = keys.signed_at(ours.message())
    at = timezone.now() if signed_at is None else datetime.fromtimestamp(signed_at, UTC)
    Row.objects.create(size=signed.size, root=signed.root.hex(), at=at, note=ours.message().decode())


def _own(message: bytes) -> Note:
    """A note of ours with none but the log's own signatures."""
    opened = note.open_note(message, keys.verifiers())
    assert isinstance(opened, Note), opened
    return opened


def _keep(signed: Checkpoint, opened: Note, witness: Verifier) -> int:
    new = 0
    for signature in filter(witness.knows, opened.signatures):
        _, made = Cosignature.objects.get_or_create(
            line=signature.line(),
            defaults={
                "size": signed.size, "root": signed.root.hex(), "witness": str(witness),
                "at": datetime.fromtimestamp(signature.time or 0, UTC),
            },
        )  # fmt: skip
        new += made
    return new


def cosigned(message: bytes) -> bytes:
    """A note of ours with the newest signature of each witness behind the log's own."""
    read = note.parse(message)
    signed = checkpoint.parse(read.text) if isinstance(read, Note) else read
    if isinstance(signed, Broken):
        return message
    return message + "".join(one.line for one in of_checkpoint(signed.size, signed.root.hex())).encode()


def best(size: int) -> bytes | None:
    """The newest checkpoint of at least this size that every witness cosigned, as a note with all signatures; None where
    there is none, or no witness was named."""
    wanted = {str(one) for one in witnesses()}
    found = Cosignature.objects.filter(size__gte=size, witness__in=wanted).order_by("-size", "root")
    for (its_size, root), some in groupby(found[:NEWEST], key=lambda one: (one.size, one.root)):
        row = Row.objects.filter(size=its_size, root=root).first()
        if row and {one.witness for one in some} == wanted:
            return cosigned(row.note.encode())
    return None


def of_checkpoint(size: int, root: str) -> Iterable[Cosignature]:
    """The newest cosignature of each witness for a size and root."""
    found = Cosignature.objects.filter(size=size, root=root).order_by("at")
    return {one.witness: one for one in found}.values()
