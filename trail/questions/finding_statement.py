"""States what a detection raised: its rule as it was, the events that it named, and what people said of it by then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trail.connection import Trail
from trail.questions.statements import CountedSearch, Statement, build_search_statement
from trail.search import execute
from trail.search.spec import Scope

FORMAT = "audit-trail-finding/v1"


@dataclass(frozen=True, slots=True)
class RaisedFinding:
    """A finding as its statement has it. `events` are the first of `count`, as (index, id); `rule` is the detection, and `state`
    what people said of it, in texts and numbers by their names."""

    public_id: str
    found_at: str
    window: tuple[str, str]
    severity: str
    count: int
    events: Sequence[tuple[str, str]]
    rule: dict[str, Any]
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class NamedAgain:
    """Of how many events that a finding named, and how many of these the trail still shows."""

    named: int
    shown: int


def build_statement(
    finding: RaisedFinding,
    counted: CountedSearch,
    *,
    by: dict[str, str],
    left_out: str,
    checkpoint: dict[str, Any] | None,
) -> Statement:
    """What is kept. `counted` is the finding's search, asked now."""
    statement = build_search_statement(counted, format=FORMAT, by=by, left_out=left_out, checkpoint=checkpoint)
    return statement | {
        "finding": finding.public_id,
        "found_at": finding.found_at,
        "window": {"from": finding.window[0], "to": finding.window[1]},
        "severity": finding.severity,
        "raised": finding.count,
        "events": [{"index": index, "id": event_id} for index, event_id in finding.events],
        "rule": finding.rule,
        "state": finding.state,
    }


def find_time(statement: Statement) -> str:
    """Where it stands in time: when the detection found it."""
    return str(statement["found_at"])


def look_again(trail: Trail, statement: Statement, within: Scope) -> NamedAgain:
    """Look for the events that it named. Raises TrailUnavailable."""
    pairs = [(event["index"], event["id"]) for event in statement["events"]]
    return NamedAgain(len(pairs), len(execute.find_numbers(trail, pairs, within)))
