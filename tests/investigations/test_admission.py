"""One person's questions are bounded, on pages and over the API, and so are the costly ones of all; cheap ones go on."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from core import concurrency
from core.concurrency import hold_place
from core.errors import Busy
from investigations import admission
from investigations.admission import COSTLY, estimate_search
from operations.models import KeyScope
from tests.support.factories.events import use, write
from tests.support.factories.keys import bearer, writer_key
from tests.support.pages import audit_log
from trail.connection import Trail
from trail.search.spec import Search

CHEAP, DEAR = "token.id:t-1", "user_agent.original:*cur*x86*"
HTMX = {"HX-Request": "true", "HX-Target": "explore"}


@pytest.fixture
def places(trail: Trail, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[ExitStack]:
    """Holds what is under way elsewhere; nobody waits long."""
    write(trail, use("t-1"))
    monkeypatch.setattr(admission, "SHORT_WAIT", 0.0)
    monkeypatch.setattr(admission, "LONG_WAIT", 0.0)
    with ExitStack() as held:
        yield held


def _occupy(places: ExitStack, name: str, count: int) -> None:
    for _ in range(count):
        places.enter_context(hold_place(name, 100, refusal=Busy("")))


def _open_search(client: Client, who: User, text: str, **headers: str) -> tuple[int, str, str]:
    client.force_login(who)
    answer = client.get("/", {"q": text, "wait": "1"}, headers=headers)
    return answer.status_code, answer.content.decode(), answer.headers.get("Retry-After", "")


def test_who_has_as_many_searches_under_way_as_one_may_is_told_so_and_a_colleague_is_answered(
    client: Client, places: ExitStack, alice: User, bob: User
) -> None:
    _occupy(places, "person:alice", settings.ASK_UNDER_WAY)
    status, page, after = _open_search(client, alice, CHEAP)
    assert (status, after) == (429, "3")
    assert "You have 4 searches under way" in page
    assert CHEAP in page  # what was typed stays
    assert _open_search(client, alice, CHEAP, **HTMX)[0] == 429
    assert _open_search(client, bob, CHEAP)[0] == 200


def test_what_was_refused_is_not_on_record_as_asked(
    client: Client, places: ExitStack, alice: User, trail: Trail
) -> None:
    _occupy(places, "person:alice", settings.ASK_UNDER_WAY)
    _open_search(client, alice, CHEAP)
    assert audit_log(trail, "search") == []


def test_a_page_of_an_identifier_is_refused_in_the_same_words(client: Client, places: ExitStack, alice: User) -> None:
    _occupy(places, "person:alice", settings.ASK_UNDER_WAY)
    client.force_login(alice)
    for address in ("/users/ann/", "/tokens/t-1/", "/search/field/?field=user.id&q=token.id:t-1"):
        answer = client.get(address)
        refused = (
            answer.status_code,
            answer.headers.get("Retry-After"),
            "searches under way" in answer.content.decode(),
        )
        assert refused == (429, "3", True), address


def test_over_the_api_a_key_has_as_many_as_a_person(client: Client, places: ExitStack, ada: User) -> None:
    key, shown = writer_key(ada, name="Timesketch", scope=KeyScope.TRAIL)
    _occupy(places, f"person:key:{key.public_id}", settings.ASK_UNDER_WAY)
    answer = client.get("/api/v1/tokens/t-1", headers=bearer(shown))
    assert (answer.status_code, answer["Retry-After"]) == (429, "3")
    assert "searches under way" in answer.json()["error"]


@pytest.mark.parametrize("name", ["list:alice", "lists"])
def test_a_list_that_must_wait_is_not_lost(client: Client, places: ExitStack, alice: User, name: str) -> None:
    _occupy(places, name, settings.COSTLY_UNDER_WAY)
    client.force_login(alice)
    answer = client.post("/indicators/", {"indicators": "192.0.2.1\nt-1"})
    assert (answer.status_code, answer["Retry-After"]) == (429, "3")
    assert "192.0.2.1\nt-1" in answer.content.decode()
    assert "Send this one again" in answer.content.decode() or "send this one again" in answer.content.decode()


def test_one_costly_search_of_a_person_leaves_cheap_ones_and_those_of_others(
    client: Client, places: ExitStack, alice: User, bob: User
) -> None:
    _occupy(places, "costly:alice", 1)
    status, page, _ = _open_search(client, alice, DEAR)
    assert (status, "run it in the background" in page) == (429, True)
    assert _open_search(client, alice, CHEAP)[0] == 200
    assert _open_search(client, bob, DEAR)[0] == 200


def test_while_others_ask_a_person_who_just_searched_at_great_cost_waits_before_the_next(
    client: Client, places: ExitStack, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((admission, "REST"), (admission, "MOST_REST"), (concurrency, "ACTIVE")):
        monkeypatch.setattr(module, name, 100)  # so that the test is in time however slow it is
    assert [_open_search(client, alice, DEAR)[0] for _ in range(2)] == [200, 200]  # nobody else is there
    _open_search(client, bob, CHEAP)
    assert _open_search(client, alice, DEAR)[0] == 200
    assert _open_search(client, alice, DEAR)[0] == 429
    assert _open_search(client, alice, CHEAP)[0] == 200
    assert _open_search(client, bob, DEAR)[0] == 200


def test_costly_searches_of_all_are_bounded_and_cheap_ones_are_answered(
    client: Client, places: ExitStack, bob: User
) -> None:
    _occupy(places, "costly", settings.COSTLY_UNDER_WAY)
    assert _open_search(client, bob, DEAR)[0] == 429
    assert _open_search(client, bob, CHEAP)[0] == 200


def test_a_page_that_is_opened_shows_itself_while_its_costly_search_waits(
    client: Client, places: ExitStack, alice: User
) -> None:
    _occupy(places, "costly", settings.COSTLY_UNDER_WAY)
    client.force_login(alice)
    answer = client.get("/", {"q": DEAR})
    assert answer.status_code == 200
    assert "wait" in answer.content.decode()


@pytest.mark.parametrize("text", [DEAR, "zgrab", "url.path:*api*"])
def test_patterns_and_words_without_a_field_are_costly(text: str) -> None:
    assert estimate_search(Search(text=text)) >= COSTLY


@pytest.mark.parametrize("text", ["", CHEAP, "source.ip:10.0.0.0/8 AND event.action:a", "(not understood"])
def test_values_of_fields_are_cheap(text: str) -> None:
    assert estimate_search(Search(text=text)) < COSTLY
