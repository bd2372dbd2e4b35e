"""What a case's page tells of others while it stands open."""

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.cases import restriction
from investigations.models import Case
from investigations.notes import services as notes
from tests.support.pages import text_of
from trail.connection import Trail


@pytest.fixture
def live(case: Case) -> str:
    return f"/cases/{case.public_id}/live/"


def _newest(case: Case) -> int:
    newest = case.activities.order_by("-pk").first()
    assert newest is not None
    return newest.pk


def test_a_page_hears_that_somebody_changed_the_case_and_what_they_did(
    client: Client, case: Case, alice: User, bob: User, live: str, trail: Trail
) -> None:
    client.force_login(alice)
    seen = _newest(case)
    quiet = client.get(live, {"seen": seen})
    assert "HX-Trigger" not in quiet
    notes.write_note(case=case, text="It was the runner", by=bob)
    told = client.get(live, {"seen": seen})
    assert told["HX-Trigger"] == "case-changed"
    assertContains(told, "Bob wrote a note")
    assertContains(told, f"?seen={_newest(case)}")
    assert "HX-Trigger" not in client.get(live, {"seen": _newest(case)})


def test_ones_own_change_is_shown_in_ones_other_windows_and_is_no_news(
    client: Client, case: Case, alice: User, live: str, trail: Trail
) -> None:
    client.force_login(alice)
    seen = _newest(case)
    notes.write_note(case=case, text="It was the runner", by=alice)
    told = client.get(live, {"seen": seen})
    assert told["HX-Trigger"] == "case-changed"
    assertNotContains(told, "data-news")


def test_who_looks_at_the_case_is_seen_by_the_others(
    client: Client, case: Case, alice: User, rae: User, live: str
) -> None:
    browser = Client()
    browser.force_login(rae)
    browser.get(live)
    client.force_login(alice)
    assertContains(client.get(live), "Rae")
    assertNotContains(client.get(live), "Alice")


def test_without_redis_the_page_still_hears_of_changes(
    client: Client, case: Case, alice: User, bob: User, live: str, trail: Trail, settings: Settings
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    notes.write_note(case=case, text="It was the runner", by=bob)
    client.force_login(alice)
    assert client.get(live, {"seen": 0})["HX-Trigger"] == "case-changed"


@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 40])
def test_a_number_that_is_none_is_the_beginning(client: Client, alice: User, live: str, seen: str) -> None:
    client.force_login(alice)
    assert client.get(live, {"seen": seen}).status_code == 200


def test_who_may_not_see_the_case_hears_nothing(client: Client, case: Case, alice: User, lea: User, live: str) -> None:
    restriction.restrict(case=case, by=alice)
    client.force_login(lea)
    assert client.get(live).status_code == 404


def test_it_asks_few_queries_for_it_is_asked_often(
    client: Client, alice: User, live: str, django_assert_max_num_queries: object
) -> None:
    client.force_login(alice)
    client.get(live)
    with django_assert_max_num_queries(4):  # type: ignore[operator]
        client.get(live, {"seen": 99_999})


@pytest.mark.parametrize(("page", "part"), [("", "case-main"), ("notes/", "notes"), ("tasks/", "tasks"), ("hypotheses/", "hypotheses"), ("activity/", "activity")])  # fmt: skip
def test_each_page_of_a_case_shows_the_change_where_it_shows_what_changed(
    client: Client, case: Case, alice: User, page: str, part: str
) -> None:
    client.force_login(alice)
    text = text_of(client.get(f"/cases/{case.public_id}/{page}"))
    assert f'id="{part}"' in text
    assert f'hx-select="#{part}"' in text
    assert 'id="case-live"' in text
