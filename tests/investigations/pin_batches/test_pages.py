"""The pages of pinning all of a result: from the search page and from a run, how far it is, stopping it."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations import tasks
from investigations.evidence.services import PinWords
from investigations.models import Case, PinBatch, Run
from investigations.pin_batches import services as pin_batches
from tests.support.factories.cases import run
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, audit_log, link
from trail.connection import Trail

NEW = "/evidence/pin-all/"


@pytest.fixture
def results(alice: User, case: Case, trail: Trail) -> Run:
    write(trail, *(use("t", id=f"e{n}", at=f"2026-11-01T00:00:{n:02}Z") for n in range(12)))
    return run(alice, text="token.id:t", case=case, title="Uses of t")


@pytest.fixture
def batch(case: Case, alice: User, results: Run) -> PinBatch:
    """One that no worker has taken up."""
    return pin_batches.start(case=case, run=results, by=alice, words=PinWords("All of it"))


def address(batch: PinBatch) -> str:
    return f"/pin-batches/{batch.public_id}/"


def test_the_search_page_leads_to_pinning_all_that_it_found(
    client: Client, bob: User, case: Case, results: Run
) -> None:
    client.force_login(bob)
    page = client.get("/", {"q": "token.id:t", "case": case.public_id, "from": "now-100y", "wait": "1"})
    assertContains(page, "Pin all 12")
    form = client.get(link(page, "Pin all 12 to a case"))
    assertContains(form, "everything that this search finds")
    assertContains(form, "token.id:t")
    words = {"case": case.public_id, "reason": "All of it", "search": form.context["pin"]["search"].value()}
    assert "now-" not in words["search"]
    made = client.post(NEW, words)
    (batch,) = PinBatch.objects.all()
    assertRedirects(made, address(batch))
    tasks.execute_run(batch.run.pk)
    tasks.pin_results(batch.pk)
    assert case.evidence.count() == 12


def test_a_finished_run_leads_to_pinning_all_of_it(client: Client, bob: User, case: Case, results: Run) -> None:
    client.force_login(bob)
    form = client.get(link(client.get(f"/runs/{results.public_id}/"), "Pin all 12"))
    assertContains(form, "Pin all 12 events")
    response = client.post(
        NEW, {"case": case.public_id, "reason": "Because", "tags": "b,a", "relevance": "key", "run": results.public_id}
    )
    (batch,) = PinBatch.objects.all()
    assertRedirects(response, address(batch))
    assert (batch.reason, batch.relevance, batch.tags, batch.run) == ("Because", "key", "a, b", results)


def test_without_a_reason_nothing_begins_and_what_was_typed_comes_back(
    client: Client, bob: User, case: Case, results: Run
) -> None:
    client.force_login(bob)
    page = client.post(NEW, {"case": case.public_id, "tags": "exfiltration", "run": results.public_id})
    assert page.status_code == 400
    assertContains(page, "Say why", status_code=400)
    assertContains(page, "exfiltration", status_code=400)
    assert not PinBatch.objects.exists()


def test_what_is_being_pinned_already_is_not_begun_twice(
    client: Client, bob: User, case: Case, batch: PinBatch
) -> None:
    client.force_login(bob)
    words = {"case": case.public_id, "reason": "Again", "run": batch.run.public_id}
    assertContains(client.post(NEW, words), "to this case already", status_code=400)


def test_neither_a_run_nor_a_search_is_a_sentence(client: Client, bob: User, case: Case) -> None:
    client.force_login(bob)
    assertContains(client.post(NEW, {"case": case.public_id, "reason": "x"}), "no search here", status_code=400)


def test_while_it_waits_page_and_case_ask_again_by_themselves(
    client: Client, rae: User, case: Case, batch: PinBatch
) -> None:
    client.force_login(rae)
    page = client.get(address(batch))
    for text in ("Queued", 'hx-trigger="every 1s"', "You may close this page", "All of it"):
        assertContains(page, text)
    assertNotContains(page, "Stop pinning")
    timeline = client.get(f"/cases/{case.public_id}/")
    assertContains(timeline, f'hx-get="{address(batch)}"')
    part = client.get(address(batch), headers={"HX-Request": "true", "HX-Target": "watch"})
    assertContains(part, 'hx-trigger="every 2s"')
    assertNotContains(part, "<html")


def test_when_it_is_over_it_says_what_it_came_to(client: Client, rae: User, case: Case, batch: PinBatch) -> None:
    pin_batches.pin_results(batch.pk)
    client.force_login(rae)
    page = client.get(address(batch))
    assertContains(page, "All 12 events that were found are in the case:")
    assertContains(page, PinBatch.objects.get().ids_digest)
    assertNotContains(page, 'hx-trigger="every 1s')
    assertNotContains(client.get(f"/cases/{case.public_id}/"), "is being pinned")


def test_who_may_write_to_the_case_stops_it_once(
    client: Client, bob: User, case: Case, batch: PinBatch, trail: Trail
) -> None:
    client.force_login(bob)
    assertRedirects(client.post(address(batch)), address(batch))
    batch.refresh_from_db()
    assert (batch.state, batch.cancelled_by_name) == ("cancelled", "Bob")
    assert len(audit_log(trail, "case.evidence.pin.cancel")) == 1
    assertContains(client.post(address(batch)), "This is over already.", status_code=409)


def test_readers_do_not_stop_it_and_strangers_do_not_know_of_it(
    client: Client, rae: User, charlie: User, batch: PinBatch
) -> None:
    assert at_sign_in(client.get(address(batch)))
    client.force_login(rae)
    assert client.post(address(batch)).status_code == 403
    client.force_login(charlie)
    assert client.get(address(batch)).status_code == client.post(address(batch)).status_code == 404
