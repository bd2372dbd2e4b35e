"""A case with something for every section of its report."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from accounts.models import User
from investigations.case_tasks import services as tasks
from investigations.cases import services as cases
from investigations.entities import services as entities
from investigations.evidence import absences
from investigations.evidence import services as evidence
from investigations.hypotheses import services as hypotheses
from investigations.models import Case, CaseReport
from investigations.notes import services as notes
from investigations.reports.content import SECTIONS, build_report
from investigations.reports.structure import Report
from tests.support.factories.cases import pin, run
from tests.support.factories.events import issue, revoke, use, write
from trail.connection import Trail
from trail.search.spec import Search

MADE_AT = datetime(2026, 11, 28, 9, 5, 7, 250, tzinfo=UTC)
SUMMARY = "A token stood in a **public** log.\n\n- it was used\n- it was revoked (E1)\n\n> Who knew?\n\n1. nobody\n\n```\n#import\n```"


@pytest.fixture
def told(case: Case, alice: User, bob: User, trail: Trail, seal: Callable[[], object]) -> Case:
    """Three uses that are alike, an issue and a revocation, an absence, and what people made of it."""
    cases.change(case=case, by=alice, revision=1, description=SUMMARY)
    case.refresh_from_db()
    day = "2026-10-0{}T00:00:00.12345678{}Z"
    uses = [use("tok", id=f"use {n}", user__id="mallory", at=day.format(n, n)) for n in (1, 2, 3)]
    write(trail, *uses, issue("tok", "mallory", id="issued", at=day.format(4, 4)))
    seal()
    search = Search(text="token.id:tok")
    evidence.pin(case=case, event_ids=[f"use {n}" for n in (1, 2, 3)], reason="The leak", by=alice, search=search)
    evidence.pin(case=case, event_ids=["issued"], reason="How it began", by=bob)
    pin(trail, case, alice, revoke("tok", id="revoked", at=day.format(5, 5)), reason="How it ended")
    absences.pin(case=case, search=Search(text="user.id:nobody"), reason="Nobody else", by=alice, provisional=True)
    hypothesis = hypotheses.add_hypothesis(case=case, statement="One intruder", by=alice)
    words = hypotheses.read_words(hypothesis) | {"state": "supported", "supporting": "E1 to E3", "contradicting": "E4"}
    hypotheses.change_hypothesis(hypothesis=hypothesis, by=bob, **words | {"answer": "It came from *one* address"})
    entities.judge_entity(case=case, field="user.id", value="mallory", word="malicious", reason="No colleague", by=bob)
    tasks.add_task(case=case, title="Rotate the key", by=alice, assignee="bob", due=date(2026, 12, 1))
    settled = tasks.add_task(case=case, title="Call northwind", by=alice)
    tasks.set_task_state(task=settled, state="done", by=bob)
    notes.write_note(case=case, text="They *know*", by=bob)
    run(alice, text="token.id:tok", case=case, title="All of the token")
    return case


@pytest.fixture
def choice(told: Case) -> CaseReport:
    """Every section of the report, notes too."""
    return CaseReport(case=told, sections=list(SECTIONS), left_out=[])


@pytest.fixture
def report(choice: CaseReport, alice: User) -> Report:
    return build_report(choice, alice, MADE_AT)
