"""Working in a case: the strip on every page, what begins with the case, and who still sees it."""

import re

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations.cases import services as cases
from investigations.models import Case, PastSearch
from tests.support.factories.cases import close_case, open_case, pin
from tests.support.factories.events import use, write
from tests.support.pages import text_of
from trail.connection import Trail

STRIP = 'aria-label="The case that you work in"'


@pytest.fixture
def at_work(client: Client, case: Case, bob: User) -> Client:
    """bob, who works in the case."""
    client.force_login(bob)
    client.post(f"/cases/{case.public_id}/work/")
    return client


def chosen_case(page: str) -> str | None:
    """The case that the page's pin form begins with."""
    form = re.search(r'<form[^>]*id="pin-form".*?</form>', page, re.S)
    chosen = re.search(r'<option value="([^"]*)" selected|name="case" value="([^"]*)"', form[0]) if form else None
    return chosen[1] or chosen[2] if chosen else None


def test_every_page_but_the_cases_own_names_it_and_what_is_pinned(
    at_work: Client, case: Case, alice: User, trail: Trail
) -> None:
    pin(trail, case, alice, use("t"), use("t"))
    for address in ("/queries/", "/runs/", "/tokens/t/"):
        response = at_work.get(address)
        assertContains(response, STRIP)
        assertContains(response, case.title)
        assertContains(response, "2 pinned")
    for part in ("", "notes/", "people/", "activity/"):
        assertNotContains(at_work.get(f"/cases/{case.public_id}/{part}"), STRIP)
    assertContains(at_work.get(f"/cases/{case.public_id}/"), "You work in this case")


def test_who_works_in_no_case_reads_of_none(client: Client, case: Case, bob: User) -> None:
    client.force_login(bob)
    assertNotContains(client.get("/queries/"), STRIP)
    assertContains(client.get(f"/cases/{case.public_id}/"), "Work in this case")


def test_leaving_leads_back_to_the_page_and_never_to_another_site(at_work: Client, case: Case) -> None:
    left = at_work.post("/cases/leave/", headers={"Referer": "http://testserver/runs/?mine=1"})
    assertRedirects(left, "http://testserver/runs/?mine=1")
    assertNotContains(at_work.get("/runs/"), STRIP)
    for elsewhere in ("https://evil.example/", "//evil.example", ""):
        assertRedirects(at_work.post("/cases/leave/", {"back": elsewhere}, headers={"Referer": elsewhere}), "/cases/")


def test_pin_forms_begin_with_it_unless_the_address_names_another(
    at_work: Client, case: Case, bob: User, trail: Trail
) -> None:
    other = open_case(bob, title="A newer case")
    write(trail, use("t", id="e1"))
    for address in ("/?q=token.id:t", "/events/e1/"):
        assert chosen_case(text_of(at_work.get(address))) == case.public_id
    assert chosen_case(text_of(at_work.get("/", {"q": "token.id:t", "case": other.public_id}))) == other.public_id


def test_a_search_is_made_in_it(at_work: Client, case: Case, trail: Trail) -> None:
    at_work.get("/", {"q": "token.id:t"})
    assert PastSearch.objects.get().case == case


def test_a_case_that_one_may_no_longer_see_is_left_without_a_word(
    at_work: Client, case: Case, alice: User, bob: User
) -> None:
    cases.remove_member(case=case, user=bob, by=alice)
    response = at_work.get("/queries/")
    assertNotContains(response, STRIP)
    assertNotContains(response, case.title)
    assert "working_case" not in at_work.session


def test_nobody_works_in_a_case_that_they_do_not_see(client: Client, case: Case, charlie: User) -> None:
    client.force_login(charlie)
    assert client.post(f"/cases/{case.public_id}/work/").status_code == 404
    assertNotContains(client.get("/queries/"), STRIP)


def test_a_closed_case_says_so_and_takes_no_pins(at_work: Client, case: Case, alice: User, trail: Trail) -> None:
    close_case(case, alice)
    assertContains(at_work.get("/queries/"), "Closed")
    write(trail, use("t", id="e1"))
    assert chosen_case(text_of(at_work.get("/events/e1/"))) is None


def test_a_title_stays_a_text(client: Client, alice: User, trail: Trail) -> None:
    hostile = open_case(alice, title="<b>x</b>\u202egnp")
    client.force_login(alice)
    client.post(f"/cases/{hostile.public_id}/work/")
    page = text_of(client.get("/queries/"))
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "\u202e" not in page
