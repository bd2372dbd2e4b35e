"""One run: its progress, its results, stopping it."""

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations.cases import services as cases
from investigations.models import Case, Run
from investigations.runs import services as runs
from tests.support.factories.cases import open_case, run
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, audit_log, events_on, link
from trail.connection import Trail
from trail.search.spec import Search


@pytest.fixture
def waiting(alice: User, trail: Trail) -> Run:
    """A run that no worker has taken up."""
    write(trail, *(use("t", id=f"e{n:03}", at=f"2026-11-01T00:00:00.{n:09}Z") for n in range(120)))
    return runs.start(search=Search(text="token.id:t"), title="Everything the token did", by=alice)


def _page(run: Run) -> str:
    return f"/runs/{run.public_id}/"


def test_while_it_waits_the_page_asks_again_and_may_be_closed(client: Client, alice: User, waiting: Run) -> None:
    client.force_login(alice)
    response = client.get(_page(waiting))
    for text in (
        "Everything the token did",
        "Queued",
        'hx-trigger="every 1s"',
        "Cancel the run",
        "You may close this page",
    ):
        assertContains(response, text)


def test_its_results_are_read_page_by_page_each_once(client: Client, alice: User, waiting: Run) -> None:
    runs.execute_run(waiting.pk)
    client.force_login(alice)
    response = client.get(_page(waiting))
    assertContains(response, "<b>1–50</b> of <b>120</b> events")
    assertNotContains(response, 'hx-trigger="every')
    seen = events_on(response)
    while address := link(response, "Next page"):
        response = client.get(_page(waiting) + address)
        seen += events_on(response)
    assert seen == [f"e{n:03}" for n in reversed(range(120))]
    assert link(response, "Previous page") == "?start=50"


def test_a_place_beyond_the_end_is_the_last_page(client: Client, alice: User, waiting: Run) -> None:
    runs.execute_run(waiting.pk)
    client.force_login(alice)
    for start, first in (("999999", "101"), ("77", "51"), ("²", "1"), ("-5", "1"), ("x", "1"), ("9" * 30, "1")):
        assertContains(client.get(_page(waiting), {"start": start}), f"<b>{first}–")


def test_its_result_stays_what_it_was(client: Client, alice: User, trail: Trail, waiting: Run) -> None:
    runs.execute_run(waiting.pk)
    write(trail, use("t", id="late", at="2026-11-01T00:00:00Z"))
    client.force_login(alice)
    assertContains(client.get(_page(waiting)), "of <b>120</b> events")


def test_htmx_gets_the_progress_alone_and_a_run_that_is_over_asks_no_more(
    client: Client, alice: User, waiting: Run
) -> None:
    client.force_login(alice)
    headers = {"HX-Request": "true", "HX-Target": "progress"}
    assertContains(client.get(_page(waiting), headers=headers), 'hx-trigger="every 1s"')
    runs.execute_run(waiting.pk)
    part = client.get(_page(waiting), headers=headers)
    assertContains(part, "<b>120</b> of 120 events, 100 %")
    assertNotContains(part, "hx-trigger")
    assertNotContains(part, "<html")


