"""Writes an export as a bundle: its events and statements with their proofs, in the order of their leaves."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from core.connection import trail
from investigations.access import build_run_scope
from investigations.evidence import services as evidence_services
from investigations.evidence.custody import stream_custody
from investigations.exports.custody_lines import describe_entry, describe_verification
from investigations.exports.leaf_order import InLeafOrder, Item
from investigations.exports.rows import ExportRow
from investigations.models import Case, Export, Run
from investigations.models.runs import CHUNK
from investigations.proofs import bundles
from investigations.proofs import services as proofs
from investigations.proofs.bundles import Notes, ProvingCheckpoint
from investigations.proofs.foreign import ForeignProof
from investigations.proofs.services import Unknown
from investigations.redaction.redactor import Redactor
from investigations.redaction.services import describe_profile
from investigations.runs import services as runs
from operations.sealing import proofs as sealing
from operations.sealing.proofs import NeverSealed, NotSealed, Proof
from trail.canonical_form import compute_digest
from trail.errors import TrailError, TrailUnavailable
from trail.integrity.bundle import BundleEntry, Unproved
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL

STEP = 1_000  # pieces of evidence read at once
# Members that hold no words of people: labels, words of this format and times.
_FIXED = {
    "number",
    "evidence",
    "action",
    "at",
    "pinned_at",
    "copy",
    "what",
    "id",
    "export",
    "status",
    "severity",
    "times",
}
_FIXED |= {"exported_at", "ended_at"}
PATIENCE = timedelta(minutes=15)  # for which an export waits for the witnesses' cosignatures


class NotSealedYet(TrailError):
    """Something of what is asked for has arrived and has no leaf yet. In a moment it will."""


class Foreign(TrailError):
    """Something of what is asked for came from another console; `exports.start` refuses that before."""


class NotCosignedYet(TrailError):
    """No checkpoint that holds all that is asked for has the cosignature of every witness. In a minute or so one will."""


def lines(
    export: Export, keep_claim: Callable[[], None], evidence: list[int], redactor: Redactor | None = None
) -> Iterator[tuple[bytes, bool]]:
    """The bundle of a case's timeline or of a run's results, each line with whether it is an entry.

    Of a case it holds the `evidence` with these keys, and the custody of that behind it.
    `keep_claim` is called now and then while leaves are looked up, and may raise to stop it. The witnesses who had not
    cosigned within PATIENCE are named in `export.uncosigned`, and in the file. With a `redactor` events are named by their leaves
    alone, and every text is redacted.
    Raises NotSealedYet, NotCosignedYet, Unproved, LogDamaged, TileMissing, TrailUnavailable.
    """
    folder = Path(settings.STATE_DIR) / "exports"
    if export.run is not None:
        named: Notes = {}
        with closing(InLeafOrder(_results_by_leaf(export.run, keep_claim, named), folder)) as order:
            chosen = _choose_checkpoint(export, order.last)
            entries = _redact_entries(_result_entries(export.run, order), redactor)
            custody: list[dict[str, Any]] | None = None if redactor is None else []
            yield from bundles.build_lines(
                chosen, entries, _describe(export, redactor), named, custody, redactor is not None
            )
        return
    if export.case is None:
        raise ValueError("an export is of a case or of a run")
    case = export.case
    with closing(InLeafOrder(_evidence_by_leaf(case, evidence), folder)) as order:
        entries = _redact_entries(_evidence_entries(case, order), redactor)
        chosen = _choose_checkpoint(export, order.last)
        entered = map(describe_entry, stream_custody(case, evidence))
        described = entered if redactor is None else (redactor.redact(each, _FIXED) for each in entered)
        about, named = _describe(export, redactor), _named_checkpoints(case)
        yield from bundles.build_lines(chosen, entries, about, named, described, redactor is not None)


def _redact_entries(entries: Iterator[BundleEntry], redactor: Redactor | None) -> Iterator[BundleEntry]:
    """Entries of which the events stay in the house: their leaves are proved, and not what they hold."""
    if redactor is None:
        yield from entries
        return
    for entry in entries:
        about = {**redactor.redact(entry.about or {}, _FIXED), "sha256": compute_digest(entry.document)}
        yield BundleEntry(entry.leaf, entry.document, about, is_withheld=True)


def _choose_checkpoint(export: Export, last: int) -> ProvingCheckpoint:
    """The checkpoint that proves the export. Raises NotCosignedYet, LogDamaged."""
    chosen = bundles.choose_checkpoint(last)
    if chosen.uncosigned and timezone.now() < export.created_at + PATIENCE:
        raise NotCosignedYet(
            f"{', '.join(chosen.uncosigned)} had not cosigned yet; the export waits for that, until"
            f" {export.created_at + PATIENCE:%H:%M} UTC."
        )
    export.uncosigned = chosen.uncosigned
    return chosen


def _describe(export: Export, redactor: Redactor | None) -> dict[str, Any]:
    """What the file says of itself, in the console's words; nothing proves it."""
    description: dict[str, Any] = {
        "exported_by": export.started_by_name,
        "exported_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "export": export.public_id,
        "times": "UTC (RFC 3339)",
        "read_in_time_zone": export.time_zone,
    }
    if export.case is not None:
        case = export.case
        description["case"] = {
            "id": case.public_id,
            "title": case.title,
            "status": case.status,
            "severity": case.severity,
        }
    if export.verification is not None:
        description["verification"] = describe_verification(export.verification)
    if export.run is not None:
        description["run"] = {"id": export.run.public_id, "title": export.run.title, "search": export.run.search}
    if redactor is None or export.redaction is None:
        return description
    if export.run is not None:
        # A run is called as what it searches for.
        description["run"] = {"id": export.run.public_id}
    return redactor.redact(description, _FIXED) | {"redaction": describe_profile(export.redaction)}


