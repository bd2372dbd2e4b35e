"""Builds the report of an example, so that an admin, who sees no cases, sees what a template makes."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import orjson
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.models import User
from investigations.admission import admit_report
from investigations.entities.services import EntitySummary
from investigations.models import Case, CaseReport, CaseTask, Evidence, Note, ReportTemplate, Verdict
from investigations.reports.case_record import CaseRecord, read_sealed_state
from investigations.reports.content import build_report_of
from investigations.reports.html import render_report
from trail.canonical_form import compute_digest
from trail.search.execute import sortable_time

_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
_EVENTS = (
    ("2026-03-01T08:12:04.120Z", "token.issue", "token.issue", "success", "198.51.100.7"),
    ("2026-03-01T09:40:31.007Z", "token.use", "repository.read", "success", "203.0.113.77"),
    ("2026-03-01T09:58:12.480Z", "token.revoke", "token.revoke", "success", "198.51.100.7"),
    ("2026-03-01T10:02:55.301Z", "token.use", "repository.read", "failure", "203.0.113.77"),
)


def render_example(template: ReportTemplate, by: User) -> SafeString:
    """The report of the example as the template, which may be unsaved, puts it together. Raises Busy."""
    choice = CaseReport(
        introduction=template.introduction,
        closing=template.closing,
        sections=template.sections,
        left_out=template.left_out,
    )
    with admit_report(by), timezone.override(UTC):
        return render_report(build_report_of(choice, _build_record(), by))


def _build_record() -> CaseRecord:
    """A case that there is not. Nothing of it is saved."""
    case = Case(
        number="C-0000-0000",
        public_id="example",
        title="Example: a leaked token",
        opened_at=_AT,
        opened_by_name="Example",
        description="This case is made up, to show what a template makes of one. See **E2**.",
    )
    events = [_build_evidence(case, number, *event) for number, event in enumerate(_EVENTS, 1)]
    verdict = Verdict(word=Verdict.Word.MALICIOUS, reason="It used the token twice", by_name="Example", at=_AT)
    checkpoint, problem = read_sealed_state()
    # Of what is not named here the example has none.
    counts = Counter({"events": len(events), "unproved": len(events), "notes": 1, "tasks": 1})
    return CaseRecord(
        case=case,
        made_at=timezone.now().replace(microsecond=0),
        events=events,
        absences=(),
        statements=(),
        withdrawn=(),
        last=events[-1].event_timestamp,
        counts=counts,
        entities=[EntitySummary("source.ip", "203.0.113.77", 2, verdict, (2, 4))],
        hypotheses=(),
        manual_events=(),
        clock_skews=(),
        tasks=[CaseTask(number=1, title="Rotate what the token could read", created_by_name="Example")],
        notes=[Note(text="The runner was **not** involved.", author_name="Example", written_at=_AT)],
        people=(),
        runs=(),
        acts=(),
        activity=(),
        checkpoint=checkpoint,
        problem=problem,
        foreign=None,
    )


def _build_evidence(
    case: Case, number: int, time: str, operation: str, action: str, outcome: str, address: str
) -> Evidence:
    document: dict[str, Any] = {
        "@timestamp": time,
        "event": {"id": f"example-{number}", "action": action, "outcome": outcome, "dataset": "example"},
        "token": {"id": "tok_example", "kind": "service", "operation": operation},
        "user": {"id": "usr_example"},
        "source": {"ip": address},
        "service": {"name": "example"},
    }
    return Evidence(
        case=case,
        number=number,
        event_id=f"example-{number}",
        event_timestamp=time,
        event_place=sortable_time(time),
        frozen=orjson.dumps(document),
        digest=compute_digest(document),
        reason="It shows what a reason is",
        pinned_by_name="Example",
        pinned_at=_AT,
    )
