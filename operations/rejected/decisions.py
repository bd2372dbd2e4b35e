"""Carries out what admins decide about rejected events: they are written, corrected or as they are, or discarded.

A decision about one is done at once; about a group it is done by the keeper, batch by batch, and goes on where it was after a
crash: an event that is written twice is there once. None disappears.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils import timezone

from accounts.models import User
from core import audit, connection
from core.errors import Refused
from core.records import fit_text
from operations.audit import OperationsAction
from operations.imports.conversion import add_given_id, add_writer, convert_record
from operations.imports.formats import FORMATS
from operations.imports.month_limit import limit_decisions
from operations.imports.reader import ForeignRecord
from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.models import Decision, Mapping, RejectedEvent, RejectedStep
from operations.rejected.rules import correct_text, parse_text
from trail.errors import InvalidEvent, TrailError
from trail.events import Event, parse_event
from trail.reserved_names import expect_unreserved
from trail.writing.writer import Outcome, attempt_writes

State, Step = RejectedEvent.State, RejectedStep.Kind
BATCH = 200  # events
FITS = "fits"
# The counters of a decision, and what a rejected event is then, where it does not go on waiting.
COUNTED = {
    "created": State.WRITTEN,
    "existing": State.WRITTEN,
    "discarded": State.DISCARDED,
    "conflict": None,
    "invalid": None,
}
_FROM_WORST_TO_BEST = ("conflict", "invalid", "created", "existing")


@dataclass(slots=True)
class RejectedOutcome:
    """What became of one rejected event. `status` is the trail's, `discarded`, or `fits` before it is sent."""

    row: RejectedEvent
    status: str
    reason: str = ""
    events: list[Event] = field(default_factory=list)


def preview_decision(rows: list[RejectedEvent], mapping: Mapping | None) -> list[RejectedOutcome]:
    """What the trail's own check says of each as it would be sent: `fits` or `invalid`. Nothing is written."""
    outcomes = []
    for row in rows:
        try:
            outcomes.append(RejectedOutcome(row, FITS, events=_read_events(row, mapping)))
        except InvalidEvent as error:
            outcomes.append(RejectedOutcome(row, "invalid", str(error)))
    return outcomes


def make_decision(
    *,
    kind: Decision.Kind,
    rows: QuerySet[RejectedEvent],
    by: User,
    mapping: Mapping | None = None,
    reason: str = "",
) -> Decision:
    """Put a decision about the waiting of these rows, all of one writer and cause, on record; `work_on_batch` does it.

    Raises Refused, TrailUnavailable, WriteRefused.
    """
    waiting = rows.filter(state=State.WAITING)
    first, total = waiting.order_by("pk").first(), waiting.count()
    if first is None:
        raise Refused("None of these is waiting any more.")
    action = OperationsAction.REJECTED_DISCARD if kind == Decision.Kind.DISCARD else OperationsAction.REJECTED_WRITE
    with transaction.atomic():
        decision = Decision.objects.create(
            kind=kind,
            mapping=mapping,
            reason=fit_text(reason, 2_000),
            event=first if total == 1 else None,
            writer=first.writer,
            cause=first.cause,
            up_to=waiting.aggregate(last=Max("pk"))["last"],
            after=first.pk - 1,
            total=total,
            at=timezone.now(),
            by=by,
            by_name=str(by),
        )
        labels = {"writer": first.writer, "events": str(total), "mapping": str(mapping or "")}
        audit.record(action, by=by, resource=("decision", decision.public_id), labels=labels)
    return decision


def work_on_decisions() -> None:
    """Work on one batch of the oldest decision that is not done."""
    decision = Decision.objects.filter(ended_at=None).select_related("mapping").order_by("pk").first()
    if decision is not None:
        work_on_batch(decision)


def work_on_batch(decision: Decision) -> list[RejectedOutcome]:
    """Do the next batch of a decision; what became of each. When the trail does not answer it stays where it is."""
    rows = RejectedEvent.objects.filter(
        pk__gt=decision.after, pk__lte=decision.up_to, state=State.WAITING, writer=decision.writer, cause=decision.cause
    )
    batch = list(rows.order_by("pk")[: 1 if decision.event_id else BATCH])
    try:
        outcomes = _carry_out(batch, decision)
    except TrailError as error:
        incidents.record_trail_outage(error, writer=decision.writer, events=0)
        Decision.objects.filter(pk=decision.pk).update(problem=str(error)[:1_000])
        return []
    _save_outcomes(decision, outcomes)
    return outcomes


