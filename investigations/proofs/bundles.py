"""Writes files that prove events without the console: bundles, and tlog-proofs of one event."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from investigations.models import Evidence
from operations.sealing import proofs as sealing
from operations.sealing import signing_keys, witnesses
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from operations.sealing.proofs import Proof
from trail.documents import get
from trail.integrity import bundle, merkle, signed_note, tlog_proof
from trail.integrity.bundle import BundleEntry, LogDescription, Unproved, Vouching
from trail.integrity.signed_note import Algorithm, SignedNote
from trail.integrity.verdict import Broken
from trail.questions.statements import find_digest

Notes = dict[int, bytes]  # signed checkpoints that statements name, by their sizes


class ProvingCheckpoint(NamedTuple):
    """The checkpoint under which a bundle's events stand, how large the log is, and which of its witnesses cosigned."""

    note: bytes
    newest_size: int
    witnesses: tuple[Vouching, ...]

    @property
    def uncosigned(self) -> list[str]:
        """The names of the witnesses whose cosignature it lacks."""
        return [vouching.witness.name for vouching in self.witnesses if not vouching.cosigned]


def choose_checkpoint(last: int) -> ProvingCheckpoint:
    """The newest checkpoint that every witness cosigned and that holds this leaf; where there is none, the newest of all.

    Raises LogDamaged.
    """
    newest, message = sealing.read_newest_checkpoint(LogDirectory())
    note = witnesses.find_cosigned_note(last + 1) or witnesses.add_cosignatures(message)
    vouching = (Vouching(key, _is_cosigned(note, key)) for key in witnesses.list_witnesses())
    return ProvingCheckpoint(note, newest.size, tuple(vouching))


def _is_cosigned(note: bytes, key: signed_note.Verifier) -> bool:
    return isinstance(signed_note.open_note(note, [key]), SignedNote)


def build_event_bundle(proof: Proof, document: dict[str, Any]) -> bytes:
    """The bundle of one event. Raises Unproved, LogDamaged, TileMissing."""
    statements = find_statements([document])
    entry = BundleEntry(proof.leaf, document, statement=statements.get(get(document, "event.id")))
    lines = build_lines(choose_checkpoint(proof.leaf), iter([entry]), None, list_named(statements.values()))
    return b"".join(line for line, _ in lines)


def build_lines(
    chosen: ProvingCheckpoint,
    entries: Iterator[BundleEntry],
    about: dict[str, Any] | None,
    named: Notes,
    custody: Iterable[dict[str, Any]] | None = None,
    is_redacted: bool = False,
) -> Iterator[tuple[bytes, bool]]:
    """The lines of a bundle under a checkpoint that was chosen, each with whether it is an entry; of a case with its custody.

    One that `is_redacted` may have entries that are withheld.

    Before that checkpoint stand those that statements name (`named`), which were signed before what put the statements on
    record was sealed. Raises Unproved, LogDamaged, TileMissing.
    """
    history = signing_keys.read_history()
    keys = [span for span in history.spans if span.key.algorithm is Algorithm.ED25519]
    return bundle.build_lines_and_entries(
        LogDirectory().tree(chosen.newest_size),
        [*(named[size] for size in sorted(named)), chosen.note],
        history.verifiers,
        entries,
        about,
        log=LogDescription(keys, chosen.witnesses),
        custody=custody,
        is_redacted=is_redacted,
    )


def find_statements(documents: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The statements that these events put on record, by the events' ids: each belongs to its event in a bundle."""
    recording = [
        get(document, "event.id") for document in documents if find_digest(get(document, "labels")) is not None
    ]
    return {each.event_id: each.document for each in _read_statements(recording)}


def find_named(event_ids: Iterable[str]) -> Notes:
    """The checkpoints that the statements name which these events put on record."""
    return list_named(each.document for each in _read_statements(event_ids))


def list_named(statements: Iterable[dict[str, Any]]) -> Notes:
    """The checkpoints that statements name."""
    checkpoints = (statement["checkpoint"] for statement in statements)
    return {checkpoint["size"]: checkpoint["note"].encode() for checkpoint in checkpoints if checkpoint}


def _read_statements(event_ids: Iterable[str]) -> Iterable[Evidence]:
    return Evidence.objects.exclude(kind=Evidence.Kind.EVENT).filter(event_id__in=event_ids)


def build_tlog_proof(proof: Proof) -> bytes:
    """The proof of one event as C2SP tlog-proof has it, under the checkpoint that its bundle would have.

    What it proves is `proof.form`. Raises Unproved, LogDamaged, TileMissing.
    """
    log = LogDirectory()
    chosen = choose_checkpoint(proof.leaf)
    signed = signing_keys.open_checkpoint(chosen.note)
    if isinstance(signed, Broken):
        raise LogDamaged(f"The checkpoint that would prove this is not one of this log: {signed.reason}.")
    path = log.tree(chosen.newest_size).inclusion_proof(proof.leaf, signed.size)
    verdict = merkle.verify_inclusion(merkle.leaf_hash(proof.form), proof.leaf, signed.size, path, signed.root)
    if isinstance(verdict, Broken):
        raise Unproved(f"The event is not what was sealed as leaf {proof.leaf}: {verdict.reason}.")
    return tlog_proof.format_proof(proof.leaf, path, chosen.note)
