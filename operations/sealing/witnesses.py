"""Takes cosignatures of the log's checkpoints from named witnesses, and puts them into the notes again."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from django.conf import settings
from django.utils import timezone

from operations.models import Checkpoint as Row
from operations.models import Cosignature
from operations.sealing import signing_keys
from operations.sealing.folder import LogDirectory
from trail.errors import TrailError
from trail.integrity import checkpoint, signed_note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.signed_note import SignedNote, Verifier
from trail.integrity.verdict import Broken
from trail.witness.named_witness import NamedWitness

NEWEST = 1_000  # cosignatures among which one is looked for
AHEAD = timedelta(hours=1)  # by which a witness's clock may differ from ours


class CosignatureRefused(TrailError):
    """A cosignature that cannot be kept; the message says why."""


def list_named_witnesses() -> list[NamedWitness]:
    """The witnesses in TRAIL_WITNESSES. Raises BadKey."""
    return [NamedWitness.parse(text) for text in settings.TRAIL_WITNESSES]


def list_witnesses() -> list[Verifier]:
    """Their public keys, whose cosignatures count. Raises BadKey."""
    return [key for witness in list_named_witnesses() for key in witness.keys]


def take_cosignatures(message: bytes, keys: Sequence[Verifier] | None = None) -> int:
    """Keep the signatures in a note of ours that witnesses made, or these keys; how many were new.

    Raises CosignatureRefused for what is no checkpoint of this log, or has no signature of a witness that was named.
    """
    keys = list_witnesses() if keys is None else keys
    ours = signing_keys.open_checkpoint(message)
    if isinstance(ours, Broken):
        raise CosignatureRefused(f"This is not a checkpoint of this log: {ours.reason}.")
    note = signed_note.open_note(message, keys)
    if isinstance(note, Broken):
        raise CosignatureRefused(f"No cosignature was taken: {note.reason}. TRAIL_WITNESSES names the keys that count.")
    _expect_times(note)
    log = LogDirectory()
    newest = log.newest()
    if newest is None or ours.size > newest.size or log.tree(newest.size).root_at(ours.size) != ours.root:
        raise CosignatureRefused("This checkpoint is not of the history that the log holds now.")
    _keep_row(ours, message, log.note() or message)
    return sum(_keep(ours, note, witness) for witness in keys)


def _expect_times(note: SignedNote) -> None:
    """Raises CosignatureRefused for a cosignature that says no time, or one that has not come."""
    latest = (timezone.now() + AHEAD).timestamp()
    for signature in note.signatures:
        if not 0 < (signature.time or 0) <= latest:
            raise CosignatureRefused(
                f"The cosignature of {signature.name} says no time at which it can have been made."
            )


def _keep_row(signed: Checkpoint, message: bytes, newest: bytes) -> None:
    """A checkpoint that somebody cosigned is kept, though it be one between those of each minute: as we signed it last, or,
    where the log has gone on, as it came back."""
    if Row.objects.filter(size=signed.size, root=signed.root.hex()).exists():
        return
    newest_note, note = _strip_cosignatures(newest), _strip_cosignatures(message)
    ours = newest_note if newest_note.text == note.text else note
    signed_at = signing_keys.read_signing_time(ours.message())
    at = timezone.now() if signed_at is None else datetime.fromtimestamp(signed_at, UTC)
    Row.objects.create(size=signed.size, root=signed.root.hex(), at=at, note=ours.message().decode())


def _strip_cosignatures(message: bytes) -> SignedNote:
    """A note of ours with none but the log's own signatures."""
    note = signed_note.open_note(message, signing_keys.list_verifiers())
    assert isinstance(note, SignedNote), note
    return note


def _keep(signed: Checkpoint, note: SignedNote, witness: Verifier) -> int:
    count = 0
    for signature in filter(witness.knows, note.signatures):
        _, is_new = Cosignature.objects.get_or_create(
            size=signed.size,
            root=signed.root.hex(),
            witness=str(witness),
            at=datetime.fromtimestamp(signature.time or 0, UTC),
            defaults={"line": signature.line()},
        )
        count += is_new
    return count


def add_cosignatures(message: bytes) -> bytes:
    """A note of ours with the newest signature of each witness behind the log's own."""
    signed = checkpoint.parse_note(message)
    if isinstance(signed, Broken):
        return message
    return message + "".join(cosignature.line for cosignature in list_cosignatures(signed)).encode()


def find_cosigned_note(size: int) -> bytes | None:
    """The newest checkpoint of at least this size that every witness cosigned, as a note with all signatures; None where
    there is none, or no witness was named."""
    wanted = {str(witness) for witness in list_witnesses()}
    cosignatures = Cosignature.objects.filter(size__gte=size, witness__in=wanted).order_by("-size", "root")
    for (its_size, root), group in groupby(
        cosignatures[:NEWEST], key=lambda cosignature: (cosignature.size, cosignature.root)
    ):
        row = Row.objects.filter(size=its_size, root=root).first()
        if row is None or {cosignature.witness for cosignature in group} != wanted:
            continue
        signed = signing_keys.open_checkpoint(row.note.encode())
        if isinstance(signed, Checkpoint) and len(list_cosignatures(signed)) == len(wanted):
            return add_cosignatures(row.note.encode())
    return None


def list_cosignatures(signed: Checkpoint) -> list[Cosignature]:
    """The newest cosignature of each named witness for a checkpoint, of those that hold: a row is what anybody wrote there."""
    newest: dict[str, Cosignature] = {}
    rows = Cosignature.objects.filter(size=signed.size, root=signed.root.hex()).order_by("-at")
    for witness in list_witnesses():
        for row in rows.filter(witness=str(witness)):
            if _is_sound(row, signed, witness):
                newest[row.witness] = row
                break
    return list(newest.values())


def find_unsound_cosignatures(origin: str, since: int) -> Iterator[str]:
    """Rows under a named witness's key, for sizes from `since` on, that hold no cosignature of it, as sentences."""
    witnesses = {str(witness): witness for witness in list_witnesses()}
    for row in Cosignature.objects.filter(witness__in=witnesses, size__gte=since).order_by("size").iterator():
        try:
            signed = Checkpoint(origin, row.size, bytes.fromhex(row.root))
            is_sound = _is_sound(row, signed, witnesses[row.witness])
        except ValueError:  # no root
            is_sound = False
        if not is_sound:
            yield f"the row of a cosignature of {row.name} for {row.size:,} events holds none of it"


def _is_sound(row: Cosignature, signed: Checkpoint, witness: Verifier) -> bool:
    note = signed_note.open_note(f"{signed.text()}\n{row.line}".encode(), [witness])
    return isinstance(note, SignedNote) and [signature.line() for signature in note.signatures] == [row.line]
