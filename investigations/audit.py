"""Writes what is done in cases and in the search to the audit log: who did what, and who looked at what.

Called inside the transaction of the change: when the trail does not take the event, the change does not happen.
"""

from datetime import datetime
from enum import StrEnum

from accounts.models import User
from core import audit
from investigations.models import Activity, Case


class CaseAction(StrEnum):
    """What the rooms of investigations put on record."""

    CASE_OPEN = "case.open"
    CASE_READ = "case.read"
    CASE_CHANGE = "case.change"
    CASE_CONTAIN = "case.contain"
    CASE_CLOSE = "case.close"
    CASE_REOPEN = "case.reopen"
    CASE_MERGE = "case.merge"
    CASE_RESTRICT = "case.restrict"
    CASE_LIFT_RESTRICTION = "case.restriction.lift"
    CASE_BREAK_GLASS = "case.glass.break"
    MEMBER_ADD = "case.member.add"
    MEMBER_CHANGE = "case.member.change"
    MEMBER_REMOVE = "case.member.remove"
    CASE_TEMPLATE_SAVE = "case.template.save"
    CASE_IMPORT = "case.import"
    CASE_IMPORT_CANCEL = "case.import.cancel"
    CASE_IMPORT_FAIL = "case.import.fail"
    CASE_IMPORT_READ = "case.import.read"
    CASE_BUNDLE_UPLOAD = "case.bundle.upload"
    CASE_BUNDLE_REFUSE = "case.bundle.refuse"
    CASE_BUNDLE_DROP = "case.bundle.drop"
    FOREIGN_KEY_ACCEPT = "foreign_key.accept"
    FOREIGN_KEY_REVOKE = "foreign_key.revoke"
    NOTES_READ = "case.notes.read"
    ACTIVITY_READ = "case.activity.read"
    ENTITIES_READ = "case.entities.read"
    ENTITY_JUDGE = "case.entity.judge"
    HYPOTHESES_READ = "case.hypotheses.read"
    HYPOTHESIS_ADD = "case.hypothesis.add"
    HYPOTHESIS_CHANGE = "case.hypothesis.change"
    TASKS_READ = "case.tasks.read"
    TASK_ADD = "case.task.add"
    TASK_CHANGE = "case.task.change"
    TASK_SETTLE = "case.task.settle"
    MANUAL_EVENTS_READ = "case.manual_events.read"
    MANUAL_EVENT_ADD = "case.manual_event.add"
    MANUAL_EVENT_CHANGE = "case.manual_event.change"
    MANUAL_EVENT_WITHDRAW = "case.manual_event.withdraw"
    CLOCK_SKEWS_READ = "case.clock_skews.read"
    CLOCK_SKEW_ADD = "case.clock_skew.add"
    CLOCK_SKEW_WITHDRAW = "case.clock_skew.withdraw"
    NOTE_WRITE = "case.note.write"
    NOTE_EDIT = "case.note.edit"
    NOTE_READ = "case.note.read"
    ATTACHMENTS_READ = "case.attachments.read"
    ATTACHMENT_ADD = "case.attachment.add"
    ATTACHMENT_DOWNLOAD = "case.attachment.download"
    ATTACHMENT_REMOVE = "case.attachment.remove"
    EVIDENCE_PIN = "case.evidence.pin"
    PIN_BATCH_START = "case.evidence.pin.start"
    PIN_BATCH_END = "case.evidence.pin.end"
    PIN_BATCH_CANCEL = "case.evidence.pin.cancel"
    PIN_BATCH_READ = "case.evidence.pin.read"
    EVIDENCE_READ = "case.evidence.read"
    EVIDENCE_WITHDRAW = "case.evidence.withdraw"
    EVIDENCE_ANNOTATE = "case.evidence.annotate"
    EVIDENCE_VERIFY = "case.evidence.verify"
    CUSTODY_READ = "case.custody.read"
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
    DETECTION_READ = "detection.read"
    FINDINGS_READ = "findings.read"
    FINDING_READ = "finding.read"
    FINDING_ACKNOWLEDGE = "finding.acknowledge"
    RUN_START = "run.start"
    RUN_CANCEL = "run.cancel"
    RUN_READ = "run.read"
    REDACTION_READ = "redaction.read"
    REDACTION_MAKE = "redaction.make"
    REDACTION_RETIRE = "redaction.retire"
    REPORT_READ = "case.report.read"
    REPORT_CHANGE = "case.report.change"
    REPORT_DOWNLOAD = "case.report.download"
    REPORT_TEMPLATE_SAVE = "report.template.save"
    EXPORT_READ = "export.read"
    EXPORT_START = "export.start"
    EXPORT_CANCEL = "export.cancel"
    EXPORT_FAIL = "export.fail"
    EXPORT_DOWNLOAD = "export.download"
    EXPORT_REMOVE = "export.remove"


def record(
    action: CaseAction,
    *,
    by: audit.Actor,
    case: Case | None = None,
    resource: tuple[str, str] | None = None,
    labels: dict[str, str] | None = None,
    at: datetime | None = None,
    event_id: str = "",
) -> str:
    """Write one event to the trail and return its id, or under an id of one's own; in a case, the case is what it is about.

    Who keeps the id to try again keeps its time too (`at`), so that the record is there once.

    Raises TrailUnavailable or WriteRefused.
    """
    subject = ("case", case.public_id) if case else resource
    return audit.record(action, by=by, resource=subject, labels=labels, at=at, event_id=event_id)


def record_access(
    action: CaseAction,
    *,
    by: audit.Actor,
    case: Case | None = None,
    resource: tuple[str, str] | None = None,
    labels: dict[str, str] | None = None,
    result: audit.Result = audit.SUCCESS,
) -> None:
    """The same of what is only looked at, which goes on while the trail is down. Raises WriteRefused."""
    subject = ("case", case.public_id) if case else resource
    audit.record_access(action, by=by, resource=subject, labels=labels, result=result)


def record_in_case(
    action: CaseAction,
    summary: str,
    *,
    by: User,
    case: Case,
    labels: dict[str, str] | None = None,
    at: datetime | None = None,
    event_id: str = "",
) -> str:
    """The same, and beside it a line in the case's activity that people of the case read."""
    event_id = record(action, by=by, case=case, labels=labels, at=at, event_id=event_id)
    Activity.objects.create(
        case=case,
        actor=by,
        actor_name=by.name or by.username,
        action=str(action),
        summary=summary[:500],
        event_id=event_id,
    )
    return event_id
