"""A timeline is narrowed by relevance, by tag, and by a query as the search page takes it."""

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.db.models.sql import Query
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.cases import services as cases
from investigations.evidence import absences
from investigations.models import Case, EvidenceMatch, EvidenceQuery
from investigations.timeline import evidence_matches
from tests.support.factories.cases import pin
from tests.support.factories.events import use, write
from tests.support.pages import audit_log, text_of
from trail.connection import Trail
from trail.search.spec import Search


@pytest.fixture(autouse=True)
def _pinned(case: Case, alice: User, trail: Trail) -> None:
    pin(
        trail,
        case,
        alice,
        use("tok_1", user__id="ada", source__ip="203.0.113.7"),
        use("tok_2", user__id="grace", source__ip="198.51.100.1", event__outcome="failure"),
        use("tok_3", user__id="grace", source__ip="203.0.113.9"),
    )
    write(trail, use("tok_4", user__id="grace"))
    absences.pin(case=case, search=Search(text="user.id:nobody"), reason="never", by=alice)


def _labels(client: Client, case: Case, words: dict[str, object]) -> list[str]:
    return re.findall(r'id="(E\d+)"', text_of(client.get(f"/cases/{case.public_id}/", words)))


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        ({"q": "user.id:grace"}, ["E2", "E3"]),
        ({"q": "user.id:grace AND NOT event.outcome:failure"}, ["E3"]),
        ({"f": "source.ip(network):203.0.113.0/24"}, ["E1", "E3"]),
        ({"f": ["user.id:grace", "-event.outcome:failure"]}, ["E3"]),
        ({"q": "token.id:tok_4"}, []),
        ({"relevance": "key"}, ["E2"]),
        ({"relevance": "key", "q": "user.id:ada"}, []),
        ({}, ["E1", "E2", "E3", "E4"]),
    ],
)
def test_it_shows_what_the_search_page_would_find_of_it(
    client: Client, case: Case, alice: User, words: dict[str, object], labels: list[str]
) -> None:
    case.evidence.filter(number=2).update(relevance="key")
    client.force_login(alice)
    assert _labels(client, case, words) == labels


def test_an_entity_leads_to_its_events_alone(client: Client, case: Case, alice: User) -> None:
    client.force_login(alice)
    assertContains(client.get(f"/cases/{case.public_id}/"), 'href="?f=user.id%3Agrace"', 1)
    assert _labels(client, case, {"f": "user.id:grace"}) == ["E2", "E3"]


def test_it_is_on_record_as_a_search_in_the_case_and_says_what_it_leaves_out(
    client: Client, case: Case, alice: User, trail: Trail
) -> None:
    client.force_login(alice)
    page = client.get(f"/cases/{case.public_id}/", {"q": "user.id:grace", "f": "event.outcome:failure"})
    assertContains(page, "1 of 4 shown")
    assertContains(page, "1 statement of this case")
    assertContains(page, "Remove the filter")
    assertContains(page, '<figure class="ll"', 1)
    assert [record["resource"]["id"] for record in audit_log(trail, "search.run")] == [case.public_id]


def test_a_query_with_a_slip_and_a_secret_are_refused_and_the_case_stays(
    client: Client, case: Case, alice: User
) -> None:
    client.force_login(alice)
    for words in ({"q": "user.id:("}, {"f": "nosuchfield:x"}):
        page = client.get(f"/cases/{case.public_id}/", words)
        assertContains(page, "alert--error", status_code=400)
        assertContains(page, "Narrative", status_code=400)


def test_with_the_trail_down_the_timeline_stands_and_a_query_says_why_it_cannot(
    client: Client, case: Case, alice: User, settings: Settings
) -> None:
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    client.force_login(alice)
    assertContains(client.get(f"/cases/{case.public_id}/"), 'id="E3"')
    page = client.get(f"/cases/{case.public_id}/", {"q": "user.id:grace"})
    assertNotContains(page, 'id="E3"', status_code=503)
    assertContains(page, ">user.id:grace</textarea>", status_code=503)


