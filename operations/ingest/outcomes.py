"""Writes the entries of a request to the trail and answers for each; what is refused for good is kept before it is answered."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from django.db import Error as DatabaseError

from operations.imports.month_limit import MonthLimit, limit_writer
from operations.incidents import services as incidents
from operations.ingest.entries import Entry
from operations.ingest.errors import RequestRefused
from operations.models import WriterKey
from operations.rejected.services import RejectedText, keep_rejected
from trail.connection import Trail
from trail.errors import InvalidEvent, TrailBusy, TrailError, TrailUnavailable, WriteUnknown
from trail.writing.writer import BATCH, Outcome, attempt_writes

log = logging.getLogger(__name__)
# The last three may be sent again; an answer to a request is no success while one of them is in it.
EntryStatus = Literal["created", "existing", "conflict", "invalid", "busy", "unavailable", "unknown"]
DURABLE = frozenset({"created", "existing"})
REFUSED = frozenset({"conflict", "invalid"})
# Of the events that one entry makes, the worst decides.
_FROM_BEST_TO_WORST = ("existing", "created", "conflict", "invalid", "busy", "unavailable", "unknown")


@dataclass(frozen=True, slots=True)
class EntryOutcome:
    """What became of one entry. `field` and `expected` say of what is invalid where and why; `reason` of every other.

    `error` is what the trail raised, where the entry may be sent again.
    """

    event_id: str
    status: EntryStatus
    reason: str = ""
    field: str = ""
    expected: str = ""
    error: TrailError | None = None


class _Engine:
    """What this process knows of the engine, so that the database is asked only when something changed."""

    well = False


def write_entries(trail: Trail, key: WriterKey, source: str, entries: Iterable[Entry]) -> list[EntryOutcome]:
    """Write entries and answer for each, in order. Never raises for the trail or the database: the outcomes say it."""
    outcomes: list[EntryOutcome] = []
    refused: dict[int, RejectedText] = {}
    outage: TrailError | None = None
    remaining = iter(entries)
    limit = limit_writer(key.writer)
    while batch := list(islice(remaining, BATCH)):
        answered, outage = _write_batch(trail, batch, outage, limit)
        for entry, outcome in zip(batch, answered, strict=True):
            if outcome.status in REFUSED:
                refused[len(outcomes)] = _reject(key, entry, outcome)
            outcomes.append(outcome)
    _keep_refused(key, source, refused, outcomes)
    _report_outage(key, outcomes)
    return outcomes


def _write_batch(
    trail: Trail, entries: Sequence[Entry], outage: TrailError | None, limit: MonthLimit
) -> tuple[list[EntryOutcome], TrailError | None]:
    """The outcome of each entry, and the outage if there is one. After an outage the remaining entries are not tried."""
    problems, outage = ({}, outage) if outage else _find_month_problems(trail, entries, limit)
    sent = [entry for entry in entries if not any(event.id in problems for event in entry.events)]
    events = [event for entry in sent for event in entry.events]
    attempted = iter([outage] * len(events) if outage else attempt_writes(trail, events))
    outcomes: list[EntryOutcome] = []
    for entry in entries:
        if entry.problem is not None:
            outcomes.append(_describe_invalid(entry.claimed_id, entry.problem))
            continue
        if refused := [event.id for event in entry.events if event.id in problems]:
            outcomes.append(_describe_invalid(refused[0], problems[refused[0]]))
            continue
        parts = []
        for event in entry.events:
            result = next(attempted)
            if isinstance(result, TrailUnavailable) and outage is None:
                outage = TrailUnavailable("The trail does not answer, so this was not sent to it.")
                outage.__cause__ = result
            parts.append(_describe_result(event.id, result))
        outcomes.append(max(parts, key=lambda part: _FROM_BEST_TO_WORST.index(part.status)))
    return outcomes, outage


def _find_month_problems(
    trail: Trail, entries: Sequence[Entry], limit: MonthLimit
) -> tuple[dict[str, InvalidEvent], TrailError | None]:
    """Why events are too old, or of one new month too many, by their ids; or what keeps that from being known."""
    try:
        return limit.find_problems(trail, [event for entry in entries for event in entry.events]), None
    except TrailUnavailable as error:
        return {}, error
    except DatabaseError:
        log.exception("Which months a writer opened cannot be read")
        return {}, TrailBusy("Which months this key may open cannot be read just now.")


def _describe_result(event_id: str, result: Outcome | TrailError | None) -> EntryOutcome:
    match result:
        case Outcome(status="invalid"):
            return EntryOutcome(event_id, "invalid", result.reason, "event", result.reason)
        case Outcome():
            return EntryOutcome(event_id, result.status, result.reason)
        case TrailBusy():
            return EntryOutcome(event_id, "busy", str(result), error=result)
        case WriteUnknown():
            return EntryOutcome(event_id, "unknown", str(result), error=result)
    return EntryOutcome(event_id, "unavailable", str(result), error=result)


def _describe_invalid(event_id: str, problem: InvalidEvent) -> EntryOutcome:
    return EntryOutcome(event_id, "invalid", str(problem), problem.field, problem.expected)


def _reject(key: WriterKey, entry: Entry, outcome: EntryOutcome) -> RejectedText:
    return RejectedText(
        entry.text.decode("utf-8", "surrogateescape"),
        outcome.reason,
        outcome.field,
        "conflict" if outcome.status == "conflict" else "invalid",
        format=entry.format,
        dataset=key.dataset,
        given_id=entry.given_id,
    )


def keep_body(key: WriterKey, source: str, body: bytes, refusal: RequestRefused) -> RequestRefused:
    """Keep a body in which no single event can be told; returns what to answer."""
    text = RejectedText(body.decode("utf-8", "surrogateescape"), refusal.sentence, "", "invalid")
    try:
        keep_rejected(key.writer, source, [text])
    except DatabaseError:
        log.exception("A rejected body of %s could not be kept.", key.writer)
        return RequestRefused(
            503, "It was refused, and could not be kept for a person to see; send the same again later."
        )
    return refusal


def _keep_refused(key: WriterKey, source: str, refused: dict[int, RejectedText], outcomes: list[EntryOutcome]) -> None:
    """Keep what was refused, by its place; where that fails it is no answer yet, for what is refused must not disappear."""
    if not refused:
        return
    try:
        keep_rejected(key.writer, source, refused.values())
    except DatabaseError as error:
        log.exception("Rejected events of %s could not be kept.", key.writer)
        for place, text in refused.items():
            reason = f"It was refused ({text.reason}), and could not be kept for a person to see."
            outcomes[place] = EntryOutcome(outcomes[place].event_id, "unavailable", reason)
        incidents.record_database_outage(error, writer=key.writer, events=len(refused))


def _report_outage(key: WriterKey, outcomes: list[EntryOutcome]) -> None:
    """Put an outage of the trail on record, or its end. The database is not asked while all is well."""
    errors = [outcome.error for outcome in outcomes if outcome.error and incidents.is_trail_outage(outcome.error)]
    with incidents.best_effort():
        if errors:
            _Engine.well = False
            incidents.record_trail_outage(errors[0], writer=key.writer, events=len(errors))
        elif not _Engine.well and any(outcome.status in DURABLE for outcome in outcomes):
            incidents.record_recovery(incidents.IncidentKind.OUTAGE, incidents.ENGINE, "Events are written again.")
            _Engine.well = True
