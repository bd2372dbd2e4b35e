"""The list of cases."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.cases import services as cases
from investigations.models import Case, Membership
from investigations.notes import services as notes
from tests.support.factories.cases import close_case, open_case, pin
from tests.support.factories.events import event
from tests.support.pages import at_sign_in
from trail.connection import Trail


def test_it_shows_the_persons_cases_with_their_assignee(client: Client, case: Case, bob: User) -> None:
    client.force_login(bob)
    response = client.get("/cases/")
    assertContains(response, f'href="/cases/{case.public_id}/"')
    assertContains(response, case.number)
    assertContains(response, "<td>Alice</td>")


def test_open_and_closed_ones_stand_apart(client: Client, case: Case, alice: User) -> None:
    closed = open_case(alice, title="An old matter")
    close_case(closed, alice)
    client.force_login(alice)
    assertNotContains(client.get("/cases/"), closed.title)
    assertContains(client.get("/cases/", {"status": "closed"}), closed.title)
    assertNotContains(client.get("/cases/", {"status": "closed"}), case.title)
    for title in (case.title, closed.title):
        assertContains(client.get("/cases/", {"status": "all"}), title, count=1)


def test_a_stranger_does_not_see_it(client: Client, case: Case, charlie: User, ada: User) -> None:
    for stranger in (charlie, ada):
        client.force_login(stranger)
        assertContains(client.get("/cases/"), "No case here")


def test_a_lead_sees_every_case_once(client: Client, case: Case, lea: User) -> None:
    client.force_login(lea)
    assertContains(client.get("/cases/"), case.title, count=1)


def test_a_reader_is_not_offered_to_open_one(client: Client, case: Case, rae: User) -> None:
    client.force_login(rae)
    response = client.get("/cases/")
    assertContains(response, case.title)
    assertNotContains(response, "/cases/new/")


def test_who_was_let_out_no_longer_sees_it(client: Client, case: Case, alice: User, bob: User, trail: Trail) -> None:
    cases.remove_member(case=case, user=bob, by=alice)
    client.force_login(bob)
    assertNotContains(client.get("/cases/"), case.title)


def test_it_is_there_when_the_trail_is_down(client: Client, case: Case, alice: User, no_trail: None) -> None:
    client.force_login(alice)
    assertContains(client.get("/cases/"), case.title)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/cases/"), "/cases/")


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post("/cases/").status_code == 405


@pytest.mark.parametrize(
    "text", ["DEPLOY", "seen in", "build log", "rotation", "It matters", "e-pinned", "{number}", "{public_id}"]
)
def test_what_is_written_anywhere_in_a_case_finds_it(
    client: Client, alice: User, bob: User, trail: Trail, text: str
) -> None:
    case = cases.open_case(title="Leaked deploy token", description="Seen in public", tags="Rotation, ci", by=alice)
    notes.write_note(case=case, text="Ask who wrote the build log", by=alice)
    pin(trail, case, alice, event(event__id="e-pinned"))
    open_case(alice, title="Another matter")
    open_case(bob, title="Of somebody else: deploy, seen in, build log, rotation")
    client.force_login(alice)
    response = client.get("/cases/", {"q": text.format(number=case.number.lower(), public_id=case.public_id)})
    assert [found.title for found in response.context["cases"]] == ["Leaked deploy token"]


def test_it_is_narrowed_by_severity_tag_and_whose_it_is(client: Client, alice: User, lea: User, trail: Trail) -> None:
    high = cases.open_case(title="High", severity="high", tags="ci, northwind", by=alice)
    low = cases.open_case(title="Low", severity="low", tags="ci", by=alice)
    cases.change(case=low, by=alice, revision=1, assignee="")
    hers = cases.open_case(title="Lea's", severity="high", by=lea)
    client.force_login(lea)
    for query, expected in (
        ({"severity": "high", "sort": "opened"}, [hers, high]),
        ({"tag": "CI", "sort": "severity"}, [high, low]),
        ({"tag": "northwind"}, [high]),
        ({"mine": "yes"}, [hers]),
        ({"assignee": "alice"}, [high]),
        ({"sort": "number", "status": "all"}, [hers, low, high]),
        ({"severity": "terrible", "sort": "x", "status": "x", "q": "Low"}, [low]),
    ):
        assert list(client.get("/cases/", query).context["cases"]) == expected, query


def test_each_status_says_how_many_of_the_narrowed_cases_it_has(
    client: Client, alice: User, charlie: User, trail: Trail
) -> None:
    for title in ("Token one", "Token two", "Something else"):
        open_case(alice, title=title)
    cases.contain(case=open_case(alice, title="Token three"), by=alice)
    open_case(charlie, title="Token of a stranger")
    client.force_login(alice)
    statuses = client.get("/cases/", {"q": "token"}).context["statuses"]
    assert [(status, number) for status, _, number in statuses] == [
        ("open", 2),
        ("contained", 1),
        ("closed", 0),
        ("all", 3),
    ]


def test_a_thousand_cases_are_as_many_queries_as_ten(
    client: Client, alice: User, trail: Trail, django_assert_max_num_queries: Any
) -> None:
    made = [
        Case(number=f"C-2020-{n:04}", title=f"Case {n}", opened_by=alice, opened_by_name="Alice", assignee=alice)
        for n in range(1_000)
    ]
    Case.objects.bulk_create(made)
    Membership.objects.bulk_create(Membership(case=case, user=alice, level="lead") for case in made)
    client.force_login(alice)
    with django_assert_max_num_queries(22):
        page = client.get("/cases/", {"q": "case", "page": "3"})
    assertContains(page, "Page 3 of 20")


def test_tags_are_kept_once_and_too_many_or_too_long_ones_are_refused(
    client: Client, alice: User, trail: Trail
) -> None:
    client.force_login(alice)
    client.post("/cases/new/", {"title": "T", "severity": "low", "tags": " CI,  Build   Log , ci,,"})
    assert [tag.name for tag in Case.objects.get().tags.all()] == ["build log", "ci"]
    for tags, words in (("x" * 41, "at most 40 characters"), (",".join(map(str, range(21))), "at most 20 tags")):
        response = client.post("/cases/new/", {"title": "T", "severity": "low", "tags": tags})
        assertContains(response, words, status_code=400)
