"""The lifeline that is counted from facts by SQL is that of the copies themselves, whatever is drawn of it."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from investigations.evidence.records import add_evidence
from investigations.models import Case, Evidence
from investigations.timeline.fact_lifeline import count_lifeline, read_ends
from investigations.timeline.facts import COLUMNS
from tests.support.factories.cases import open_case
from tests.support.factories.events import use
from tests.trail.questions.test_lifeline import END, START, _events
from trail.canonical_form import compute_digest
from trail.connection import Trail
from trail.questions.document_lifeline import collect_lifeline
from trail.search.bodies.lifeline import LifelineRequest
from trail.search.execute import sortable_time
from trail.search.spec import Search
from trail.times import format_time

DOCUMENTS = list(_events())
LANES = ("token.id", "token.fingerprint", "source.ip", "user.id", "user_agent.original", "service.name")
TIMES = st.one_of(st.none(), st.integers(START, END).map(format_time))
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")


def _keep(case: Case, by: User, documents: list[dict[str, Any]]) -> None:
    add_evidence(
        case,
        [
            Evidence(
                case=case,
                number=number,
                event_id=document["event"]["id"],
                event_timestamp=document["@timestamp"],
                event_place=sortable_time(document["@timestamp"]),
                frozen=orjson.dumps(document),
                digest=compute_digest(document),
                reason="It matters",
                pinned_by=by,
                pinned_by_name=by.name,
            )
            for number, document in enumerate(documents, start=1)
        ],
    )


@pytest.fixture
def filled(case: Case, alice: User) -> Case:
    _keep(case, alice, DOCUMENTS)
    return case


def _request(field: str, start: str | None, end: str | None, zone: str) -> LifelineRequest:
    ends = (min(each["@timestamp"] for each in DOCUMENTS), max(each["@timestamp"] for each in DOCUMENTS))
    beside = ("source.ip", "token.kind") if field not in ("source.ip", "token.kind") else ("resource.type",)
    return LifelineRequest(Search(), field, start, end, beside=beside, ends=ends, zone=zone)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from(LANES), start=TIMES, end=TIMES, zone=st.sampled_from(ZONES))
def test_it_says_what_the_copies_say(filled: Case, field: str, start: str | None, end: str | None, zone: str) -> None:
    request, facts = _request(field, start, end, zone), filled.facts.not_withdrawn()
    ends = read_ends(facts)
    assert ends is not None
    counted = count_lifeline(facts, ends, request)
    collected = collect_lifeline(DOCUMENTS, request)
    # Of a lane with very many the pictures show none one by one.
    few = tuple(lane if lane.is_listed else replace(lane, moments=()) for lane in collected.lanes)
    assert counted.lifeline == replace(collected, lanes=few)


def test_what_is_withdrawn_is_not_counted_and_of_nothing_there_is_nothing(case: Case, alice: User) -> None:
    assert read_ends(case.facts.not_withdrawn()) is None
    _keep(case, alice, [use("tok_1"), use("tok_2")])
    case.facts.filter(evidence__number=1).update(is_withdrawn=True)
    facts = case.facts.not_withdrawn()
    ends = read_ends(facts)
    assert ends is not None
    lifeline = count_lifeline(facts, ends, LifelineRequest(Search(), "token.id")).lifeline
    assert [(lane.value, lane.count) for lane in lifeline.lanes] == [("tok_2", 1)]


def test_a_hostile_value_is_cut_to_its_column_and_counted_all_the_same(case: Case, alice: User, trail: Trail) -> None:
    other = open_case(alice)
    _keep(other, alice, [use("t" * 2_000, user__id="a\0b"), use("u", user_agent__original="x" * 3_000)])
    facts = other.facts.not_withdrawn()
    assert all(len(getattr(fact, column)) <= 512 for fact in facts for column in COLUMNS.values())
    ends = read_ends(facts)
    assert ends is not None
    assert count_lifeline(facts, ends, LifelineRequest(Search(), "token.id")).lifeline.total == 2
