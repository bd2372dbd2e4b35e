"""Write what came, and answer for each. What is refused for good is kept for a person to see before it is answered."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from django.db import Error as DatabaseError

from operations.ingest.entries import Entry
from operations.ingest.errors import NotTaken
from operations.models import WriterKey
from operations.services import incidents, rejected
from operations.services.rejected import Rejected
from trail.connection import Trail
from trail.errors import InvalidEvent, TrailBusy, TrailError, TrailUnavailable, WriteUnknown
from trail.writer import BATCH, Outcome, attempt

log = logging.getLogger(__name__)
# From best to worst. The last three may be sent again; an answer to a request may be no success while one of them is in it.
Status = Literal["created", "existing", "conflict", "invalid", "busy", "unavailable", "unknown"]
DURABLE = frozenset({"created", "existing"})
REFUSED = frozenset({"conflict", "invalid"})
_ORDER = ("existing", "created", "conflict", "invalid", "busy", "unavailable", "unknown")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one entry. `field` and `expected` say of what is invalid where and why; `reason` of the rest."""

    event_id: str
    status: Status
    reason: str = ""
    field: str = ""
    expected: str = ""


class _Engine:
    """What this process knows of the engine, so that the database is asked only when something changed."""

    well = False


def write(trail: Trail, key: WriterKey, source: str, entries: Iterable[Entry]) -> list[Answer]:
    """Write entries and answer for each, in order. Never raises for the trail or the database: the answers say it."""
    answers: list[Answer] = []
    refused: list[tuple[int, Rejected]] = []
    failed: TrailError | None = None
    rest = iter(entries)
    while some := list(islice(rest, BATCH)):
        outcomes, failed = _outcomes(trail, some, failed)
        for entry, own in zip(some, outcomes, strict=True):
            answer = max(own, key=lambda one: _ORDER.index(one.status))
            if answer.status in REFUSED:
                refused.append((len(answers), _rejected(entry, answer)))
            answers.append(answer)
    _keep(key, source, refused, answers)
    _report(key, answers)
    return answers


def _outcomes(
    trail: Trail, entries: Sequence[Entry], failed: TrailError | None
) -> tuple[list[list[Answer]], TrailError | None]:
    """The answers of some entries, for each of its events. After an outage the rest of a request is not tried."""
    events = [event for entry in entries for event in entry.events]
    found = iter([failed] * len(events) if failed else attempt(trail, events))
    answers: list[list[Answer]] = []
    for entry in entries:
        if entry.problem is not None:
            answers.append([_invalid(entry.claimed_id, entry.problem)])
            continue
        own = []
        for event in entry.events:
            outcome = next(found)
            if isinstance(outcome, TrailUnavailable):
                failed = outcome
            own.append(_answer(event.id, outcome))
        answers.append(own)
    return answers, failed


def _answer(event_id: str, outcome: Outcome | TrailError | None) -> Answer:
    match outcome:
        case Outcome(status="invalid"):
            return Answer(event_id, "invalid", outcome.reason, "event", outcome.reason)
        case Outcome():
            return Answer(event_id, outcome.status, outcome.reason)
        case TrailBusy():
            return Answer(event_id, "busy", str(outcome))
        case WriteUnknown():
            return Answer(event_id, "unknown", str(outcome))
    return Answer(event_id, "unavailable", str(outcome))


def _invalid(event_id: str, problem: InvalidEvent) -> Answer:
    return Answer(event_id, "invalid", str(problem), problem.field, problem.expected)


def _rejected(entry: Entry, answer: Answer) -> Rejected:
    status: Literal["invalid", "conflict"] = "conflict" if answer.status == "conflict" else "invalid"
    return Rejected(entry.text.decode("utf-8", "surrogateescape"), answer.reason, answer.field, status)


def keep_whole(key: WriterKey, source: str, body: bytes, refusal: NotTaken) -> NotTaken:
    """Keep a body in which no single event can be told; what to answer."""
    try:
        rejected.keep(
            key.writer, source, [Rejected(body.decode("utf-8", "surrogateescape"), refusal.sentence, "", "invalid")]
        )
    except DatabaseError:
        log.exception("A rejected body of %s could not be kept.", key.writer)
        return NotTaken(503, "It was refused, and could not be kept for a person to see; send the same again later.")
    return refusal


def _keep(key: WriterKey, source: str, refused: list[tuple[int, Rejected]], answers: list[Answer]) -> None:
    """Keep what was refused; where that fails it is no answer yet, for what is refused must not disappear."""
    if not refused:
        return
    try:
        rejected.keep(key.writer, source, (one for _, one in refused))
    except DatabaseError:
        log.exception("Rejected events of %s could not be kept.", key.writer)
        for number, one in refused:
            reason = f"It was refused ({one.reason}), and could not be kept for a person to see."
            answers[number] = Answer(answers[number].event_id, "unavailable", reason)


def _report(key: WriterKey, answers: list[Answer]) -> None:
    """An incident when something is not durable; its end when something is again. Nothing while all is well."""
    failed = [answer for answer in answers if answer.status not in DURABLE | REFUSED]
    try:
        if failed:
            _Engine.well = False
            incidents.failed(
                incidents.Kind.OUTAGE, incidents.ENGINE, failed[0].reason, writer=key.writer, events=len(failed)
            )
        elif not _Engine.well and any(answer.status in DURABLE for answer in answers):
            incidents.over(incidents.Kind.OUTAGE, incidents.ENGINE, "Events are written again.")
            _Engine.well = True
    except (DatabaseError, OSError):
        log.exception("An incident of %s could not be put on record.", key.writer)


def chunks(body: bytes) -> Iterator[bytes]:
    """The lines of a body, without the empty ones."""
    return (line for part in body.split(b"\n") if (line := part.strip(b" \t\r")))  # the space of JSON, no other
