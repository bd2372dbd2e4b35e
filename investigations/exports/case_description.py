"""Describes a case as JSON for its bundle: what people wrote in it and what was asked, piece by piece and in flat memory."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import groupby
from typing import Any

import orjson
from django.db.models import Q, QuerySet

from investigations.hypotheses.services import list_hypotheses
from investigations.models import (
    Activity,
    Attachment,
    Case,
    CaseTask,
    ClockSkew,
    Evidence,
    Hypothesis,
    ManualEvent,
    Note,
    Run,
    SavedQueryVersion,
    Verdict,
)
from investigations.redaction.redactor import Redactor
from trail.times import format_datetime

FORMAT = "audit-case/v1"
QUERIES_FORMAT = "audit-case-queries/v1"
AT_ONCE = 1_000  # rows of one query
# Members that hold no words of people: those of this format, keys, digests and times.
_FIXED = {
    "format",
    "kind",
    "status",
    "state",
    "severity",
    "disposition",
    "relevance",
    "level",
    "word",
    "phase",
    "field",
}
_FIXED |= {"source_field", "digest", "timestamp", "at", "due", "starts", "ends"}
_FIXED |= {f"{what}_at" for what in ("added", "changed", "closed", "created", "opened", "pinned", "settled", "written")}
Rows = Iterable[dict[str, Any]]


def write_case(case: Case, redactor: Redactor | None = None) -> Iterator[bytes]:
    """The case as one JSON object (docs/trail/case-bundle-format.md): every time in UTC, people by their names."""
    sections: dict[str, Rows] = {
        "members": map(_describe_member, case.memberships.select_related("user").order_by("pk").iterator()),
        "evidence": _describe_evidence(case),
        "entities": _describe_entities(case),
        "hypotheses": map(_describe_hypothesis, list_hypotheses(case)),
        "tasks": map(_describe_task, case.tasks.select_related("assignee").order_by("number")),
        "notes": _describe_notes(case),
        "manual_events": map(
            _describe_manual_event, case.manual_events.prefetch_related("versions").order_by("number")
        ),
        "clock_skews": map(_describe_clock_skew, case.clock_skews.order_by("pk")),
        "attachments": map(_describe_attachment, case.attachments.order_by("number")),
        "activities": map(_describe_activity, _read_in_order(case.activities.order_by("pk"))),
    }
    members = {"format": FORMAT, "case": describe_words(case)}
    if redactor is None:
        return _write_object(members, sections)
    redacted = {name: (_redact_row(row, redactor) for row in rows) for name, rows in sections.items()}
    return _write_object(redactor.redact(members, _FIXED), redacted)


def _redact_row(row: dict[str, Any], redactor: Redactor) -> dict[str, Any]:
    """A row without what a profile takes out. How evidence was found and what a file is are left out: both may tell."""
    left_out: dict[str, Any] = {name: empty for name, empty in (("search", {}), ("sha256", "")) if name in row}
    own = {}
    if event_id := row.get("event_id"):
        own["event_id"] = redactor.redact_value("event.id", event_id)
    if "field" in row:
        own["value"] = redactor.redact_value(row["field"], row["value"])
    if "source_field" in row:
        own["source"] = redactor.redact_value(row["source_field"], row["source"])
    return {**redactor.redact(row, _FIXED), **left_out, **own}


def write_queries(case: Case, redactor: Redactor | None = None) -> Iterator[bytes]:
    """What was asked of the trail: searches by which evidence was found, runs, and the versions of saved queries in use.

    With a `redactor` nothing of it: a query may name who stands in no event.
    """
    if redactor is not None:
        return _write_object({"format": QUERIES_FORMAT}, {"searches": [], "runs": [], "saved_queries": []})
    runs = case.runs.select_related("version__query").order_by("pk")
    versions = SavedQueryVersion.objects.filter(runs__case=case).distinct().select_related("query").order_by("pk")
    sections: dict[str, Rows] = {
        "searches": _describe_searches(case),
        "runs": map(_describe_run, runs),
        "saved_queries": map(_describe_version, versions.prefetch_related("parameters")),
    }
    return _write_object({"format": QUERIES_FORMAT}, sections)


def _write_object(members: dict[str, Any], sections: Mapping[str, Rows]) -> Iterator[bytes]:
    """One JSON object: its own members, then its lists, a row at a time."""
    yield orjson.dumps(members)[:-1]
    for name, rows in sections.items():
        yield b",\n" + orjson.dumps(name) + b":["
        for place, row in enumerate(rows):
            yield (b",\n" if place else b"\n") + orjson.dumps(row)
        yield b"]"
    yield b"}\n"


def _read_in_order(rows: "QuerySet[Any, Any]") -> Iterator[Any]:
    """Rows by their keys, so many in a query: none stays open between two, as in `evidence.services.stream_timeline`."""
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        yield from batch
        last = batch[-1].pk


def _write_time(at: datetime | date | None) -> str | None:
    if at is None:
        return None
    return format_datetime(at) if isinstance(at, datetime) else at.isoformat()


def _name(person: Any) -> str:
    return "" if person is None else person.name or person.username


def describe_words(case: Case) -> dict[str, Any]:
    """The case's own words."""
    return {
        "number": case.number,
        "id": case.public_id,
        "title": case.title,
        "summary": case.description,
        "status": case.status,
        "severity": case.severity,
        "disposition": case.disposition,
        "closing_reason": case.closing_reason,
        "closed_at": _write_time(case.closed_at),
        "assignee": _name(case.assignee),
        "restricted": case.is_restricted,
        "tags": [tag.name for tag in case.tags.all()],
        "opened_by": case.opened_by_name,
        "opened_at": _write_time(case.opened_at),
    }


