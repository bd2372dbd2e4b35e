"""Reads a case once, whole or up to limits that it says, for what its report is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import orjson
from django.db import models, transaction
from django.db.models import Count

from accounts.models import User
from investigations.audit import CaseAction
from investigations.cases.services import count_contents
from investigations.entities.services import EntitySummary, summarise_entities
from investigations.evidence.custody import CustodyAct
from investigations.hypotheses.services import list_hypotheses
from investigations.models import (
    Activity,
    Case,
    CaseTask,
    ClockSkew,
    Evidence,
    ForeignCase,
    Hypothesis,
    ManualEvent,
    Membership,
    Note,
    Run,
)
from investigations.redaction.redactor import Redactor
from investigations.reports.custody import ActivityEntry, list_activity, list_acts
from investigations.timeline.entries import FoldKind
from investigations.timeline.spans import CountedSpans
from operations.sealing import proofs as sealing
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory

# How much of a case a report holds at most: pieces of evidence, and rows of any other kind.
MOST_EVIDENCE, MOST_ROWS = 1_000, 200
Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True, slots=True)
class SealedState:
    """How far the sealed log is: its name, how many leaves its newest checkpoint has, and its root hash in hexadecimal."""

    origin: str
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class CaseMerge:
    """A merge of another case into this one, or of this one into it: how that is called here, when, and who did it."""

    name: str
    is_into: bool
    at: datetime
    by_name: str


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case as it was at one time. `counts` says how much there is of what is cut at a limit; `last` is the latest event's time.

    `statements` are the result sets and findings; absences stand by themselves.

    `tasks` are the open ones; `counts` says under `settled_tasks` how many others there are.

    `introduction` and `closing` are what the report itself says before and behind that of the case, in Markdown.

    `spans` are lives and sessions, and `kinds` what is folded by the numbers of evidence, where both were collected before the
    events were redacted: what is masked looks alike.

    `problem` says why there is no `checkpoint`.
    """

    case: Case
    made_at: datetime
    events: Sequence[Evidence]
    absences: Sequence[Evidence]
    statements: Sequence[Evidence]
    withdrawn: Sequence[Evidence]
    last: str
    counts: dict[str, int]
    entities: list[EntitySummary]
    hypotheses: Sequence[Hypothesis]
    manual_events: Sequence[ManualEvent]
    clock_skews: Sequence[ClockSkew]
    tasks: Sequence[CaseTask]
    notes: Sequence[Note]
    people: Sequence[Membership]
    runs: Sequence[Run]
    acts: Sequence[CustodyAct]
    activity: Sequence[ActivityEntry]
    checkpoint: SealedState | None
    problem: str
    foreign: ForeignCase | None
    merges: Sequence[CaseMerge] = ()
    introduction: str = ""
    closing: str = ""
    spans: CountedSpans | None = None
    kinds: Mapping[int, FoldKind] | None = None


@transaction.atomic
def read_case_record(case: Case, made_at: datetime, by: User) -> CaseRecord:
    """Everything that a report may tell of a case, in as many queries however much there is. Of other cases it names those that
    `by` may know of."""
    counts = count_contents(case) | {"foreign_events": _count_foreign(case)}
    evidence = _read_evidence(case)
    withdrawn, counts["withdrawn"] = _take(case.evidence.exclude(withdrawn_at=None).order_by("number"))
    manual_events, counts["manual_events"] = _take(case.manual_events.not_withdrawn())
    acts, counts["custody_read"], counts["custody"] = list_acts(case)
    activity, counts["activity"] = list_activity(case)
    hypotheses, counts["hypotheses"] = _take(list_hypotheses(case))
    is_open = models.Q(state=CaseTask.State.OPEN)
    tasks = list(case.tasks.filter(is_open).select_related("assignee").order_by("number")[:MOST_ROWS])
    counts |= case.tasks.aggregate(tasks=Count("pk", filter=is_open), settled_tasks=Count("pk", filter=~is_open))
    notes, counts["notes"] = _take(case.notes.latest_versions())
    people, counts["people"] = _take(case.memberships.select_related("user"))
    runs, counts["runs"] = _take(case.runs.select_related("version__query").order_by("created_at", "pk"))
    checkpoint, problem = read_sealed_state()
    return CaseRecord(
        case=case,
        made_at=made_at,
        **evidence,
        withdrawn=withdrawn,
        counts=counts,
        entities=summarise_entities(case, evidence["events"]),
        manual_events=manual_events,
        clock_skews=list(case.clock_skews.not_withdrawn()[:MOST_ROWS]),
        hypotheses=hypotheses,
        tasks=tasks,
        notes=notes,
        people=people,
        runs=runs,
        acts=acts,
        activity=activity,
        checkpoint=checkpoint,
        problem=problem,
        foreign=ForeignCase.objects.filter(case=case).select_related("key").first(),
        merges=_read_merges(case, by),
    )