def test_a_large_case_is_asked_about_part_by_part_and_no_page_holds_all_of_it(
    client: Client, case: Case, alice: User, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_matches, "PART", 2)
    client.force_login(alice)
    page = client.get(f"/cases/{case.public_id}/", {"q": "user.id:grace"})
    assertNotContains(page, "Go on with the others")
    assert isinstance(page.context["narrowed"].rows.query.where.children[-1].rhs, Query)
    for words, labels in (
        ({"q": "user.id:grace"}, ["E2", "E3"]),
        ({"q": "user.id:ada"}, ["E1"]),
        ({"q": "user.id:nobody"}, []),
    ):
        assert _labels(client, case, words) == labels
    assert len(audit_log(trail, "search.run")) == 3  # the second time the same is counted, and not told anew


def test_what_was_asked_is_asked_again_once_something_was_done_in_the_case(
    client: Client, case: Case, alice: User, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_matches, "PART", 2)
    asked: list[int] = []
    ask = evidence_matches.match_events
    monkeypatch.setattr(evidence_matches, "match_events", lambda *args: asked.append(len(args[2])) or ask(*args))
    client.force_login(alice)
    for _ in range(2):
        assert _labels(client, case, {"q": "user.id:grace"}) == ["E2", "E3"]
    assert asked == [2, 1]
    pin(trail, case, alice, use("tok_5", user__id="grace"))
    assert _labels(client, case, {"q": "user.id:grace"}) == ["E2", "E3", "E5"]
    EvidenceQuery.objects.update(began_at=datetime.now(UTC) - 2 * evidence_matches.KEPT)
    _labels(client, case, {"q": "user.id:ada"})
    assert EvidenceQuery.objects.count() == 1
    assert EvidenceMatch.objects.count() == 1


def test_another_person_is_asked_for_within_their_own_scope(
    client: Client, case: Case, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_matches, "PART", 2)
    client.force_login(alice)
    _labels(client, case, {"q": "user.id:grace"})
    cases.add_member(case=case, user=bob, level="member", by=alice)
    client.force_login(bob)
    assert _labels(client, case, {"q": "user.id:grace"}) == ["E2", "E3"]
    assert set(EvidenceQuery.objects.values_list("owner", flat=True)) == {alice.pk, bob.pk}


def test_where_time_does_not_do_the_page_says_so_and_goes_on_from_there(
    client: Client, case: Case, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_matches, "PART", 2)
    client.force_login(alice)
    clock = iter([0.0, 0.0, 0.0, 99.0, 99.0, *(99.0 for _ in range(1_000))])
    with monkeypatch.context() as patch:
        patch.setattr(evidence_matches, "time", SimpleNamespace(monotonic=lambda: next(clock)))
        page = client.get(f"/cases/{case.public_id}/", {"q": "user.id:grace"})
    assertContains(page, "of the first 2 of 3")
    assertContains(page, "Go on with the others")
    assert re.findall(r'id="(E\d+)"', text_of(page)) == ["E2"]
    again = client.get(f"/cases/{case.public_id}/", {"q": "user.id:grace"})
    assertNotContains(again, "Go on with the others")
    assert re.findall(r'id="(E\d+)"', text_of(again)) == ["E2", "E3"]


def test_each_filter_can_be_changed_turned_round_set_aside_and_taken_away(
    client: Client, case: Case, alice: User
) -> None:
    client.force_login(alice)
    page = client.get(f"/cases/{case.public_id}/", {"f": ["user.id:grace", "~event.outcome:failure"]})
    chips = page.context["chosen"].list_chips()
    assert [chip.text for chip in chips] == ["user.id: grace", "event.outcome: failure"]
    assert _labels(client, case, {"f": ["user.id:grace", "~event.outcome:failure"]}) == ["E2", "E3"]
    for address, labels in (
        (chips[0].turned, ["E1"]),
        (chips[0].switched, ["E1", "E2", "E3"]),
        (chips[0].without, ["E1", "E2", "E3"]),
        (chips[1].switched, ["E2"]),
    ):
        assert re.findall(r'id="(E\d+)"', text_of(client.get(f"/cases/{case.public_id}/?{address}")))[:3] == labels


def test_events_that_the_trail_does_not_show_are_said_to_be_left_out(
    client: Client, case: Case, alice: User, trail: Trail
) -> None:
    case.evidence.filter(number=1).update(event_id="gone")
    client.force_login(alice)
    assertContains(client.get(f"/cases/{case.public_id}/", {"q": "user.id:grace"}), "does not show 1 of these events")
