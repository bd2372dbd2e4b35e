"""From a case one searches for what it is about, and what is pinned from there goes to it."""

from django.test import Client

from accounts.models import User
from investigations.models import Case
from investigations.timeline.case_search import SuggestedSearch
from tests.support.factories.cases import pin
from tests.support.factories.events import use, write
from tests.support.pages import events_on
from trail.connection import Trail


def _read(client: Client, case: Case) -> dict[str, SuggestedSearch]:
    shown = client.get(f"/cases/{case.public_id}/")
    return {search.words: search for search in shown.context["searches"]}


def test_each_search_finds_what_it_says(client: Client, case: Case, alice: User, trail: Trail) -> None:
    at = "2026-10-0{}T00:00:00.000000001Z"
    pin(
        trail,
        case,
        alice,
        use("tok_1", id="first", user__id="usr_1", source__ip="203.0.113.1", at=at.format(2)),
        use("tok_2", id="last", user__id="usr_2", source__ip="203.0.113.2", at=at.format(4)),
    )
    write(
        trail,
        use("tok_1", id="same token", user__id="usr_3", source__ip="203.0.113.3", at=at.format(1)),
        use("tok_9", id="same user", user__id="usr_2", source__ip="203.0.113.3", at=at.format(5)),
        use("tok_9", id="same address", user__id="usr_9", source__ip="203.0.113.1", at=at.format(6)),
        use("tok_9", id="between", user__id="usr_9", source__ip="203.0.113.3", at=at.format(3)),
    )
    client.force_login(alice)
    searches = _read(client, case)
    expected = {
        "its tokens": ["last", "first", "same token"],
        "its users": ["same user", "last", "first"],
        "its addresses": ["same address", "last", "first"],
        "what is pinned": ["last", "first"],
        "everything in its time": ["last", "between", "first"],
    }
    for words, ids in expected.items():
        response = client.get(searches[words].url)
        assert events_on(response) == ids, words
        assert response.context["pin_case"] == case


def test_a_case_without_evidence_and_one_with_too_much_suggest_none(
    client: Client, case: Case, alice: User, trail: Trail
) -> None:
    client.force_login(alice)
    assert _read(client, case) == {}
    pin(trail, case, alice, *(use(f"tok_{n}", id="x" * 300 + str(n), user__id="usr_1") for n in range(30)))
    assert set(_read(client, case)) == {"its users", "its addresses", "everything in its time"}
