"""The board of cases."""

from typing import Any

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.cases import case_filter
from investigations.cases import services as cases
from investigations.models import Case, Membership
from tests.support.factories.cases import close_case, open_case
from tests.support.pages import at_sign_in
from trail.connection import Trail

BOARD = {"view": "board"}


def _read_columns(client: Client, **query: str) -> dict[str, list[str]]:
    columns = client.get("/cases/", BOARD | query).context["columns"]
    return {column.status: [case.title for case in column.cases] for column in columns}


def test_each_status_has_a_column_of_its_cases(client: Client, alice: User, charlie: User, trail: Trail) -> None:
    open_case(alice, title="Open")
    cases.contain(case=open_case(alice, title="Contained"), by=alice)
    close_case(open_case(alice, title="Closed"), alice)
    open_case(charlie, title="Of a stranger")
    client.force_login(alice)
    expected = {"open": ["Open"], "contained": ["Contained"], "closed": ["Closed"]}
    for query in ({}, {"status": "closed"}, {"status": "all"}):
        assert _read_columns(client, **query) == expected


def test_a_card_says_number_severity_assignee_and_tags(client: Client, alice: User, trail: Trail) -> None:
    case = cases.open_case(title="Leak <b>", severity="critical", tags="ci", by=alice)
    client.force_login(alice)
    shown = client.get("/cases/", BOARD)
    for words in (case.number, "Critical", "<bdi>Alice</bdi>", "Leak &lt;b&gt;", "?view=board&amp;tag=ci"):
        assertContains(shown, words)
    assertContains(shown, f'href="/cases/{case.public_id}/"')


def test_it_is_narrowed_as_the_list_is(client: Client, alice: User, trail: Trail) -> None:
    cases.open_case(title="High", severity="high", by=alice)
    cases.contain(case=cases.open_case(title="Low", severity="low", by=alice), by=alice)
    client.force_login(alice)
    assert _read_columns(client, severity="low") == {"open": [], "contained": ["Low"], "closed": []}
    assertContains(client.get("/cases/", BOARD | {"q": "nothing of this"}), "No case matches")


def test_list_and_board_lead_to_each_other_and_keep_the_filter(client: Client, case: Case, alice: User) -> None:
    client.force_login(alice)
    listed = client.get("/cases/", {"severity": "medium"})
    assertContains(listed, 'href="?severity=medium&amp;view=board"')
    board = client.get("/cases/", {"severity": "medium", "view": "board"})
    assertContains(board, 'href="?severity=medium"')
    assertContains(board, '<input type="hidden" name="view" value="board">')
    assertNotContains(board, "bulk-form")


def test_of_many_it_shows_the_first_and_says_how_many_there_are(
    client: Client, alice: User, trail: Trail, django_assert_max_num_queries: Any
) -> None:
    made = [
        Case(number=f"C-2020-{n:04}", title=f"Case {n}", opened_by=alice, opened_by_name="Alice", assignee=alice)
        for n in range(120)
    ]
    Case.objects.bulk_create(made)
    Membership.objects.bulk_create(Membership(case=case, user=alice, level="lead") for case in made)
    client.force_login(alice)
    with django_assert_max_num_queries(20):
        shown = client.get("/cases/", BOARD)
    assert len(shown.context["columns"][0].cases) == case_filter.PAGE_SIZE
    assertContains(shown, '<a href="?status=open">All 120 on the list</a>')


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/cases/", BOARD), "/cases/?view=board")
