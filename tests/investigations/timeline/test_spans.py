"""Lives of tokens and sessions stand in the lanes of a timeline's picture, and in a table below it, as what is pinned says."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.models import Case, EvidenceFact
from investigations.presentation.lifeline.picture import Lane
from investigations.presentation.lifeline.scale import build_scale
from investigations.presentation.lifeline.spans import LaneSpan, build_spans
from investigations.timeline import spans
from investigations.timeline.facts import COLUMNS, read_session
from investigations.timeline.spans import collect_spans, count_spans
from tests.support.factories.cases import open_case, pin
from tests.support.factories.events import issue, revoke, use
from trail.connection import Trail
from trail.times import parse_time

DAY = "2026-10-0{}T12:00:00Z"


@pytest.fixture(autouse=True)
def _pinned(case: Case, alice: User, trail: Trail) -> None:
    pin(
        trail,
        case,
        alice,
        issue("tok_1", "ada", at=DAY.format(1)),
        issue("tok_2", "ada", at=DAY.format(2), token__expires_at=DAY.format(4)),
        issue("tok_3", "grace", at=DAY.format(2)),
        use("tok_1", at=DAY.format(2), user__id="ada", labels={"session": "s1"}),
        use("tok_2", at=DAY.format(3), user__id="ada", labels={"session": "s1"}),
        use("tok_9", at=DAY.format(3), user__id="grace", token__kind="session"),
        revoke("tok_1", at=DAY.format(5), user__id="root"),
    )


def _list(case: Case, column: str, *lanes: str) -> list[tuple[str, str, str, str, str, int]]:
    counted = count_spans(case.facts.not_withdrawn(), column, {lane: lane for lane in lanes})
    return [(span.kind, span.lane, span.name, span.starts[:10], span.ends[:10], span.count) for span in counted.spans]


def test_a_life_goes_from_its_issue_to_its_revocation_or_expiry_in_the_lane_of_its_issue(case: Case) -> None:
    assert [row for row in _list(case, "user_id", "ada", "grace") if row[0] == "lifetime"] == [
        ("lifetime", "ada", "tok_1", "2026-10-01", "2026-10-05", 0),
        ("lifetime", "ada", "tok_2", "2026-10-02", "2026-10-04", 0),
        ("lifetime", "grace", "tok_3", "2026-10-02", "", 0),
    ]
    assert [row[1] for row in _list(case, "token_id", "tok_2")] == ["tok_2", "tok_2"]


def test_a_session_goes_from_its_first_to_its_last_event_that_is_pinned_in_the_lane(case: Case) -> None:
    assert [row for row in _list(case, "user_id", "ada", "grace") if row[0] == "session"] == [
        ("session", "ada", "s1", "2026-10-02", "2026-10-03", 2),
        ("session", "grace", "tok_9", "2026-10-03", "2026-10-03", 1),
    ]
    assert ("session", "tok_1", "s1", "2026-10-02", "2026-10-02", 1) in _list(case, "token_id", "tok_1")
    case.facts.filter(time__gte=parse_time(DAY.format(3))).update(is_withdrawn=True)
    assert ("session", "ada", "s1", "2026-10-02", "2026-10-02", 1) in _list(case, "user_id", "ada")


@pytest.mark.parametrize("field", ["user.id", "token.id", "source.ip"])
def test_a_report_draws_from_the_copies_what_the_page_counts_of_the_facts(case: Case, field: str) -> None:
    documents = [each.document for each in case.evidence.in_time_order()]
    facts = case.facts.not_withdrawn()
    lanes = {value: value for value in facts.values_list(COLUMNS[field], flat=True) if value}
    assert collect_spans(documents, field) == count_spans(facts, COLUMNS[field], lanes)
    assert collect_spans(documents, field).spans


# What was done to a token on which day, and its lives, each from a day to another, with how it ended.
LIVES = {
    "a revocation before the issue ends nothing": ("revoke 1, issue 2, revoke 3", [(2, 3, "revoked")]),
    "one before the issue alone leaves it open": ("revoke 1, issue 2", [(2, None, "")]),
    "a restoration begins another life": (
        "issue 1, revoke 2, restore 3, revoke 4",
        [(1, 2, "revoked"), (3, 4, "revoked")],
    ),
    "what was restored last is open": ("issue 1, revoke 2, restore 3", [(1, 2, "revoked"), (3, None, "")]),
    "a restoration of what lives changes nothing": ("issue 1, restore 2, revoke 3", [(1, 3, "revoked")]),
    "the first of two revocations ends it": ("issue 1, revoke 2, revoke 3", [(1, 2, "revoked")]),
    "a denied one ends nothing": ("issue 1, denied 2, revoke 3", [(1, 3, "revoked")]),
}


@pytest.mark.parametrize(("acts", "lives"), LIVES.values(), ids=LIVES)
def test_a_life_ends_with_the_first_revocation_after_it_began_and_begins_anew_with_a_restoration(
    alice: User, trail: Trail, acts: str, lives: list[tuple[int, int | None, str]]
) -> None:
    case = open_case(alice, title="Lives")
    pin(trail, case, alice, *map(_act, acts.split(", ")))
    counted = count_spans(case.facts.not_withdrawn(), "token_id", {"tok_x": "tok_x"})
    days = [(_day(span.starts), _day(span.ends) if span.ends else None, span.ended) for span in counted.spans]
    assert days == lives
    assert [span.began for span in counted.spans] == ["", "restored"][: len(lives)]
    assert collect_spans([each.document for each in case.evidence.in_time_order()], "token.id") == counted


def _act(words: str) -> dict[str, Any]:
    name, day = words.split()
    outcome = "failure" if name == "denied" else "success"
    operation = f"token.{'revoke' if name == 'denied' else name}"
    return use("tok_x", at=DAY.format(day), token__operation=operation, event__outcome=outcome)


def _day(time: str) -> int:
    return int(time[8:10])


def test_lives_after_the_expiry_are_none(alice: User, trail: Trail) -> None:
    case = open_case(alice, title="Lives")
    issued = issue("tok_x", "ada", at=DAY.format(1), token__expires_at=DAY.format(3))
    pin(trail, case, alice, issued, _act("revoke 2"), _act("restore 4"))
    counted = count_spans(case.facts.not_withdrawn(), "token_id", {"tok_x": "tok_x"})
    assert [span.ended for span in counted.spans] == ["revoked"]
    assert collect_spans([each.document for each in case.evidence.in_time_order()], "token.id") == counted


def test_a_token_with_very_many_lives_shows_the_first_and_counts_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "MOST", 2)
    acts = ["issue 1", "revoke 2", "restore 3", "revoke 4", "restore 5", "revoke 6", "restore 7"]
    collected = collect_spans(map(_act, acts), "token.id")
    assert [_day(span.starts) for span in collected.spans] == [1, 3]
    assert collected.left_out == 2


def test_a_timeline_that_is_narrowed_to_issues_still_says_what_ended_them(
    client: Client, case: Case, alice: User
) -> None:
    client.force_login(alice)
    page = client.get(f"/cases/{case.public_id}/", {"lanes": "users", "f": "token.operation:token.issue"})
    lives = {span.name: span.ended for span in page.context["spans"].spans}
    assert lives == {"tok_1": "revoked", "tok_2": "expires", "tok_3": ""}


def test_of_a_hundred_and_one_tokens_a_report_draws_a_hundred_of_its_lanes_and_says_so() -> None:
    acts = [use(f"tok_{n:03}", at=DAY.format(1), token__operation="token.issue", user__id="ada") for n in range(101)]
    others = [issue(f"tok_o{lane}", f"few{lane}", at=DAY.format(1)) for lane in range(8)]
    collected = collect_spans([*others, *acts], "user.id")
    assert len(collected.spans) == 100
    # Of ada one, and of the six lanes beside hers one each; the last two lanes are not drawn.
    assert collected.left_out == 7


def test_the_page_draws_them_and_lists_them(client: Client, case: Case, alice: User) -> None:
    client.force_login(alice)
    page = client.get(f"/cases/{case.public_id}/", {"lanes": "users"})
    assertContains(page, '<line class="ll-session"')
    assertContains(page, 'class="ll-lifetime"')
    assertContains(page, "Session s1, 2 Oct 2026, 12:00:00, to 3 Oct 2026, 12:00:00, 2 events")
    assertContains(page, "Lifetimes and sessions")
    by_session = client.get(f"/cases/{case.public_id}/", {"lanes": "sessions"})
    assert [lane.name for lane in by_session.context["picture"].lanes if lane.name != "Lifecycle"] == ["s1", "tok_9"]


def test_without_sessions_there_are_no_lanes_by_them(client: Client, case: Case, alice: User) -> None:
    case.facts.update(session="")
    client.force_login(alice)
    page = client.get(f"/cases/{case.public_id}/", {"lanes": "sessions"})
    assertNotContains(page, '<line class="ll-session"')
    assert "Sessions" not in [switch.name for switch in page.context["picture"].lanes_by]


def test_of_very_many_the_first_are_drawn_and_the_rest_is_counted(
    client: Client, case: Case, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "MOST", 1)
    client.force_login(alice)
    page = client.get(f"/cases/{case.public_id}/", {"lanes": "users"})
    assert [span.name for span in page.context["spans"].spans] == ["tok_1", "s1"]
    assertContains(page, "3 more are not drawn")


@pytest.mark.parametrize(
    ("document", "session"),
    [
        ({"token": {"kind": "session", "id": "s"}}, "s"),
        ({"token": {"kind": "user", "id": "s"}}, ""),
        ({"labels": {"session_id": "x"}}, "x"),
        ({"labels": {"session": "a", "session_id": "x"}}, "a"),
        ({}, ""),
    ],
)
def test_an_event_says_its_session_by_a_label_or_by_the_kind_of_its_token(
    document: dict[str, Any], session: str
) -> None:
    assert read_session(document) == session


def test_what_was_pinned_before_says_its_session_too(case: Case) -> None:
    before = list(case.facts.order_by("pk").values_list("session", flat=True))
    EvidenceFact.objects.update(session="")
    import_module("investigations.migrations.0046_sessions_of_evidence").write_sessions(apps, None)
    assert list(case.facts.order_by("pk").values_list("session", flat=True)) == before
    broken = SimpleNamespace(evidence=SimpleNamespace(frozen=b"{"))
    assert import_module("investigations.migrations.0046_sessions_of_evidence").read_session(broken) == ""


@given(
    start=st.integers(0, 100),
    length=st.one_of(st.none(), st.integers(0, 100)),
    shown=st.tuples(st.integers(0, 100), st.integers(1, 100)),
)
def test_whatever_is_drawn_lies_within_the_scale(start: int, length: int | None, shown: tuple[int, int]) -> None:
    hour = 3_600_000_000_000
    scale = build_scale([], start=shown[0] * hour, end=(shown[0] + shown[1]) * hour, compressed=False)
    end = None if length is None else (start + length) * hour
    lane = Lane("x", "", None, "", 40)
    for line in build_spans([LaneSpan("session", "x", "s", start * hour, end)], scale, lane):
        assert 0 <= line.x1 < line.x2 <= 100.25
