"""Records what people and programs do in the console as events of the trail; the rooms above name the actions.

A change is recorded inside its transaction: when the trail does not take the event, the change does not happen. What is
looked at, who signs in and what is refused is an *access*: its record is durable on this machine's disk before the answer
leaves, and the keeper delivers it, so that a trail that is down keeps nobody out.
"""

import hashlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

import orjson
from django.conf import settings

from core import access_spool, request_context
from core.connection import trail
from core.record_key import read_signer
from core.request_context import RequestContext
from trail.connection import deadline
from trail.documents import get, nest
from trail.errors import WriteRefused
from trail.events import make_id
from trail.integrity.record_signature import sign_record
from trail.questions.statements import refresh
from trail.redaction import remove_secrets
from trail.reserved_names import AUDIT_DATASET, AUDIT_WRITER
from trail.search.execute import find
from trail.search.spec import WHOLE_TRAIL
from trail.times import format_datetime
from trail.writing.writer import write

MAX_LABEL = 8_000  # bytes


class Actor(Protocol):
    """Who does something: a person, or a program that came with a key."""

    @property
    def username(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Program:
    """A program, as it stands on record. No person's username holds a colon, so that none is taken for it."""

    username: str
    name: str
    role: str = "program"


class AccessAction(StrEnum):
    """What is on record of a request about which no room says anything more exact."""

    PAGE_VIEW = "page.view"
    PAGE_SUBMIT = "page.submit"
    REFUSE = "access.refuse"


@dataclass(frozen=True, slots=True)
class Result:
    """How it ended: `reason` says why where it failed; `hits` is how many results it had, `seconds` how long it took."""

    outcome: str = "success"
    reason: str = ""
    hits: int | None = None
    seconds: float | None = None


SUCCESS = Result()


def record(
    action: StrEnum,
    *,
    by: Actor,
    resource: tuple[str, str] | None,
    labels: dict[str, str] | None = None,
    at: datetime | None = None,
    event_id: str = "",
) -> str:
    """Write one event to the trail and return its id, within AUDIT_RECORD_SECONDS. Raises TrailUnavailable or WriteRefused.

    What was done while the trail was down is recorded later, with its own time and an id of its own (`at`, `event_id`):
    then it is once on record however often it is tried, by whoever tries, and says nothing of the request that
    happens to write it.
    Titles, notes and reasons stay out: the trail is for ever, and more people read it than a case.
    """
    document = _build_document(action, by=by, resource=resource, labels=labels or {}, at=at, event_id=event_id)
    with deadline(settings.AUDIT_RECORD_SECONDS):
        (outcome,) = write(trail(), [document], by_console=True)
        is_there = at is not None and outcome.status == "conflict" and _is_same_act(document)
    if not is_there and outcome.status not in ("created", "existing"):
        raise WriteRefused(f"The trail did not take the record of this action ({outcome.status}: {outcome.reason}).")
    _remember(action)
    return outcome.event_id


def record_access(
    action: StrEnum,
    *,
    by: Actor,
    resource: tuple[str, str] | None = None,
    labels: dict[str, str] | None = None,
    result: Result = SUCCESS,
) -> str:
    """Put an access on record and return the event's id, once it is durable on this machine. Raises WriteRefused.

    Equal ones of the same person within a minute become one event with a count when they are delivered.
    """
    document = _build_document(action, by=by, resource=resource, labels=labels or {}, result=result)
    access_spool.append(orjson.dumps({"equal": _digest(document), "document": document}))
    _remember(action)
    return str(document["event"]["id"])


def _is_same_act(document: dict[str, Any]) -> bool:
    """Whether what stands under the record's id differs from it in who did it alone: a role, a name, or who tried again.

    Nobody but the console writes events of this dataset.
    """
    event_id = str(document["event"]["id"])
    refresh(trail())  # it is not shown within the first second after it was written
    hit = find(trail(), [event_id], WHOLE_TRAIL).get(event_id)
    names = ("@timestamp", "event.action", "event.dataset", "service.name", "resource", "labels")
    return hit is not None and all(get(hit.document, name) == get(document, name) for name in names)


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Every record of the console as it is written: signed, which is the last step of each. Raises WriteRefused."""
    return sign_record(document, read_signer())


def _build_document(
    action: StrEnum,
    *,
    by: Actor,
    resource: tuple[str, str] | None,
    labels: dict[str, str],
    at: datetime | None = None,
    event_id: str = "",
    result: Result = SUCCESS,
) -> dict[str, Any]:
    kind, key = resource or (None, None)
    request = request_context.current() if at is None else None
    labels = {**labels, **_describe_result(result, request)}
    return complete(
        nest(
            {
                "@timestamp": format_datetime(at or datetime.now(UTC)),
                "event.id": event_id or make_id("console", at),
                "event.action": str(action),
                "event.outcome": result.outcome,
                "event.reason": result.reason,
                "event.dataset": AUDIT_DATASET,
                "service.name": AUDIT_WRITER,
                "user.id": by.username,
                "user.name": by.name,
                "user.roles": [by.role],
                "source.ip": request.address if request else None,
                "user_agent.original": _label(request.client) if request else None,
                "http.request.method": request.method if request else None,
                "resource.type": kind,
                "resource.id": _label(key) if key else None,
                "labels": {name: _label(text) for name, text in labels.items() if text} or None,
            }
        )
    )


def _describe_result(result: Result, request: RequestContext | None) -> dict[str, str]:
    """The session, the duration and the number of results, as labels."""
    seconds = result.seconds if result.seconds is not None or not request else time.monotonic() - request.began
    hits = result.hits if result.hits is not None or not request else request.hits
    return {
        "session": request.session if request else "",
        "duration_ms": "" if seconds is None else str(round(seconds * 1000)),
        "hits": "" if hits is None else str(hits),
    }


def _digest(document: dict[str, Any]) -> str:
    """The same for two accesses that differ in nothing but time, duration, number of results and the client's own words."""
    labels = {name: text for name, text in document.get("labels", {}).items() if name not in ("duration_ms", "hits")}
    names = ("event.action", "event.outcome", "event.reason", "user.id", "source.ip", "http.request.method", "resource")
    same = [labels, *(get(document, name) for name in names)]
    return hashlib.sha256(orjson.dumps(same, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _remember(action: StrEnum) -> None:
    if request := request_context.current():
        request.actions.add(str(action))


def _label(text: str) -> str:
    """As much of a text as a label holds, and no secret."""
    return remove_secrets(text)[0].encode()[:MAX_LABEL].decode(errors="ignore")
