"""What becomes of rejected events: an admin writes them, corrected or as they are, or discards them. None disappears.

A decision about one is done at once; about a group it is done by the keeper, batch by batch, and goes on where it was after a
crash: an event that is written twice is there once.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from accounts import journal
from accounts.errors import Refused
from accounts.models import User
from accounts.records import fitting
from operations import corrections, importing
from operations.formats import FORMATS
from operations.journal import Action
from operations.models import Decision, Incident, Mapping, RejectedEvent, RejectedStep
from operations.reading import Record
from operations.services import incidents
from trail.errors import InvalidEvent, TrailError
from trail.events import Event, parse
from trail.writer import Outcome, attempt

State, Step, Kind = RejectedEvent.State, RejectedStep.Kind, Decision.Kind
AT_ONCE = 200  # events of one batch


@dataclass(slots=True)
class Tried:
    """What became of one rejected event. `status` is that of the trail, or `discarded`."""

    row: RejectedEvent
    status: str
    reason: str = ""
    documents: list[dict[str, Any]] = field(default_factory=list)


def save_mapping(*, name: str, rules: Any, by: User) -> Mapping:
    """A mapping, or its next version; an older one stays as it was. Raises BadRule, TrailUnavailable, WriteRefused."""
    rules = corrections.checked(rules)
    with transaction.atomic():
        last = Mapping.objects.filter(name=name).aggregate(version=Max("version"))["version"] or 0
        made = Mapping.objects.create(name=name, version=last + 1, rules=rules, at=timezone.now(), by_name=str(by))
        journal.record(Action.MAPPING_SAVE, by=by, resource=("mapping", name), labels={"version": str(made.version)})
    return made


def preview(rows: list[RejectedEvent], mapping: Mapping | None) -> list[Tried]:
    """What the trail's own check says of each as it would be sent. Nothing is written."""
    found = []
    for row in rows:
        try:
            found.append(Tried(row, "fits", documents=[event.document for event in _events(row, mapping)]))
        except InvalidEvent as error:
            found.append(Tried(row, "invalid", str(error)))
    return found


def decide(*, kind: Decision.Kind, rows: Any, by: User, mapping: Mapping | None = None, reason: str = "") -> Decision:
    """Put a decision about waiting rows on record; `work` does it. Raises Refused, TrailUnavailable, WriteRefused."""
    waiting = rows.filter(state=State.WAITING)
    first, total = waiting.order_by("pk").first(), waiting.count()
    if first is None:
        raise Refused("None of these is waiting any more.")
    alone = first if total == 1 else None
    with transaction.atomic():
        made = Decision.objects.create(
            kind=kind, mapping=mapping, reason=fitting(reason, 2_000), event=alone, writer=first.writer, cause=first.cause,
            up_to=waiting.aggregate(last=Max("pk"))["last"], after=first.pk - 1, total=total, at=timezone.now(), by=by,
            by_name=str(by),
        )  # fmt: skip
        journal.record(
            Action.REJECTED_DISCARD if kind == Kind.DISCARD else Action.REJECTED_WRITE, by=by,
            resource=("decision", made.public_id),
            labels={"writer": first.writer, "events": str(total), "mapping": str(mapping or "")},
        )  # fmt: skip
    return made


def work() -> None:
    """One batch of the oldest decision that is not done."""
    decision = Decision.objects.filter(ended_at=None).select_related("mapping").order_by("pk").first()
    if decision is not None:
        step(decision)


def step(decision: Decision) -> list[Tried]:
    """The next batch of a decision; what became of each. When the trail does not answer it stays where it is."""
    rows = RejectedEvent.objects.filter(
        pk__gt=decision.after, pk__lte=decision.up_to, state=State.WAITING, writer=decision.writer, cause=decision.cause
    )
    batch = list(rows.order_by("pk")[: 1 if decision.event_id else AT_ONCE])
    try:
        tried = _tried(batch, decision)
    except TrailError as error:
        incidents.trail_failed(error, writer=decision.writer, events=0)
        Decision.objects.filter(pk=decision.pk).update(problem=str(error)[:1_000])
        return []
    _keep(decision, tried)
    return tried


