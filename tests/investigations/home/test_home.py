"""The home page: the questions, the trail, what waits, where one was."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations.models import Case, Finding
from tests.support.cast import PASSWORD
from tests.support.factories.cases import close_case, open_case, pin
from tests.support.factories.events import use, write
from tests.support.factories.incidents import incident
from tests.support.factories.searches import finding, past
from tests.support.pages import link, text_of
from trail.connection import Trail

PAGE = "/home/"


@pytest.fixture
def home(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def test_signing_in_and_the_name_of_the_console_lead_to_it(client: Client, alice: User, trail: Trail) -> None:
    assertRedirects(client.post("/accounts/login/", {"login": "alice", "password": PASSWORD}), PAGE)
    assertContains(client.get("/queries/"), '<a class="brand" href="/home/">')


@pytest.mark.parametrize(
    ("address", "name", "leads_to"),
    [
        ("/questions/first-use/", "token", "/tokens/t/"),
        ("/questions/tokens-issued/", "user", "/users/t/#tokens"),
        ("/questions/before-revocation/", "token", "/tokens/t/compromise/"),
    ],
)
def test_each_question_is_a_form_that_leads_to_its_answer(
    home: Client, trail: Trail, address: str, name: str, leads_to: str
) -> None:
    page = text_of(home.get(PAGE))
    assert f'action="{address}"' in page
    assert f'name="{name}"' in page[page.index(address) :].split("</form>")[0]
    assert home.get(address, {name: "t"})["Location"] == leads_to


def test_it_tells_of_the_trail_without_the_consoles_own_events(
    home: Client, trail: Trail, seal: Callable[[], object]
) -> None:
    today = datetime.now(UTC).strftime("%Y-%m-%dT00:00:00Z")
    write(trail, use("t", at=today), use("t", at=today, event__outcome="failure"))
    write(trail, use("t", at=today, event__dataset="console", user__id="alice", event__action="search.run"))
    seal()
    response = home.get(PAGE)
    assertContains(response, "2 events since")
    assertContains(response, "1 denied")
    assertContains(response, "2 events, 1 denied")
    assertContains(response, "sealed to ")
    assertContains(response, "No unresolved incident.")
    assertNotContains(response, "search.run")


def test_it_takes_one_request_to_the_engine(home: Client, trail: Trail, wire: list[str]) -> None:
    write(trail, use("t"))
    home.get(PAGE)  # the demonstration's badge is seen to once
    wire.clear()
    assert home.get(PAGE).status_code == 200
    assert wire == ["POST /_msearch"]


def test_a_trail_that_does_not_answer_leaves_the_rest_of_the_page(home: Client, case: Case, no_trail: None) -> None:
    response = home.get(PAGE)
    assertContains(response, "No answer")
    assertContains(response, case.title)


def test_an_empty_trail_is_said_to_be_empty(home: Client, trail: Trail) -> None:
    assertContains(home.get(PAGE), "The trail holds no event yet.")


def test_an_incident_is_named_with_its_number(home: Client, trail: Trail) -> None:
    incident()
    assertContains(home.get(PAGE), "1 unresolved")


def test_new_findings_stand_by_their_severity_and_those_that_were_seen_to_do_not(
    home: Client, alice: User, trail: Trail
) -> None:
    low, seen, critical = (finding(alice) for _ in range(3))
    Finding.objects.filter(pk=low.pk).update(severity="low")
    Finding.objects.filter(pk=critical.pk).update(severity="critical")
    Finding.objects.filter(pk=seen.pk).update(acknowledged_at=datetime.now(UTC))
    page = text_of(home.get(PAGE))
    assert page.index(f"/findings/{critical.public_id}/") < page.index(f"/findings/{low.public_id}/")
    assert f"/findings/{seen.public_id}/" not in page


def test_who_does_not_investigate_is_shown_no_findings(client: Client, alice: User, rae: User, trail: Trail) -> None:
    finding(alice)
    client.force_login(rae)
    assertNotContains(client.get(PAGE), "To triage")


def test_ones_own_open_cases_stand_there_the_last_changed_first(
    home: Client, alice: User, bob: User, trail: Trail
) -> None:
    first, second = open_case(alice, title="The first"), open_case(alice, title="The second")
    closed = open_case(alice, title="A closed one")
    close_case(closed, alice)
    open_case(bob, title="A strange one")
    pin(trail, first, alice, use("t"))
    response = home.get(PAGE)
    page = text_of(response)
    assert page.index(first.title) < page.index(second.title)
    assertContains(response, "1 pinned")
    assertContains(response, "2 open")
    assertNotContains(response, "A closed one")
    assertNotContains(response, "A strange one")


def test_a_lead_who_sees_every_case_is_shown_those_they_are_in(client: Client, case: Case, lea: User) -> None:
    client.force_login(lea)
    assertNotContains(client.get(PAGE), case.title)


def test_where_one_was_leads_back_and_is_ones_own(home: Client, alice: User, bob: User, trail: Trail) -> None:
    write(trail, use("tok_7", user__id="mallory"))
    for address in ("/users/mallory/", "/tokens/tok_7/lineage/", "/users/mallory/"):
        assert home.get(address).status_code == 200
    past(alice, "event.outcome:failure")
    past(alice, "")
    past(bob, "user.id:elsewhere")
    response = home.get(PAGE)
    page = text_of(response)
    assert page.index('href="/users/mallory/"') < page.index('href="/tokens/tok_7/"')
    assert page.count('href="/users/mallory/"') == 1
    assert link(response, "<bdi>event.outcome:failure, at any time</bdi>") == "/?q=event.outcome%3Afailure"
    assertNotContains(response, "elsewhere")
    home.logout()
    home.force_login(alice)
    assertNotContains(home.get(PAGE), "tok_7")


def test_words_of_others_stay_texts(home: Client, alice: User, trail: Trail) -> None:
    open_case(alice, title="<i>x</i>")
    write(trail, use("<i>y</i>"))
    home.get("/tokens/~PGk-eTwvaT4=/")
    page = text_of(home.get(PAGE))
    assert "&lt;i&gt;x&lt;/i&gt;" in page
    assert "&lt;i&gt;y&lt;/i&gt;" in page
    assert "<i>" not in page
