"""Bundles: events with their proofs, which whoever has the log's public key can check without the console."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.journal import trail
from investigations.access import scope_of_run
from investigations.exports.rows import Row
from investigations.exports.sorting import InLeafOrder, Item
from investigations.models import Evidence, Export, Run
from investigations.models.runs import CHUNK
from investigations.services import proofs, runs
from investigations.services.proofs import Unknown
from operations.sealing import keys, witnesses
from operations.sealing import proofs as sealing
from operations.sealing.log import Log
from operations.sealing.proofs import NeverSealed, NotSealed, Proof
from trail.errors import TrailError, TrailUnavailable
from trail.integrity import bundle
from trail.integrity.bundle import Entry, Unproved
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL

STEP = 1_000
GoOn = Callable[[], None]
Stated = list[bytes]  # the notes of the checkpoints that statements name, from old to new


class NotSealedYet(TrailError):
    """Something of what is asked for has arrived and has no leaf yet. In a moment it will."""


def lines(export: Export, go_on: GoOn) -> Iterator[bytes]:
    """The bundle of a case's timeline or of a run's results. `go_on` is called now and then, and may raise to stop it.

    Raises NotSealedYet, Unproved, LogDamaged, TileMissing, TrailUnavailable.
    """
    if export.run is None:
        order = InLeafOrder(_of_case(export), _folder())
        return _bundle(order.last, _evidence(export, order), _about(export), _stated(export))
    order = InLeafOrder(_of_run(export.run, go_on), _folder())
    return _bundle(order.last, _results(export.run, order), _about(export))


def of_event(proof: Proof, document: dict[str, Any]) -> bytes:
    """The bundle of one event. Raises Unproved, LogDamaged, TileMissing."""
    return b"".join(_bundle(proof.leaf, iter([Entry(proof.leaf, document)]), None))


def _bundle(
    last: int, entries: Iterator[Entry], about: dict[str, Any] | None, stated: Stated | None = None
) -> Iterator[bytes]:
    """Under the newest checkpoint that every witness cosigned, where there is one that holds the last leaf.

    Before it stand those that statements name, which were signed before what put the statements on record was sealed.
    """
    log = Log()
    newest, message = sealing.newest(log)
    chosen = witnesses.best(last + 1) or witnesses.cosigned(message)
    format = bundle.FORMAT if stated is None else bundle.WITH_STATEMENTS
    return bundle.lines(log.tree(newest.size), [*(stated or ()), chosen], keys.verifiers(), entries, about, format)


def _about(export: Export) -> dict[str, Any]:
    """What the file says of itself, in the console's words; nothing proves it."""
    about: dict[str, Any] = {
        "exported_by": export.started_by_name, "exported_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "export": export.public_id,
    }  # fmt: skip
    if export.case is not None:
        case = export.case
        about["case"] = {"id": case.public_id, "title": case.title, "status": case.status, "severity": case.severity}
    if export.run is not None:
        about["run"] = {"id": export.run.public_id, "title": export.run.title, "search": export.run.search}
    return about


def _folder() -> Path:
    return Path(settings.STATE_DIR) / "exports"


# --- A case's timeline


def evidence_of(export: Export) -> Iterator[Evidence]:
    """What stands in the case, in time order.

    No query stays open between two rows: SQLite lets nobody write, us least of all, who reads from before another's write.
    """
    if export.case is None:
        raise ValueError("an export is of a case or of a run")
    pks = list(export.case.evidence.standing().in_time_order().values_list("pk", flat=True))
    yield from _by_key(export, iter(pks))


def _by_key(export: Export, pks: Iterator[int]) -> Iterator[Evidence]:
    assert export.case is not None
    while some := list(islice(pks, STEP)):
        found = export.case.evidence.in_bulk(some)
        yield from (found[pk] for pk in some)


def _of_case(export: Export) -> Iterator[Item]:
    """Each piece of evidence by its leaf; the key in the place of the event's id. Raises NotSealedYet, Unproved."""
    for evidence in evidence_of(export):
        standing = proofs.of_copy(evidence)
        yield _leaf_of(standing.found, evidence.event_id), "", str(evidence.pk)


def _stated(export: Export) -> Stated | None:
    """The checkpoints that a case's statements name; None where it has no statement, which is another format."""
    assert export.case is not None
    absences = export.case.evidence.standing().filter(kind=Evidence.Kind.ABSENCE)
    if not absences:
        return None
    named = {one["size"]: one["note"].encode() for each in absences if (one := each.document["checkpoint"])}
    return [named[size] for size in sorted(named)]


def _evidence(export: Export, order: InLeafOrder) -> Iterator[Entry]:
    leaves = iter(order)
    while some := list(islice(leaves, STEP)):
        found = list(_by_key(export, (int(pk) for _, _, pk in some)))
        records = execute.find(trail(), [one.event_id for one in found if one.is_absence], WHOLE_TRAIL)
        for (leaf, _, _), evidence in zip(some, found, strict=True):
            said = {"evidence": Row.of_evidence(evidence).said()}
            if not evidence.is_absence:
                yield Entry(leaf, evidence.document, said)
            elif record := records.get(evidence.event_id):
                yield Entry(leaf, record.document, said, evidence.document)
            else:
                raise TrailUnavailable(f"The trail does not show what put {evidence.label} on record.")


# --- A run's results


def _of_run(run: Run, go_on: GoOn) -> Iterator[Item]:
    """Each result by its leaf. Raises NotSealedYet, Unproved."""
    leaves = proofs.leaves()
    if leaves is None:
        raise NotSealedYet("Nothing is sealed yet, so nothing can be proved.")
    for pairs in runs.chunks(run):
        go_on()
        places = runs.places(pairs, scope_of_run(run))
        known = leaves.of(places)
        for event_id, (index, _) in places.items():
            leaf = known[event_id] if event_id in known else _leaf_of(sealing.prove(event_id), event_id)
            yield leaf, index, event_id


def _results(run: Run, order: InLeafOrder) -> Iterator[Entry]:
    items = iter(order)
    leaves: dict[str, int] = {}

    def chunks() -> Iterator[list[tuple[str, str]]]:
        while some := list(islice(items, CHUNK)):
            leaves.update((event_id, leaf) for leaf, _, event_id in some)
            yield [(index, event_id) for _, index, event_id in some]

    for hits in runs.in_turn(chunks(), scope_of_run(run)):
        yield from (Entry(leaves.pop(hit.event_id), hit.document) for hit in hits)


def _leaf_of(found: Proof | NotSealed | NeverSealed | Unknown | None, event_id: str) -> int:
    match found:
        case Proof():
            return found.leaf
        case NotSealed():
            raise NotSealedYet(f"The event {event_id} is not sealed yet; the export waits for it.")
        case NeverSealed():
            raise Unproved(f"The event {event_id} was never sealed: {found.reason}.")
    raise TrailUnavailable(found.reason if found else f"The trail does not show the event {event_id}.")