def _describe_member(membership: Any) -> dict[str, Any]:
    return {
        "name": _name(membership.user),
        "level": membership.level,
        "added_at": _write_time(membership.added_at),
    }


def _describe_evidence(case: Case) -> Iterator[dict[str, Any]]:
    """All of it by number; of what was withdrawn the copy stays in the house, and that it was is said."""
    rows = case.evidence.order_by("pk").defer("frozen").select_related("run", "case").prefetch_related("tags")
    for evidence in _read_in_order(rows):
        yield _describe_piece(evidence)


def _describe_piece(evidence: Evidence) -> dict[str, Any]:
    withdrawn = None
    if evidence.withdrawn_at is not None:
        at, reason = _write_time(evidence.withdrawn_at), evidence.withdrawn_reason
        withdrawn = {"at": at, "by": evidence.withdrawn_by_name, "reason": reason}
    return {
        "number": evidence.number,
        "kind": evidence.kind,
        "event_id": evidence.event_id,
        "timestamp": evidence.event_timestamp,
        "digest": evidence.digest,
        "leaf": evidence.leaf,
        "reason": evidence.reason,
        "relevance": evidence.relevance,
        "tags": [tag.name for tag in evidence.tags.all()],
        "search": evidence.search if evidence.run is None or evidence.run.is_named_in(evidence.case) else {},
        "pinned_by": evidence.pinned_by_name,
        "pinned_at": _write_time(evidence.pinned_at),
        "withdrawn": withdrawn,
    }


def _describe_entities(case: Case) -> Iterator[dict[str, Any]]:
    for entity in _read_in_order(case.entities.order_by("pk").prefetch_related("verdicts")):
        verdicts = sorted(entity.verdicts.all(), key=lambda verdict: verdict.pk)
        yield {"field": entity.field, "value": entity.value, "verdicts": [_describe_verdict(each) for each in verdicts]}


def _describe_verdict(verdict: Verdict) -> dict[str, Any]:
    return {"word": verdict.word, "reason": verdict.reason, "by": verdict.by_name, "at": _write_time(verdict.at)}


def _describe_hypothesis(hypothesis: Hypothesis) -> dict[str, Any]:
    links = list(hypothesis.evidence_links.all())
    return {
        "number": hypothesis.number,
        "statement": hypothesis.statement,
        "state": hypothesis.state,
        "answer": hypothesis.answer,
        "for": [link.evidence.number for link in links if link.speaks_for],
        "against": [link.evidence.number for link in links if not link.speaks_for],
        "created_by": hypothesis.created_by_name,
        "created_at": _write_time(hypothesis.created_at),
        "changed_by": hypothesis.changed_by_name,
        "changed_at": _write_time(hypothesis.changed_at),
    }


