"""Proves evidence that came from another console, by what came with it: its leaf is in that console's log and not in ours."""

from collections.abc import Iterable
from dataclasses import dataclass

from investigations.models import Evidence, ForeignCase, ForeignEvidence
from trail.canonical_form import canonicalise
from trail.integrity import checkpoint, merkle, signed_note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.signed_note import Verifier
from trail.integrity.verdict import Broken, Verdict

# Beside digest and trail, the words for what a foreign copy is compared with.
PROVED = "as {origin} had it, proved by its checkpoint of {size:,} events"


@dataclass(frozen=True, slots=True)
class ForeignProof:
    """Whether a copy is the leaf that the other console's log has: `verdict` says why not; `origin` is that log's name."""

    leaf: int
    size: int
    origin: str
    verdict: Verdict

    @property
    def words(self) -> str:
        """What is proved, in a few words."""
        return PROVED.format(origin=self.origin, size=self.size)


def prove_foreign(evidence: Iterable[Evidence]) -> dict[int, ForeignProof]:
    """What proves those of these that came from another console, by their keys. Two queries, however many there are."""
    pieces = list(evidence)
    rows = ForeignEvidence.objects.filter(evidence__in=[each.pk for each in pieces])
    proofs = {row.evidence_id: row for row in rows}
    if not proofs:
        return {}
    origins = ForeignCase.objects.in_bulk({each.case_id for each in pieces}, field_name="case_id")
    checkpoints = {key: open_foreign_checkpoint(foreign) for key, foreign in origins.items()}
    return {
        each.pk: _prove(each, proofs[each.pk], origins[each.case_id], checkpoints[each.case_id])
        for each in pieces
        if each.pk in proofs
    }


def open_foreign_checkpoint(foreign: ForeignCase) -> Checkpoint | Broken:
    """The checkpoint that a foreign case came with, if a key of that log signed it which signs at that size."""
    message = foreign.checkpoint.encode()
    unverified = checkpoint.parse_note(message)
    if isinstance(unverified, Broken):
        return unverified
    return checkpoint.verify(message, unverified.origin, list(_list_keys(foreign.log_keys, unverified.size)))


def _list_keys(texts: Iterable[str], size: int) -> Iterable[Verifier]:
    """The keys, written KEY@FIRST-LAST or KEY@FIRST-, that sign at a size."""
    for text in texts:
        vkey, _, span = text.rpartition("@")
        first, _, last = span.partition("-")
        if int(first) <= size and (not last or size <= int(last)):
            yield Verifier.parse(vkey)


def _prove(evidence: Evidence, row: ForeignEvidence, foreign: ForeignCase, signed: Checkpoint | Broken) -> ForeignProof:
    if isinstance(signed, Broken):
        return ForeignProof(row.leaf, 0, foreign.origin, signed)
    try:
        sealed = bytes(row.record) or canonicalise(evidence.document)
    except (ValueError, TypeError):
        return ForeignProof(row.leaf, signed.size, signed.origin, Broken("the copy cannot be read any more"))
    path = [digest for text in row.proof if (digest := signed_note.decode(text)) is not None]
    verdict = merkle.verify_inclusion(merkle.leaf_hash(sealed), row.leaf, signed.size, path, signed.root)
    return ForeignProof(row.leaf, signed.size, signed.origin, verdict)
