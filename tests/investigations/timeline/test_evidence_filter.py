"""A timeline is narrowed by relevance, by tag, and by a query as the search page takes it."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models.sql import Query
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations import tasks
from investigations.cases import services as cases
from investigations.evidence import absences
from investigations.evidence import services as evidence
from investigations.evidence.annotations import annotate
from investigations.models import Case, EvidenceMatch, EvidenceQuery
from investigations.timeline import evidence_matches
from investigations.timeline.evidence_matches import find_matches
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


def _watch_parts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events the trail is asked about each time, two at most."""
    monkeypatch.setattr(evidence_matches, "PART", 2)
    asked: list[int] = []
    ask = evidence_matches.match_events
    monkeypatch.setattr(evidence_matches, "match_events", lambda *args: asked.append(len(args[2])) or ask(*args))
    return asked


def test_what_was_asked_is_not_asked_again_and_new_evidence_is_asked_about_alone(
    client: Client, case: Case, alice: User, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _watch_parts(monkeypatch)
    client.force_login(alice)
    for _ in range(2):
        assert _labels(client, case, {"q": "user.id:grace"}) == ["E2", "E3"]
    assert asked == [2, 1]
    pin(trail, case, alice, use("tok_5", user__id="grace"))
    assert _labels(client, case, {"q": "user.id:grace"}) == ["E2", "E3", "E5"]
    assert asked == [2, 1, 1]
    evidence.withdraw(evidence=case.evidence.get(number=3), reason="Not ours", by=alice)
    page = client.get(f"/cases/{case.public_id}/", {"q": "user.id:grace"})
    assert list(page.context["narrowed"].rows.order_by("number").values_list("number", flat=True)) == [2, 5]
    assert asked == [2, 1, 1]


def _tag(case: Case, number: int, by: User) -> None:
    piece = case.evidence.get(number=number)
    annotate(evidence=piece, relevance=piece.relevance, tags="odd", revision=piece.revision, by=by)


def test_what_is_chosen_by_a_tag_is_asked_again_once_something_is_done_in_the_case(
    client: Client, case: Case, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_matches, "PART", 1)
    client.force_login(alice)
    for number in (2, 3):
        _tag(case, number, alice)
    assert _labels(client, case, {"q": "token.id:*", "tag": "odd"}) == ["E2", "E3"]
    _tag(case, 1, alice)
    assert _labels(client, case, {"q": "token.id:*", "tag": "odd"}) == ["E1", "E2", "E3"]


def test_what_somebody_reads_is_not_deleted_when_another_asks(
    client: Client, case: Case, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alice's page is under way when her query grows too old to be given out again, and Bob asks."""
    cases.add_member(case=case, user=bob, level="member", by=alice)
    _watch_parts(monkeypatch)
    search = Search(text="user.id:grace")
    read = find_matches(case, case.evidence.filter(kind="event"), search, alice)
    EvidenceQuery.objects.update(began_at=datetime.now(UTC) - evidence_matches.KEPT - timedelta(seconds=5))
    find_matches(case, case.evidence.filter(kind="event"), search, bob)
    assert case.evidence.filter(pk__in=read.keys).count() == 2
    evidence_matches.remove_old_queries(datetime.now(UTC))
    assert case.evidence.filter(pk__in=read.keys).count() == 2


def test_a_query_that_is_too_old_is_asked_anew_beside_it_and_the_schedule_deletes_it(
    case: Case, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _watch_parts(monkeypatch)
    monkeypatch.setattr(evidence_matches, "AT_ONCE", 1)
    events, search = case.evidence.filter(kind="event"), Search(text="user.id:grace")
    find_matches(case, events, search, alice)
    old = EvidenceQuery.objects.get()
    with monkeypatch.context() as patch:
        patch.setattr(evidence_matches, "datetime", _Clock(old.began_at + evidence_matches.KEPT))
        find_matches(case, events, search, alice)
    assert asked == [2, 1, 2, 1]
    assert EvidenceQuery.objects.count() == 2
    evidence_matches.remove_old_queries(old.began_at + 2 * evidence_matches.KEPT + timedelta(seconds=1))
    assert EvidenceQuery.objects.exclude(pk=old.pk).get().matches.count() == EvidenceMatch.objects.count() == 2
    EvidenceQuery.objects.update(began_at=old.began_at)
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: old.began_at + 3 * evidence_matches.KEPT)
        tasks.remove_old_queries()
    assert not EvidenceQuery.objects.exists()
    assert not EvidenceMatch.objects.exists()


@pytest.mark.parametrize("minutes", [1, 4, 9])
def test_a_query_goes_on_while_it_is_young_whatever_the_clock_shows(
    case: Case, alice: User, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    asked = _watch_parts(monkeypatch)
    began = datetime(2026, 11, 1, 12, 9, 30, tzinfo=UTC)  # half a minute before a span of ten minutes ends
    for at in (began, began + timedelta(minutes=minutes)):
        with monkeypatch.context() as patch:
            patch.setattr(evidence_matches, "datetime", _Clock(at))
            find_matches(case, case.evidence.filter(kind="event"), Search(text="user.id:grace"), alice)
    assert asked == [2, 1]


def test_a_query_that_is_deleted_under_its_page_is_said_to_be(
    client: Client, case: Case, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_matches, "PART", 2)
    ask = evidence_matches.match_events

    def delete_and_ask(*words: Any) -> object:
        EvidenceQuery.objects.all().delete()
        return ask(*words)

    monkeypatch.setattr(evidence_matches, "match_events", delete_and_ask)
    client.force_login(alice)
    page = client.get(f"/cases/{case.public_id}/", {"q": "user.id:grace"})
    assertContains(page, "was deleted meanwhile", status_code=429)


def test_a_person_may_keep_so_much_and_no_more(
    client: Client, case: Case, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_matches, "PART", 2)
    monkeypatch.setattr(evidence_matches, "MOST_QUERIED", 3)
    cases.add_member(case=case, user=bob, level="member", by=alice)
    client.force_login(alice)
    assert _labels(client, case, {"q": "user.id:grace"}) == ["E2", "E3"]
    refused = client.get(f"/cases/{case.public_id}/", {"q": "user.id:ada"})
    assertContains(refused, "as many as are kept", status_code=429)
    assert _labels(client, case, {"q": "user.id:grace"}) == ["E2", "E3"]
    client.force_login(bob)
    assert _labels(client, case, {"q": "user.id:ada"}) == ["E1"]


class _Clock:
    """Stands still at a time."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self, _zone: object) -> datetime:
        return self.at


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
