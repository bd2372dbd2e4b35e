"""The console's own actions as events in the trail: who did what, and who looked at what.

Called inside the transaction of the change: when the trail does not take the event, the change does not happen.
"""

import uuid
from datetime import UTC, datetime
from enum import StrEnum

from accounts.models import User
from investigations.models import Activity, Case
from operations.services import trail
from trail.errors import WriteRefused
from trail.events import nest, without_secrets
from trail.search.bodies import JOURNAL_DATASET
from trail.writer import write

MAX_LABEL = 8_000  # bytes


class Action(StrEnum):
    """Everything the console puts on record."""

    CASE_OPEN = "case.open"
    CASE_CHANGE = "case.change"
    CASE_CLOSE = "case.close"
    CASE_REOPEN = "case.reopen"
    MEMBER_ADD = "case.member.add"
    MEMBER_CHANGE = "case.member.change"
    MEMBER_REMOVE = "case.member.remove"
    NOTE_WRITE = "case.note.write"
    EVIDENCE_PIN = "case.evidence.pin"
    EVIDENCE_WITHDRAW = "case.evidence.withdraw"
    QUERY_SAVE = "query.save"
    QUERY_RETIRE = "query.retire"
    SEARCH = "search.run"
    EVENT_VIEW = "event.view"
    QUESTION = "question.ask"
    RUN_START = "run.start"
    RUN_CANCEL = "run.cancel"
    RUN_READ = "run.read"
    EXPORT_START = "export.start"
    EXPORT_DOWNLOAD = "export.download"


def record(
    action: Action,
    *,
    by: User,
    case: Case | None = None,
    resource: tuple[str, str] | None = None,
    labels: dict[str, str] | None = None,
) -> str:
    """Write one event to the trail and return its id. Raises TrailUnavailable or WriteRefused.

    Titles, notes and reasons stay out: the trail is for ever, and more people read it than a case.
    """
    kind, key = ("case", case.public_id) if case else resource or (None, None)
    document = nest(
        {
            "@timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "event.id": f"console-{uuid.uuid4()}",
            "event.action": str(action),
            "event.outcome": "success",
            "event.dataset": JOURNAL_DATASET,
            "service.name": "auditconsole",
            "user.id": by.username,
            "user.name": by.name,
            "user.roles": [by.role],
            "resource.type": kind,
            "resource.id": key,
            "labels": {name: _label(text) for name, text in (labels or {}).items() if text},
        }
    )
    if not document.get("labels"):
        document.pop("labels", None)
    (outcome,) = write(trail(), [document])
    if outcome.status != "created":
        raise WriteRefused(f"The trail did not take the record of this action ({outcome.status}: {outcome.reason}).")
    return outcome.event_id


def _label(text: str) -> str:
    """As much of a text as a label holds, and no secret."""
    return without_secrets(text)[0].encode()[:MAX_LABEL].decode(errors="ignore")


def record_in_case(action: Action, summary: str, *, by: User, case: Case, labels: dict[str, str] | None = None) -> None:
    """The same, and beside it a line in the case's activity that people of the case read."""
    event_id = record(action, by=by, case=case, labels=labels)
    Activity.objects.create(
        case=case,
        actor=by,
        actor_name=by.name or by.username,
        action=str(action),
        summary=summary[:500],
        event_id=event_id,
    )
