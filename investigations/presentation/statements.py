"""Lists the kinds of statements that are pinned as evidence: what each says, how it is compared, and which page shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from investigations.models import Evidence
from investigations.presentation.event_sentence import (
    describe_absence,
    describe_event,
    describe_finding,
    describe_result_set,
)
from trail.connection import Trail
from trail.questions import absence, finding_statement, result_set
from trail.questions.statements import ABSENCE_LABEL, STATEMENT_LABEL, Statement, find_time
from trail.search.spec import Scope

Kind = Evidence.Kind


@dataclass(frozen=True, slots=True)
class StatementKind:
    """One kind of statement.

    `label` is that of the trail's record which names the digest; `noun` what people call it. `ask_again` compares it with
    the trail as it is now, and is `on_demand` where that takes long. `page` is the template of its evidence; `holds` says what
    its time is.
    """

    kind: Evidence.Kind
    noun: str
    label: str
    write_sentence: Callable[[Statement], str]
    find_time: Callable[[Statement], str]
    ask_again: Callable[[Trail, Statement, Scope], Any]
    on_demand: bool
    page: str
    holds: str


# By the format that a statement names.
STATEMENTS = {
    absence.FORMAT: StatementKind(
        kind=Kind.ABSENCE,
        noun="absence",
        label=ABSENCE_LABEL,
        write_sentence=describe_absence,
        find_time=find_time,
        ask_again=absence.count_again,
        on_demand=False,
        page="investigations/evidence/absence.html",
        holds="Nothing was found up to",
    ),
    result_set.FORMAT: StatementKind(
        kind=Kind.RESULT_SET,
        noun="result set",
        label=STATEMENT_LABEL,
        write_sentence=describe_result_set,
        find_time=find_time,
        ask_again=result_set.ask_again,
        on_demand=True,
        page="investigations/evidence/result_set.html",
        holds="Everything that was found up to",
    ),
    finding_statement.FORMAT: StatementKind(
        kind=Kind.FINDING,
        noun="finding",
        label=STATEMENT_LABEL,
        write_sentence=describe_finding,
        find_time=finding_statement.find_time,
        ask_again=finding_statement.look_again,
        on_demand=False,
        page="investigations/evidence/finding.html",
        holds="Found by a detection",
    ),
}
_BY_KIND = {each.kind.value: each for each in STATEMENTS.values()}


def find_kind(evidence: Evidence) -> StatementKind:
    """The kind of statement that evidence is. Raises KeyError for an event."""
    return _BY_KIND[evidence.kind]


def describe_statement(statement: Statement) -> str:
    """What it says, in a sentence for people."""
    return STATEMENTS[statement["format"]].write_sentence(statement)


def describe_evidence(evidence: Evidence) -> str:
    """What a piece of evidence tells, in a sentence for people."""
    if evidence.is_statement:
        return find_kind(evidence).write_sentence(evidence.document)
    return describe_event(evidence.document)
