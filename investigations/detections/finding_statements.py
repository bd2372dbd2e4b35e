"""Pins a finding to a case as a statement: the rule as it was, the events that it named, and what people said of it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Unpack

from accounts.models import User
from core.connection import trail
from investigations.coverage import add_doubts
from investigations.evidence.services import PinThoughts, PinWords, expect_words
from investigations.evidence.statements import (
    LEFT_OUT,
    build_scope_of,
    name_person,
    pin_statement,
    read_checkpoint,
)
from investigations.models import Case, Detection, Evidence, Finding
from trail.questions import finding_statement
from trail.questions.finding_statement import RaisedFinding
from trail.questions.statements import count_search
from trail.search.spec import Search
from trail.times import format_datetime


def pin_finding(*, finding: Finding, case: Case, reason: str, by: User, **thoughts: Unpack[PinThoughts]) -> Evidence:
    """Freeze a finding in the case as it is now. Raises Refused without a reason; CaseClosed, TrailUnavailable."""
    words = PinWords(reason, **thoughts)
    expect_words(case, words)
    search, scope, now = Search.from_json(finding.search), build_scope_of(case), datetime.now(UTC)
    counted = count_search(trail(), search.resolved(now), scope, within=scope, now=now)
    statement = finding_statement.build_statement(
        _read_finding(finding),
        replace(counted, coverage=add_doubts(counted.coverage)),
        by=name_person(by),
        left_out=LEFT_OUT,
        checkpoint=read_checkpoint(),
    )
    summary = f"a finding of the detection “{finding.detection.name}”"
    return pin_statement(case=case, statement=statement, search=search, words=words, summary=summary, by=by)


def _read_finding(finding: Finding) -> RaisedFinding:
    return RaisedFinding(
        public_id=finding.public_id,
        found_at=format_datetime(finding.found_at),
        window=(format_datetime(finding.window_start), format_datetime(finding.window_end)),
        severity=finding.severity,
        count=finding.count,
        events=[(index, event_id) for index, event_id in finding.events],
        rule=_read_rule(finding.detection),
        state=_read_state(finding),
    )


def _read_rule(detection: Detection) -> dict[str, Any]:
    """The detection as it is now; its search never changes."""
    return {
        "id": detection.public_id,
        "name": detection.name,
        "revision": detection.revision,
        "words": detection.words,
        "search": detection.search,
        "severity": detection.severity,
        "minutes": detection.minutes,
        "made_by": detection.made_by_name,
        "made_at": format_datetime(detection.made_at),
    }


def _read_state(finding: Finding) -> dict[str, Any]:
    at = finding.acknowledged_at
    return {
        "acknowledged": at is not None,
        "by": finding.acknowledged_by_name,
        "at": format_datetime(at) if at else None,
        "verdict": finding.reason,
    }