def _tried(batch: list[RejectedEvent], decision: Decision) -> list[Tried]:
    """Raises TrailError for whatever is not an answer about the events themselves."""
    if decision.kind == Kind.DISCARD:
        return [Tried(row, "discarded", decision.reason) for row in batch]
    found = preview(batch, decision.mapping)
    sent = [one for one in found if one.status == "fits"]
    answers = iter(attempt(journal.trail(), [Event(document) for one in sent for document in one.documents]))
    for one in sent:
        outcomes: list[Outcome] = []
        for _ in one.documents:
            answer = next(answers)
            if isinstance(answer, TrailError):
                raise answer
            outcomes.append(answer)
        worst = min(outcomes, key=lambda outcome: ("conflict", "invalid", "created", "existing").index(outcome.status))
        one.status, one.reason = worst.status, worst.reason
    return found


@transaction.atomic
def _keep(decision: Decision, tried: list[Tried]) -> None:
    """The rows, their history, and how far the decision is: together, and once."""
    now = timezone.now()
    ended = not tried or decision.event_id is not None or tried[-1].row.pk == decision.up_to
    counted = {
        s: sum(one.status == s for one in tried) for s in ("created", "existing", "conflict", "invalid", "discarded")
    }
    after = tried[-1].row.pk if tried else decision.after
    values: dict[str, Any] = {name: F(name) + number for name, number in counted.items()}
    values |= {"after": after, "problem": ""} | ({"ended_at": now} if ended else {})
    if not Decision.objects.filter(pk=decision.pk, after=decision.after, ended_at=None).update(**values):
        return  # another has done this batch
    for status, number in counted.items():
        state = {"created": State.WRITTEN, "existing": State.WRITTEN, "discarded": State.DISCARDED}.get(status)
        if state and number:
            RejectedEvent.objects.filter(pk__in=[one.row.pk for one in tried if one.status == status]).update(
                state=state
            )
    for one in tried:
        if one.status in ("invalid", "conflict"):
            RejectedEvent.objects.filter(pk=one.row.pk).update(problem=fitting(one.reason, 1_000))
    RejectedStep.objects.bulk_create(_step(decision, one, now) for one in tried)
    if not RejectedEvent.objects.filter(writer=decision.writer, state=State.WAITING).exists():
        for kind in (Incident.Kind.REJECTED, Incident.Kind.CONFLICT):
            incidents.over(kind, decision.writer, "None of its rejected events waits any more.")


def _step(decision: Decision, one: Tried, now: Any) -> RejectedStep:
    kinds = {"discarded": Step.DISCARDED, "invalid": Step.NOT_TAKEN, "conflict": Step.NOT_TAKEN}
    how = f" with {decision.mapping}" if decision.mapping else ""
    text = one.reason if one.status == "discarded" else f"{one.status}{how}{f': {one.reason}' if one.reason else ''}"
    return RejectedStep(
        event=one.row, decision=decision, kind=kinds.get(one.status, Step.WRITTEN), at=now, by_name=decision.by_name,
        text=fitting(text, 2_000),
    )  # fmt: skip


def _events(row: RejectedEvent, mapping: Mapping | None) -> list[Event]:
    """The events that a rejected text makes; a record of an import is read as its format has it. Raises InvalidEvent."""
    if mapping is not None:
        return [corrections.corrected(row.text, mapping.rules)]
    name = row.source.removeprefix("import:").partition(" ")[0]
    if row.source.startswith("import:") and name in FORMATS:
        try:
            value = json.loads(row.text)
        except (ValueError, RecursionError) as error:
            raise InvalidEvent("record", f"is not JSON: {error}") from error
        return [Event(one) for one in importing.events_of(FORMATS[name], Record(1, row.text, value))[0]]
    return [parse(corrections.as_document(row.text))]
