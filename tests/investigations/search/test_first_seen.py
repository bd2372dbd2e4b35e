"""Firsts on the pages: as marks, as filters, in a run and its file."""

import orjson
import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.exports import services as exports
from investigations.models import Case, Run
from investigations.runs import services as runs
from tests.support.factories.cases import export
from tests.support.factories.events import use, write
from tests.support.factories.firsts import keep
from tests.support.pages import events_on
from trail.connection import Trail
from trail.search.spec import Filter, Search

MARK = '<span class="mark" title="No earlier event of the whole trail shows this user at this address.">user: new address</span>'


@pytest.fixture
def known(trail: Trail) -> Trail:
    """ada at one address twice, and at another."""
    write(
        trail,
        use("t", id="first", user__id="ada", at="2026-01-01T00:00:00Z"),
        use("t", id="again", user__id="ada", at="2026-01-02T00:00:00Z"),
        use("t", id="moved", user__id="ada", source__ip="192.0.2.8", at="2026-01-03T00:00:00Z"),
    )
    keep(trail)
    return trail


def test_an_event_that_is_a_first_is_marked_and_no_other(client: Client, alice: User, known: Trail) -> None:
    client.force_login(alice)
    response = client.get("/", {"q": "user.id:ada"})
    assert events_on(response) == ["moved", "again", "first"]
    assertContains(response, 'class="new" title="First time ever. user: new address.', count=2)
    assertContains(client.get("/events/first/"), MARK, count=1, html=True)
    assertContains(client.get("/events/moved/"), MARK, count=1, html=True)
    assertNotContains(client.get("/events/again/"), 'class="mark"')


def test_beside_a_search_stands_how_many_firsts_there_are_and_leads_to_them(
    client: Client, alice: User, known: Trail
) -> None:
    client.force_login(alice)
    response = client.get("/", {"q": "user.id:ada"})
    assertContains(response, 'href="?q=user.id%3Aada&amp;f=novelty%3Auser_address"')
    alone = client.get("/", {"q": "user.id:ada", "f": "novelty:user_address"})
    assert events_on(alone) == ["moved", "first"]
    assertContains(alone, "of <b>2</b> events")
    assertContains(alone, "Remove the filter first time ever: user: new address")
    assertContains(alone, 'href="?q=user.id%3Aada"')


def test_what_cannot_be_asked_of_firsts_is_said_and_kept(client: Client, alice: User, known: Trail) -> None:
    client.force_login(alice)
    response = client.get("/", {"q": "user.id:ada NOT novelty:user_address"})
    assertContains(response, "joined by AND", status_code=400)
    assertContains(response, ">user.id:ada NOT novelty:user_address</textarea>", status_code=400)


def test_a_page_says_how_far_its_marks_go_where_that_is_not_to_the_present(
    client: Client, alice: User, trail: Trail, known: Trail
) -> None:
    client.force_login(alice)
    assertNotContains(client.get("/"), "What is first seen is known")
    trail.client.update(
        index=f"{trail.prefix}-firsts",
        id="progress",
        params={"refresh": "true"},
        body={"doc": {"progress": {"until": "2026-01-05T00:00:00+00:00"}}},
    )
    assertContains(
        client.get("/"), "What is first seen is known among the events that had arrived by 2026-01-05T00:00:00Z."
    )


def test_before_anything_is_known_pages_work_and_searches_for_firsts_say_why_not(
    client: Client, alice: User, trail: Trail
) -> None:
    write(trail, use("t", id="e"))
    client.force_login(alice)
    assertContains(client.get("/"), "What is first seen is not known yet.")
    assertContains(client.get("/", {"f": "novelty:any"}), "keep_first_seen runs", status_code=503)


def test_a_run_and_its_file_hold_the_firsts_and_nothing_else(alice: User, known: Trail) -> None:
    search = Search(filters=(Filter("novelty", ("user_address",)), Filter("user.id", ("ada",))))
    run = runs.start(search=search, title="New addresses", by=alice)
    keep(known)  # what the keeper does each moment: all that had arrived when the run was started is in
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.done) == ("finished", 2)
    assert [hit.event_id for hit in runs.read_results(run, start=0, size=9)] == ["moved", "first"]
    made = export(alice, run=run, format="jsonl")
    lines = [orjson.loads(line) for line in exports.build_path(made).read_bytes().splitlines()]
    assert [line["event"]["event"]["id"] for line in lines] == ["moved", "first"]
    assert all("novelty" not in line["event"] for line in lines)


def test_a_run_waits_until_firsts_are_known_among_all_that_had_arrived(
    alice: User, known: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "FIRST_SEEN_PATIENCE", 0)
    run = runs.start(search=Search(filters=(Filter("novelty", ("any",)),)), title="Firsts", by=alice)
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert run.state == "queued"
    assert "known among the events that had arrived by" in run.problem
    keep(known)
    Run.objects.update(not_before=run.created_at)
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.done) == ("finished", 2)


def test_a_stranger_sees_no_first_of_a_case(client: Client, case: Case, charlie: User, lea: User, known: Trail) -> None:
    keep(known)
    for user in (charlie, lea):
        client.force_login(user)
        assert events_on(client.get("/", {"f": "novelty:any"})) == ["moved", "first"]


def test_that_there_is_no_such_first_cannot_be_pinned(client: Client, alice: User, case: Case, known: Trail) -> None:
    client.force_login(alice)
    assertContains(client.get("/", {"q": "user.id:nobody", "f": "novelty:any"}), "No event matches")
    asked = {"search": "q=user.id:nobody&f=novelty:any", "case": case.public_id, "reason": "None"}
    response = client.post("/evidence/absence/", asked)
    assertContains(response, "an event that arrives later may become one", status_code=400)
