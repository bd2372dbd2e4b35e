"""What is done in cases and in the search, as events in the trail: who did what, and who looked at what.

Called inside the transaction of the change: when the trail does not take the event, the change does not happen.
"""

from enum import StrEnum

from accounts import journal
from accounts.models import User
from investigations.models import Activity, Case


class Action(StrEnum):
    """What the rooms of investigations put on record."""

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
    SEARCH_SHARE = "search.share"
    COMPARE = "search.compare"
    VALUES_READ = "values.read"
    EVENT_VIEW = "event.view"
    EVENT_PROVE = "event.prove"
    QUESTION = "question.ask"
    INDICATORS = "indicators.ask"
    INDICATORS_DOWNLOAD = "indicators.download"
    DETECTION_MAKE = "detection.make"
    DETECTION_CHANGE = "detection.change"
    FINDING_READ = "finding.read"
    FINDING_ACKNOWLEDGE = "finding.acknowledge"
    RUN_START = "run.start"
    RUN_CANCEL = "run.cancel"
    RUN_READ = "run.read"
    EXPORT_START = "export.start"
    EXPORT_CANCEL = "export.cancel"
    EXPORT_DOWNLOAD = "export.download"


def record(
    action: Action,
    *,
    by: journal.Actor,
    case: Case | None = None,
    resource: tuple[str, str] | None = None,
    labels: dict[str, str] | None = None,
    event_id: str = "",
) -> str:
    """Write one event to the trail and return its id, or under an id of one's own; in a case, the case is what it is about.

    Raises TrailUnavailable or WriteRefused.
    """
    about = ("case", case.public_id) if case else resource
    return journal.record(action, by=by, resource=about, labels=labels, event_id=event_id)


def record_in_case(
    action: Action, summary: str, *, by: User, case: Case, labels: dict[str, str] | None = None, event_id: str = ""
) -> None:
    """The same, and beside it a line in the case's activity that people of the case read."""
    event_id = record(action, by=by, case=case, labels=labels, event_id=event_id)
    Activity.objects.create(
        case=case,
        actor=by,
        actor_name=by.name or by.username,
        action=str(action),
        summary=summary[:500],
        event_id=event_id,
    )