def test_nothing_found_is_said_to_be_nothing(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assertContains(
        client.get(_page(run(alice, text="token.id:nobody"))), "went through the whole trail and found nothing"
    )


def test_it_is_stopped_for_good_on_record(client: Client, alice: User, waiting: Run, trail: Trail) -> None:
    client.force_login(alice)
    assertRedirects(client.post(_page(waiting)), _page(waiting))
    runs.execute_run(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.done, waiting.cancelled_by_name) == ("cancelled", 0, "Alice")
    (recorded,) = audit_log(trail, "run.cancel")
    assert recorded["resource"]["id"] == waiting.public_id
    assertContains(client.post(_page(waiting)), "This run is over already.", status_code=409)


def test_a_viewer_of_the_case_reads_the_result_and_may_not_stop_it(
    client: Client, case: Case, alice: User, rae: User, trail: Trail
) -> None:
    write(trail, use("t", id="e1"))
    finished = run(alice, text="token.id:t", case=case)
    queued = runs.start(search=Search(), title="A long one", by=alice, case=case)
    client.force_login(rae)
    response = client.get(_page(finished))
    assert events_on(response) == ["e1"]
    assertNotContains(response, "pin-form")
    assertNotContains(response, "exportmenu")
    assertNotContains(client.get(_page(queued)), "Cancel the run")
    assert client.post(_page(queued)).status_code == 403
    queued.refresh_from_db()
    assert queued.state == "queued"


def test_who_only_reads_the_case_may_not_stop_its_runs(
    client: Client, case: Case, alice: User, bob: User, charlie: User
) -> None:
    cases.add_member(case=case, user=charlie, level="reader", by=alice)
    queued = runs.start(search=Search(), title="A long one", by=alice, case=case)
    client.force_login(charlie)
    assert client.post(_page(queued)).status_code == 403
    client.force_login(bob)
    assert client.post(_page(queued)).status_code == 302


def test_everybody_of_the_case_reads_the_same_result(
    client: Client, case: Case, alice: User, bob: User, lea: User, trail: Trail
) -> None:
    """A run in a case finds what everybody of the case may find: no private search, no other case of its starter."""
    own = open_case(alice, title="Another matter")
    client.force_login(alice)
    client.get("/", {"q": "a private search"})
    of_the_case = {
        one["event"]["id"] for one in audit_log(trail) if one.get("resource", {}).get("id") == case.public_id
    }
    found = {}
    for starter in (alice, lea):
        made = run(
            starter, text=f"event.action:search.run OR resource.id:({own.public_id} OR {case.public_id})", case=case
        )
        for reader in (alice, bob, lea):
            client.force_login(reader)
            found[starter, reader] = set(events_on(client.get(_page(made))))
        of_the_case |= {one["event"]["id"] for one in audit_log(trail, "run.*")}
    assert all(ids and ids <= of_the_case for ids in found.values())
    assert found[alice, alice] == found[alice, bob] == found[alice, lea]


def test_a_run_finds_nothing_of_a_strangers_case(client: Client, case: Case, charlie: User, trail: Trail) -> None:
    hidden = {one["event"]["id"] for one in audit_log(trail)}
    made = run(charlie, text="event.dataset:console")
    client.force_login(charlie)
    assert not hidden & set(events_on(client.get(_page(made))))
    assert not made.done


def test_what_a_person_may_no_longer_find_is_left_out_of_their_old_runs(
    client: Client, case: Case, alice: User, bob: User, trail: Trail
) -> None:
    write(trail, use("t", id="e1"))
    made = run(bob, text="event.action:(case.open OR token.authorize)")
    assert made.done == 2
    cases.remove_member(case=case, user=bob, by=alice)
    client.force_login(bob)
    assert events_on(client.get(_page(made))) == ["e1"]


def test_a_result_that_the_trail_no_longer_holds_is_not_left_out_in_silence(
    client: Client, alice: User, waiting: Run, trail: Trail
) -> None:
    runs.execute_run(waiting.pk)
    trail.client.indices.delete(index=f"{trail.prefix}-events-2026.11")
    write(trail, use("t", id="e001", at="2026-11-01T00:00:00.000000001Z"))
    client.force_login(alice)
    assertContains(client.get(_page(waiting)), "The trail does not show", status_code=503)


def test_a_trail_that_is_down_is_no_empty_result(client: Client, alice: User, waiting: Run, settings: Settings) -> None:
    runs.execute_run(waiting.pk)
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    client.force_login(alice)
    assertContains(client.get(_page(waiting)), "does not answer", status_code=503)


def test_a_stranger_gets_404(client: Client, case: Case, alice: User, charlie: User, bob: User) -> None:
    of_the_case, own = run(alice, case=case), run(alice)
    client.force_login(charlie)
    for one in (of_the_case, own):
        assert [client.get(_page(one)).status_code, client.post(_page(one)).status_code] == [404, 404]
    client.force_login(bob)
    assert [client.get(_page(one)).status_code for one in (of_the_case, own)] == [200, 404]


def test_a_run_that_is_not_there_is_404(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/runs/nosuchrun/").status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, waiting: Run) -> None:
    assert at_sign_in(client.get(_page(waiting)), _page(waiting))
    assert at_sign_in(client.post(_page(waiting)))


def test_other_methods_are_refused(client: Client, alice: User, waiting: Run) -> None:
    client.force_login(alice)
    assert client.delete(_page(waiting)).status_code == 405


def _poll(client: Client, run: Run, **query: str) -> HttpResponse:
    return client.get(_page(run), query, headers={"HX-Request": "true", "HX-Target": "progress"})


def test_who_watches_gets_the_rows_and_the_actions_with_the_last_poll(
    client: Client, alice: User, waiting: Run
) -> None:
    client.force_login(alice)
    assertNotContains(_poll(client, waiting, shown="0"), "hx-swap-oob")
    runs.execute_run(waiting.pk)
    part = _poll(client, waiting, shown="0")
    assert events_on(part) == [f"e{n:03}" for n in reversed(range(70, 120))]
    for text in (
        '<div id="result" hx-swap-oob="true">',
        "<b>1–50</b> of <b>120</b> events",
        "exportmenu",
        'id="pin-form"',
    ):
        assertContains(part, text)
    assertNotContains(part, "hx-trigger")


def test_rows_that_stand_there_already_stay_with_their_ticks(client: Client, alice: User, waiting: Run) -> None:
    client.force_login(alice)
    runs.execute_run(waiting.pk)
    part = _poll(client, waiting, shown="50")
    assert events_on(part) == []
    assertContains(part, "<b>1–50</b> of <b>120</b> events")
    assertNotContains(part, 'id="result"')


def test_who_watches_a_run_that_finds_nothing_is_told_so(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assertContains(_poll(client, run(alice, text="token.id:nobody"), shown="0"), "found nothing")


def test_a_poll_of_a_run_that_goes_on_asks_the_engine_nothing(client: Client, alice: User, waiting: Run) -> None:
    runs.execute_run(waiting.pk)
    Run.objects.filter(pk=waiting.pk).update(state=Run.State.RUNNING)
    client.force_login(alice)
    assert client.get(_page(waiting)).context["rows"]
    part = _poll(client, waiting, shown="50")
    assert part.context["rows"] == []
    assertContains(part, f'hx-get="{_page(waiting)}?start=0&amp;shown=50"')