def _describe_task(task: CaseTask) -> dict[str, Any]:
    return {
        "number": task.number,
        "title": task.title,
        "state": task.state,
        "assignee": _name(task.assignee) or task.foreign_assignee,
        "due": _write_time(task.due),
        "created_by": task.created_by_name,
        "created_at": _write_time(task.created_at),
        "settled_by": task.settled_by_name,
        "settled_at": _write_time(task.settled_at),
    }


def _describe_notes(case: Case) -> Iterator[dict[str, Any]]:
    """Each note with all of its versions, the first of them first."""
    notes = sorted(case.notes.all(), key=lambda note: (note.first_id, note.version))
    for _, versions in groupby(notes, key=lambda note: note.first_id):
        yield {"versions": [_describe_version_of_note(note) for note in versions]}


def _describe_version_of_note(note: Note) -> dict[str, Any]:
    return {"text": note.text, "author": note.author_name, "written_at": _write_time(note.written_at)}


def _describe_manual_event(event: ManualEvent) -> dict[str, Any]:
    """What was entered by hand, with every version of it, the first of them first."""
    withdrawn = None
    if event.withdrawn_at is not None:
        at, reason = _write_time(event.withdrawn_at), event.withdrawn_reason
        withdrawn = {"at": at, "by": event.withdrawn_by_name, "reason": reason}
    versions = sorted(event.versions.all(), key=lambda version: version.number)
    return {
        "number": event.number,
        "created_by": event.created_by_name,
        "created_at": _write_time(event.created_at),
        "versions": [{**version.words, "by": version.by_name, "at": _write_time(version.at)} for version in versions],
        "withdrawn": withdrawn,
    }


def _describe_clock_skew(skew: ClockSkew) -> dict[str, Any]:
    withdrawn = None
    if skew.withdrawn_at is not None:
        withdrawn = {"at": _write_time(skew.withdrawn_at), "by": skew.withdrawn_by_name}
    return {
        "source_field": skew.field,
        "source": skew.value,
        "offset_ns": skew.offset,
        "reason": skew.reason,
        "created_by": skew.created_by_name,
        "created_at": _write_time(skew.created_at),
        "withdrawn": withdrawn,
    }


def _describe_attachment(attachment: Attachment) -> dict[str, Any]:
    removed = None
    if attachment.removed_at is not None:
        at, reason = _write_time(attachment.removed_at), attachment.removal_reason
        removed = {"at": at, "by": attachment.removed_by_name, "reason": reason}
    return {
        "number": attachment.number,
        "name": attachment.name,
        "description": attachment.description,
        "size": attachment.size,
        "content_type": attachment.content_type,
        "sha256": attachment.sha256,
        "added_by": attachment.added_by_name,
        "added_at": _write_time(attachment.added_at),
        "removed": removed,
    }


def _describe_activity(activity: Activity) -> dict[str, Any]:
    return {
        "at": _write_time(activity.at),
        "by": activity.actor_name,
        "action": activity.action,
        "summary": activity.summary,
        "event_id": activity.event_id,
    }


def _describe_searches(case: Case) -> Iterator[dict[str, Any]]:
    """Each search by which evidence was found, with the numbers of what it found."""
    numbers: dict[bytes, list[int]] = {}
    # Not those of runs of other cases, of which people of this one may not know.
    own = Q(run=None) | Q(run__case=None) | Q(run__case=case)
    rows = case.evidence.not_withdrawn().filter(own).order_by("number").values_list("search", "number")
    for search, number in rows.iterator():
        if search:
            numbers.setdefault(orjson.dumps(search, option=orjson.OPT_SORT_KEYS), []).append(number)
    for search, labels in numbers.items():
        yield {"search": orjson.loads(search), "evidence": labels}


def _describe_run(run: Run) -> dict[str, Any]:
    version = run.version
    return {
        "id": run.public_id,
        "title": run.title,
        "search": run.search,
        "state": run.state,
        "results": run.done,
        "started_by": run.started_by_name,
        "started_at": _write_time(run.created_at),
        "saved_query": None if version is None else {"slug": version.query.slug, "version": version.number},
    }


def _describe_version(version: SavedQueryVersion) -> dict[str, Any]:
    parameters = [{"name": each.name, "kind": each.kind, "label": each.label} for each in version.parameters.all()]
    return {
        "slug": version.query.slug,
        "name": version.query.name,
        "version": version.number,
        "search": version.search,
        "parameters": parameters,
        "created_by": version.created_by_name,
        "created_at": _write_time(version.created_at),
    }
