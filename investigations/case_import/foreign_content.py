"""Checks what a case bundle says of its case, member by member, before anything of it is written anywhere."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from investigations.case_import.bundle_file import VerifiedBundle
from investigations.case_import.errors import BadCaseBundle
from investigations.case_import.fields import MOST_NUMBERED, MOST_VERSIONS, Fields
from investigations.case_import.foreign_manual_events import read_clock_skew, read_manual_event
from investigations.entities.services import KINDS, LONGEST
from investigations.models import Case, CaseTask, CustodyEntry, Evidence, Hypothesis, Membership, Run, Verdict
from trail.errors import TrailError
from trail.events import parse_event
from trail.search.spec import Search

# How much of each kind one case may bring of what people write; of what is counted settings.CASE_BUNDLE_PIECES.
MOST_ROWS, MOST_RUNS = 5_000, 500
MOST_TAGS = 50
# Characters of what people wrote: more than is typed, for a merge says of each text where it was written.
LONGEST_TEXT = 100_000
FORMAT, QUERIES_FORMAT = "audit-case/v1", "audit-case-queries/v1"
_CLOSED = Case.Status.CLOSED


@dataclass(frozen=True, slots=True)
class ForeignContent:
    """What a case bundle holds of a case, each part read and found to be what the database takes."""

    words: dict[str, Any]
    people: list[dict[str, str]]
    evidence: dict[int, dict[str, Any]]
    withheld: list[int]
    entities: list[dict[str, Any]]
    hypotheses: list[dict[str, Any]]
    tasks: list[dict[str, Any]]
    notes: list[list[dict[str, Any]]]
    manual_events: list[dict[str, Any]]
    clock_skews: list[dict[str, Any]]
    attachments: list[dict[str, Any]]
    activities: list[dict[str, Any]]


def read_content(bundle: VerifiedBundle, watch: Callable[[], object] = lambda: None) -> ForeignContent:
    """Everything of a bundle but its events. Raises BadCaseBundle, which names what is not as it should be.

    `watch` is called with each row of the long lists, and may raise to stop.
    """
    case = bundle.case
    case.text("format", 40, choices=(FORMAT,))
    pieces = settings.CASE_BUNDLE_PIECES
    evidence = {row["number"]: row for row in map(_read_piece, _tell(case.rows("evidence", pieces), watch))}
    if sorted(evidence) != list(range(1, len(case.values("evidence", pieces)) + 1)):
        raise case.refuse("evidence", "numbered from 1 without a gap")
    present = {number: row for number, row in evidence.items() if not row.pop("is_withdrawn")}
    known = set(present)
    return ForeignContent(
        words=_read_words(Fields.of(case.row.get("case"), "“case”")),
        people=[_read_member(row) for row in case.rows("members", MOST_ROWS)],
        evidence=present,
        withheld=sorted(evidence.keys() - known),
        entities=_read_entities(case, watch),
        hypotheses=[_read_hypothesis(row, known) for row in _numbered(case, "hypotheses")],
        tasks=[_read_task(row) for row in _numbered(case, "tasks")],
        notes=[list(_read_versions(row)) for row in case.rows("notes", MOST_ROWS)],
        manual_events=[read_manual_event(row) for row in _numbered(case, "manual_events")],
        clock_skews=[read_clock_skew(row) for row in case.rows("clock_skews", MOST_ROWS)],
        attachments=[_read_attachment(row) for row in _numbered(case, "attachments")],
        activities=[_read_activity(row) for row in _tell(case.rows("activities", pieces), watch)],
    )


def _tell(rows: list[Fields], watch: Callable[[], object]) -> Iterator[Fields]:
    """The same rows; the watch is told of each."""
    for row in rows:
        watch()
        yield row


def _numbered(case: Fields, name: str) -> list[Fields]:
    rows = case.rows(name, MOST_ROWS)
    if len({row.number("number", MOST_NUMBERED) for row in rows}) < len(rows):
        raise case.refuse(name, "numbered once each")
    return rows


def _read_words(case: Fields) -> dict[str, Any]:
    status = case.text("status", 10, choices=Case.Status.values)
    is_closed = status == _CLOSED
    return {
        "title": case.text("title", 200, least=1),
        "description": case.text("summary", 20_000),
        "status": status,
        "severity": case.text("severity", 10, choices=Case.Severity.values),
        "disposition": case.text("disposition", 20, choices=Case.Disposition.values) if is_closed else "",
        "closing_reason": case.text("closing_reason", 2_000),
        "closed_at": case.time("closed_at") if is_closed else None,
        "is_restricted": case.flag("restricted"),
        "tags": case.texts("tags", MOST_TAGS, 40),
        "number": case.text("number", 16, least=1),
        "id": case.text("id", 16, least=1),
        "assignee": case.text("assignee", 200),
        "opened_by": case.text("opened_by", 200),
        "opened_at": case.time("opened_at"),
    }


def _read_member(row: Fields) -> dict[str, str]:
    return {"name": row.text("name", 200), "level": row.text("level", 10, choices=Membership.Level.values)}


def _read_piece(row: Fields) -> dict[str, Any]:
    relevance = row.text("relevance", 10)
    if relevance and relevance not in Evidence.Relevance.values:
        raise row.refuse("relevance", "one that evidence has")
    withdrawn = row.object_or_none("withdrawn")
    return {
        "number": row.number("number", settings.CASE_BUNDLE_PIECES),
        "kind": row.text("kind", 10, choices=Evidence.Kind.values),
        "event_id": row.text("event_id", 512, least=1),
        "digest": row.text("digest", 64, least=64),
        "reason": row.text("reason", LONGEST_TEXT),
        "relevance": relevance,
        "tags": row.texts("tags", MOST_TAGS, 40),
        "search": _read_search(row),
        "pinned_by": row.text("pinned_by", 200),
        "pinned_at": row.time("pinned_at"),
        "is_withdrawn": withdrawn is not None,
    }


def read_foreign_runs(queries: Fields) -> list[dict[str, Any]]:
    """The runs of a case at the other console, the first MOST_RUNS of them. Raises BadCaseBundle."""
    queries.text("format", 40, choices=(QUERIES_FORMAT,))
    return [_read_run(row) for row in queries.rows("runs", settings.CASE_BUNDLE_PIECES)[:MOST_RUNS]]


def _read_run(row: Fields) -> dict[str, Any]:
    query = row.object_or_none("saved_query")
    return {
        "title": row.text("title", 200),
        "search": _read_search(row),
        "state": row.text("state", 10, choices=Run.State.values),
        "results": row.number("results", 2**53 - 1),
        "started_by": row.text("started_by", 200),
        "started_at": row.time("started_at").isoformat(),
        "saved_query": f"{query.text('slug', 100)}, version {query.number('version')}" if query else "",
    }


def _read_search(row: Fields) -> dict[str, Any]:
    """The search by which it was found, as a search of ours is kept."""
    search = row.row.get("search")
    if not isinstance(search, dict):
        raise row.refuse("search", "an object")
    if not search:
        return {}
    try:
        return dict(Search.from_json(search).to_json())
    except (TrailError, TypeError, ValueError, AttributeError):
        raise row.refuse("search", "a search") from None


def _read_entities(case: Fields, watch: Callable[[], object]) -> list[dict[str, Any]]:
    entities = []
    for row in _tell(case.rows("entities", settings.CASE_BUNDLE_PIECES), watch):
        field, value = row.text("field", 40, choices=KINDS), row.text("value", LONGEST, least=1)
        verdicts = [_read_verdict(each) for each in row.rows("verdicts", MOST_ROWS)]
        entities.append({"field": field, "value": value, "verdicts": verdicts})
    if len({(each["field"], each["value"]) for each in entities}) < len(entities):
        raise case.refuse("entities", "a list in which each stands once")
    return entities


def _read_verdict(row: Fields) -> dict[str, Any]:
    return {
        "word": row.text("word", 20, choices=Verdict.Word.values),
        "reason": row.text("reason", 500),
        "by": row.text("by", 200),
        "at": row.time("at"),
    }


def _read_hypothesis(row: Fields, known: set[int]) -> dict[str, Any]:
    sides = {name: row.numbers(name, settings.CASE_BUNDLE_PIECES) for name in ("for", "against")}
    if set(sides["for"]) & set(sides["against"]):
        raise row.refuse("against", "free of what speaks for it")
    return {
        "number": row.number("number", MOST_NUMBERED),
        "statement": row.text("statement", 300),
        "state": row.text("state", 10, choices=Hypothesis.State.values),
        "answer": row.text("answer", LONGEST_TEXT),
        "created_by": row.text("created_by", 200),
        "created_at": row.time("created_at"),
        "changed_by": row.text("changed_by", 200),
        "changed_at": row.time_or_none("changed_at"),
        **{name: [number for number in numbers if number in known] for name, numbers in sides.items()},
    }


def _read_task(row: Fields) -> dict[str, Any]:
    return {
        "number": row.number("number", MOST_NUMBERED),
        "title": row.text("title", 200),
        "state": row.text("state", 10, choices=CaseTask.State.values),
        "due": row.day_or_none("due"),
        "assignee": row.text("assignee", 200),
        "created_by": row.text("created_by", 200),
        "created_at": row.time("created_at"),
        "settled_by": row.text("settled_by", 200),
        "settled_at": row.time_or_none("settled_at"),
    }


def _read_versions(row: Fields) -> Iterator[dict[str, Any]]:
    versions = row.rows("versions", MOST_VERSIONS)
    if not versions:
        raise row.refuse("versions", "a list with a version in it")
    for each in versions:
        words = {"text": each.text("text", LONGEST_TEXT), "author": each.text("author", 200)}
        yield words | {"written_at": each.time("written_at")}


def _read_attachment(row: Fields) -> dict[str, Any]:
    removed = row.object_or_none("removed")
    return {
        "number": row.number("number", MOST_NUMBERED),
        "name": row.text("name", 255),
        "description": row.text("description", 500),
        "size": row.number("size", 2**53 - 1),
        "content_type": row.text("content_type", 120),
        "sha256": row.text("sha256", 64, least=64),
        "added_by": row.text("added_by", 200),
        "added_at": row.time("added_at"),
        "removed_at": removed and removed.time("at"),
        "removed_by": removed.text("by", 200) if removed else "",
        "removal_reason": removed.text("reason", 500) if removed else "",
    }


def _read_activity(row: Fields) -> dict[str, Any]:
    return {
        "at": row.time("at"),
        "by": row.text("by", 200),
        "action": row.text("action", 40),
        "summary": row.text("summary", 500),
    }


def read_custody(entry: dict[str, Any]) -> dict[str, Any]:
    """One act on foreign evidence, of a line of the bundle of events. Raises BadCaseBundle."""
    row = Fields.of(entry, "an entry of custody")
    return {
        "evidence": row.text("evidence", 20),
        "action": row.text("action", 10, choices=CustodyEntry.Action.values),
        "at": row.time("at"),
        "by": row.text("by", 200),
        "address": row.text("address", 64),
        "client": row.text("client", 1_000),
        "detail": row.text("detail", 500),
    }


def check_event(document: dict[str, Any], label: str) -> None:
    """That a foreign event is one that our pages know how to show. Raises BadCaseBundle."""
    try:
        parse_event(document, is_derived=True)
    except TrailError as error:
        raise BadCaseBundle(f"The event of {label} is not one of this console's schema: {error}.") from error