# --- A case's timeline


def _evidence_by_leaf(case: Case, keys: list[int]) -> Iterator[Item]:
    """Each piece of evidence by its leaf; the key in the place of the event's id. Raises NotSealedYet, Unproved."""
    for evidence in evidence_services.stream_timeline(case, keys):
        seal = proofs.judge_copy(evidence)
        yield _leaf_of(seal.answer, evidence.event_id), "", str(evidence.pk)


def _named_checkpoints(case: Case) -> Notes:
    """The checkpoints that statements of a case's evidence name, pinned themselves or by the event that put them on record."""
    return bundles.find_named(case.evidence.not_withdrawn().values_list("event_id", flat=True))


def _evidence_entries(case: Case, order: InLeafOrder) -> Iterator[BundleEntry]:
    items = iter(order)
    while batch := list(islice(items, STEP)):
        rows = case.evidence.in_bulk([int(pk) for _, _, pk in batch])
        recording = [evidence.event_id for evidence in rows.values() if evidence.is_statement]
        records = execute.find(trail(), recording, WHOLE_TRAIL)
        statements = bundles.find_statements(row.document for row in rows.values() if not row.is_statement)
        for leaf, _, pk in batch:
            evidence = rows[int(pk)]
            case_fields = {"evidence": ExportRow.of_evidence(evidence).evidence_fields()}
            if not evidence.is_statement:
                yield BundleEntry(leaf, evidence.document, case_fields, statements.get(evidence.event_id))
            elif record := records.get(evidence.event_id):
                yield BundleEntry(leaf, record.document, case_fields, evidence.document)
            else:
                raise TrailUnavailable(f"The trail does not show what put {evidence.label} on record.")


# --- A run's results


def _results_by_leaf(run: Run, keep_claim: Callable[[], None], named: Notes) -> Iterator[Item]:
    """Each result by its leaf; the checkpoints that statements of theirs name come into `named`.

    Raises NotSealedYet, Unproved.
    """
    leaves = proofs.read_leaves()
    if leaves is None:
        raise NotSealedYet("Nothing is sealed yet, so nothing can be proved.")
    for pairs in runs.read_chunks(run):
        keep_claim()
        places = runs.find_places(pairs, build_run_scope(run))
        named |= bundles.find_named(list(places))
        leaf_of = leaves.of(places)
        for event_id, (index, _) in places.items():
            leaf = leaf_of[event_id] if event_id in leaf_of else _leaf_of(sealing.prove_event(event_id), event_id)
            yield leaf, index, event_id


def _result_entries(run: Run, order: InLeafOrder) -> Iterator[BundleEntry]:
    items = iter(order)
    leaves: dict[str, int] = {}

    def chunks() -> Iterator[list[tuple[str, str]]]:
        while batch := list(islice(items, CHUNK)):
            leaves.update((event_id, leaf) for leaf, _, event_id in batch)
            yield [(index, event_id) for _, index, event_id in batch]

    for hits in runs.read_in_turn(chunks(), build_run_scope(run)):
        statements = bundles.find_statements(hit.document for hit in hits)
        for hit in hits:
            yield BundleEntry(leaves.pop(hit.event_id), hit.document, statement=statements.get(hit.event_id))


def _leaf_of(answer: Proof | ForeignProof | NotSealed | NeverSealed | Unknown | None, event_id: str) -> int:
    match answer:
        case Proof():
            return answer.leaf
        case NotSealed():
            raise NotSealedYet(f"The event {event_id} is not sealed yet; the export waits for it.")
        case NeverSealed():
            raise Unproved(f"The event {event_id} was never sealed: {answer.reason}.")
        case ForeignProof():
            raise Foreign(f"The event {event_id} is proved by the log of another console, and not by this one.")
    raise TrailUnavailable(answer.reason if answer else f"The trail does not show the event {event_id}.")