def _read_evidence(case: Case) -> dict[str, Any]:
    """Events, absences, other statements, and the time of the last event, by their names in a CaseRecord. Four queries."""
    kind, pinned = Evidence.Kind, case.evidence.not_withdrawn().select_related("run").in_time_order()
    latest = pinned.filter(kind=kind.EVENT).reverse().values_list("event_timestamp", flat=True).first()
    return {
        "events": list(pinned.filter(kind=kind.EVENT).select_related("foreign")[:MOST_EVIDENCE]),
        "absences": list(pinned.filter(kind=kind.ABSENCE)[:MOST_ROWS]),
        "statements": list(pinned.filter(kind__in=(kind.RESULT_SET, kind.FINDING))[:MOST_ROWS]),
        "last": latest or "",
    }


def _count_foreign(case: Case) -> int:
    """How many of the case's events came with it from another console."""
    return case.evidence.not_withdrawn().filter(kind=Evidence.Kind.EVENT).exclude(foreign=None).count()


def redact_events(record: CaseRecord, redactor: Redactor) -> None:
    """Put redacted events in the place of the frozen copies that were read, of which nothing is saved."""
    for evidence in (*record.events, *record.absences, *record.statements, *record.withdrawn):
        redact = redactor.redact_statement if evidence.is_statement else redactor.redact_document
        evidence.frozen = orjson.dumps(redact(evidence.document))
        evidence.event_id = redactor.redact_value("event.id", evidence.event_id)
    # What is cut or marked up later is redacted before that.
    record.entities[:] = [
        replace(each, value=redactor.redact_value(each.field, each.value)) for each in record.entities
    ]
    for event in record.manual_events:
        event.title = redactor.redact_text(event.title)
    record.case.description = redactor.redact_text(record.case.description)
    for note in record.notes:
        note.text = redactor.redact_text(note.text)
    for hypothesis in record.hypotheses:
        hypothesis.statement = redactor.redact_text(hypothesis.statement)
        hypothesis.answer = redactor.redact_text(hypothesis.answer)


def _read_merges(case: Case, by: User) -> list[CaseMerge]:
    """The merges of other cases into this one, and of this one into another, in the order of time. Three queries."""
    pairs = Case.objects.filter(models.Q(merged_into=case) | models.Q(pk=case.merged_into_id)).order_by(
        "closed_at", "pk"
    )
    others = list(pairs[:MOST_ROWS])
    known = set(
        Case.objects.visible_to(by).filter(pk__in=[each.pk for each in others] or [0]).values_list("pk", flat=True)
    )
    closed = [each.pk for each in others if each.merged_into_id == case.pk] or [0]
    acts = Activity.objects.filter(case__in=[case.pk, *closed], action=CaseAction.CASE_MERGE).order_by("pk")
    by_case = {act.case_id: act for act in acts}
    merges = []
    for other in others:
        is_into = other.pk == case.merged_into_id
        act = by_case.get(case.pk if is_into else other.pk)
        name = other.number if other.pk in known else "a case that is not named here"
        if at := (case if is_into else other).closed_at:
            merges.append(CaseMerge(name, is_into, at, act.actor_name if act else ""))
    return merges


def _take(rows: "models.QuerySet[Row]") -> tuple[list[Row], int]:
    """As many as a report holds, and how many there are."""
    return list(rows[:MOST_ROWS]), rows.count()


def read_sealed_state() -> tuple[SealedState | None, str]:
    """The newest checkpoint; where there is none, why."""
    try:
        newest, note = sealing.read_newest_checkpoint(LogDirectory())
    except LogDamaged as error:
        return None, str(error)
    return SealedState(note.decode().partition("\n")[0], newest.size, newest.root.hex()), ""
