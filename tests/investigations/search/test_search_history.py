"""One's own searches: kept, found again, taken out."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations.models import Case, PastSearch
from investigations.search import history
from tests.support.factories.events import use, write
from tests.support.factories.searches import past
from tests.support.pages import at_sign_in, audit_log, events_on, link
from trail.connection import Trail

PAGE = "/searches/"


def test_what_is_searched_for_is_listed_once_with_its_answer_and_opens_again(
    client: Client, alice: User, case: Case, trail: Trail
) -> None:
    write(trail, use("t", id="e1"), use("t", id="e2"))
    client.force_login(alice)
    asked = {"q": "token.id:t", "f": "-event.outcome:failure", "from": "2026-01-01", "case": case.public_id}
    for _ in range(2):
        client.get("/", asked)
    client.get("/", {"q": "user.id:x"})
    newest, kept = PastSearch.objects.all()
    assert (newest.words, newest.total) == ("user.id:x, at any time", 0)
    assert (kept.times, kept.total, kept.partial, kept.case) == (2, 2, False, case)
    response = client.get(PAGE)
    words = "token.id:t; not event.outcome: failure, since 2026-01-01"
    assertContains(response, words)
    assert events_on(client.get(link_of(response, words))) == ["e2", "e1"]


def link_of(response: object, words: str) -> str:
    return link(response, f"<bdi>{words}</bdi>") or ""  # type: ignore[arg-type]


def test_the_next_page_of_a_search_and_what_was_refused_are_not_kept(client: Client, alice: User, trail: Trail) -> None:
    write(trail, *(use("t") for _ in range(60)))
    client.force_login(alice)
    response = client.get("/", {"q": "token.id:t"})
    client.get("/" + (link(response, "Next page") or ""))
    for refused in ("fm2_" + "lJPECAAAAAAAAbcd" * 4, "user.id:", "usr:x"):
        assert client.get("/", {"q": refused}).status_code == 400
    assert [one.times for one in PastSearch.objects.all()] == [1]


def test_nobody_sees_or_takes_out_what_others_searched_for(
    client: Client, alice: User, charlie: User, lea: User, trail: Trail
) -> None:
    own = past(alice)
    for stranger in (charlie, lea):
        client.force_login(stranger)
        assertNotContains(client.get(PAGE), "mallory")
        assert client.post(f"{PAGE}{own.public_id}/forget/").status_code == 404
    assert PastSearch.objects.get() == own


def test_it_is_filtered_by_words_and_the_last_ten_stand_beside_the_query(
    client: Client, alice: User, trail: Trail
) -> None:
    for number in range(12):
        past(alice, f"user.id:u{number}", missing="1 of 2 shards did not answer")
    client.force_login(alice)
    assertContains(client.get(PAGE, {"q": "u11"}), "user.id:u11")
    assertNotContains(client.get(PAGE, {"q": "u11"}), "user.id:u10")
    recent = client.get(PAGE, headers={"HX-Request": "true", "HX-Target": "recent"})
    assertContains(recent, "uses__past", count=10)
    assertContains(recent, "at least 3", count=10)
    assertNotContains(recent, "<html")


def test_what_is_taken_out_is_gone_from_the_list_and_stays_on_record(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    client.get("/", {"q": "user.id:mallory"})
    one = PastSearch.objects.get()
    response = client.post(f"{PAGE}{one.public_id}/forget/", follow=True)
    assertRedirects(response, PAGE)
    assertContains(response, "The trail keeps its record of the search for ever.")
    assert not PastSearch.objects.exists()
    assert len(audit_log(trail, "search.run")) == 1


def test_the_oldest_go_when_there_are_too_many(alice: User, trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST", 3)
    for number in range(5):
        past(alice, f"user.id:u{number}")
    assert [one.words[:10] for one in PastSearch.objects.all()] == ["user.id:u4", "user.id:u3", "user.id:u2"]


def test_anonymous_goes_to_sign_in_and_a_link_forgets_nothing(client: Client, alice: User) -> None:
    assert at_sign_in(client.get(PAGE), PAGE)
    client.force_login(alice)
    assert client.get(f"{PAGE}x/forget/").status_code == 405
