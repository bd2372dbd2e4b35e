"""Notices: what ended or was found since somebody last looked, for whom it is, on every page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core import access_spool
from investigations.models import Export, Run
from investigations.notices import services as notices
from tests.support.factories.cases import open_case, run
from tests.support.factories.events import use, write
from tests.support.factories.searches import finding
from trail.connection import Trail

PAGE = "/notices/"


def _words(user: User) -> list[str]:
    return [notice.words for notice in notices.list_notices(user)]


def test_a_run_of_ones_own_that_ended_is_told_and_nobody_elses(trail: Trail, alice: User, bob: User) -> None:
    write(trail, use("t"))
    run(alice, text="token.id:t", title="Uses of t")
    assert _words(alice) == ["Run “Uses of t” finished, 1 event"]
    assert _words(bob) == []
    assert (notices.count_new_notices(alice), notices.count_new_notices(bob)) == (1, 0)


def test_what_failed_says_why_and_what_was_cancelled_is_not_told(trail: Trail, alice: User) -> None:
    common = {"started_by": alice, "started_by_name": "Alice", "ended_at": timezone.now()}
    Run.objects.create(title="Too much", search={}, state=Run.State.FAILED, problem="Narrow the search.", **common)
    Run.objects.create(title="Enough", search={}, state=Run.State.CANCELLED, **common)
    Export.objects.create(format="csv", case=open_case(alice), state=Export.State.FINISHED, done=1_234, **common)
    assert sorted(_words(alice)) == [
        "Export finished, 1,234 events",
        "Run “Too much” failed: Narrow the search.",
    ]


def test_findings_are_told_to_who_investigates_until_they_are_acknowledged(
    trail: Trail, alice: User, rae: User
) -> None:
    told = finding(alice, count=7)
    assert _words(alice) == [f"Finding: {told.detection.name}, 7 events"]
    assert _words(rae) == []
    told.acknowledged_at = timezone.now()
    told.save()
    assert _words(alice) == []


def test_what_was_read_is_not_new_any_more(client: Client, trail: Trail, alice: User) -> None:
    run(alice, text="token.id:t")
    client.force_login(alice)
    assertContains(client.get("/cases/"), "Notices: 1 new")
    assertRedirects(client.post(PAGE), PAGE)
    page = client.get(PAGE)
    assertContains(page, "Run “A run” finished, 0 events")
    assertNotContains(page, "Notices: 1 new")
    run(alice, text="token.id:t", title="Another")
    assert [notice.is_new for notice in notices.list_notices(alice)] == [True, False]


def test_who_never_looked_is_told_of_a_week(alice: User) -> None:
    for days in (1, 8):
        ended_at = timezone.now() - timedelta(days=days)
        Run.objects.create(
            title=f"{days} days", search={}, state=Run.State.FINISHED, started_by=alice, ended_at=ended_at
        )
    assert _words(alice) == ["Run “1 days” finished, 0 events"]


def test_the_number_is_asked_by_every_page_and_leaves_no_record(client: Client, alice: User) -> None:
    client.force_login(alice)
    before = access_spool.count_waiting()
    assertContains(client.get("/notices/count/"), 'data-notices="0"')
    assert access_spool.count_waiting() == before


@pytest.mark.parametrize("hostile", ["<script>x</script>", "a‮b"])
def test_a_hostile_title_is_text(client: Client, trail: Trail, alice: User, hostile: str) -> None:
    run(alice, text="token.id:t", title=hostile)
    client.force_login(alice)
    assertNotContains(client.get(PAGE), hostile)