def _carry_out(batch: list[RejectedEvent], decision: Decision) -> list[RejectedOutcome]:
    """Raises TrailError for whatever is not an answer about the events themselves."""
    if decision.kind == Decision.Kind.DISCARD:
        return [RejectedOutcome(row, "discarded", decision.reason) for row in batch]
    outcomes = preview_decision(batch, decision.mapping)
    _refuse_new_months(outcomes)
    sendable = [outcome for outcome in outcomes if outcome.status == FITS]
    answers = iter(attempt_writes(connection.trail(), [event for outcome in sendable for event in outcome.events]))
    for outcome in sendable:
        parts = [_expect_answer(answers) for _ in outcome.events]
        worst = min(parts, key=lambda part: _FROM_WORST_TO_BEST.index(part.status))
        outcome.status, outcome.reason = worst.status, worst.reason
    return outcomes


def _refuse_new_months(outcomes: list[RejectedOutcome]) -> None:
    """A decision about many opens no more months in a day than an import does. What is too much goes on waiting."""
    fitting = [outcome for outcome in outcomes if outcome.status == FITS]
    events = [event for outcome in fitting for event in outcome.events]
    problems = limit_decisions().find_problems(connection.trail(), events)
    for outcome in fitting:
        if refused := [problems[event.id] for event in outcome.events if event.id in problems]:
            outcome.status, outcome.reason = "invalid", str(refused[0])


def _expect_answer(answers: Iterator[Outcome | TrailError]) -> Outcome:
    answer = next(answers)
    if isinstance(answer, TrailError):
        raise answer
    return answer


@transaction.atomic
def _save_outcomes(decision: Decision, outcomes: list[RejectedOutcome]) -> None:
    """The rows, their history, and how far the decision is: together, and once."""
    now = timezone.now()
    if not _advance(decision, outcomes, now):
        return  # another process has done this batch
    for status, state in COUNTED.items():
        pks = [outcome.row.pk for outcome in outcomes if outcome.status == status]
        if state and pks:
            RejectedEvent.objects.filter(pk__in=pks).update(state=state)
    for outcome in outcomes:
        if outcome.status in ("invalid", "conflict"):
            RejectedEvent.objects.filter(pk=outcome.row.pk).update(problem=fit_text(outcome.reason, 1_000))
    RejectedStep.objects.bulk_create(_build_step(decision, outcome, now) for outcome in outcomes)
    if not RejectedEvent.objects.filter(writer=decision.writer, state=State.WAITING).exists():
        for kind in (IncidentKind.REJECTED, IncidentKind.CONFLICT):
            incidents.record_recovery(kind, decision.writer, "None of its rejected events waits any more.")


def _advance(decision: Decision, outcomes: list[RejectedOutcome], now: datetime) -> bool:
    """Count a batch and say how far the decision is; False when another process has done so before."""
    last = outcomes[-1].row.pk if outcomes else None
    is_ended = last is None or decision.event_id is not None or last == decision.up_to
    values: dict[str, Any] = {"after": last or decision.after, "problem": ""}
    for status in COUNTED:
        values[status] = F(status) + sum(outcome.status == status for outcome in outcomes)
    if is_ended:
        values["ended_at"] = now
    here = Decision.objects.filter(pk=decision.pk, after=decision.after, ended_at=None)
    return bool(here.update(**values))


def _build_step(decision: Decision, outcome: RejectedOutcome, now: datetime) -> RejectedStep:
    kinds = {"discarded": Step.DISCARDED, "invalid": Step.NOT_TAKEN, "conflict": Step.NOT_TAKEN}
    by_mapping = f" with {decision.mapping}" if decision.mapping else ""
    reason = f": {outcome.reason}" if outcome.reason else ""
    text = outcome.reason if outcome.status == "discarded" else f"{outcome.status}{by_mapping}{reason}"
    return RejectedStep(
        event=outcome.row,
        decision=decision,
        kind=kinds.get(outcome.status, Step.WRITTEN),
        at=now,
        by_name=decision.by_name,
        text=fit_text(text, 2_000),
    )


def _read_events(row: RejectedEvent, mapping: Mapping | None) -> list[Event]:
    """The events that a rejected text makes, read as it was when it came, or corrected. Raises InvalidEvent."""
    events = _make_events(row, mapping)
    for event in events:
        expect_unreserved(event.document)
    return events


def _make_events(row: RejectedEvent, mapping: Mapping | None) -> list[Event]:
    if mapping is not None:
        return [correct_text(row.text, mapping.rules)]
    document = parse_text(row.text)
    if row.format in FORMATS:
        format = FORMATS[row.format]
        format = replace(format, dataset=row.dataset or format.dataset)
        events = convert_record(format, ForeignRecord(1, row.text, document), row.given_id).events
    else:
        events = [parse_event(add_given_id(document, row.given_id))]
    # What came with a key is written under the name of its writer; an import has none.
    return [add_writer(event, row.writer) for event in events] if row.dataset else events
