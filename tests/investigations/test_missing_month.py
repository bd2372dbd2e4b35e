"""A month that is closed, gone or put back: every page, run, export, detection and API answer says so, and none looks whole."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains

from accounts.models import User
from core.connection import trail as console_trail
from investigations.detections import services as detections
from investigations.exports import services as exports
from investigations.models import Case, Detection, Export, Finding, PastSearch, Run
from investigations.runs import services as runs
from operations.models import Cursor, KeyScope
from operations.sealing.ranges import read_sealed_counts
from tests.support import missing_months
from tests.support.factories.cases import run
from tests.support.factories.events import event, issue, use, write
from tests.support.factories.keys import bearer, writer_key
from tests.support.missing_months import LOSSES, Month
from tests.support.pages import text_of
from trail.connection import Trail
from trail.search.spec import Search


@pytest.fixture
def october(trail: Trail, alice: User, seal: Callable[[], int]) -> Month:
    """Three months, sealed; the one in the middle is about to fail."""
    events = tuple(use("t", id=f"o{day}", at=f"2026-10-0{day}T00:00:00Z", user__id="ann") for day in (1, 2, 3))
    write(trail, issue("t", "ann", at="2026-09-01T00:00:00Z"), *events, event(at="2026-11-01T00:00:00Z", id="n1"))
    seal()
    return Month(trail, f"{trail.prefix}-events-2026.10", events)


def _forget() -> None:
    """What is sealed is read anew, as it is after two seconds."""
    console_trail().recent.clear()


def test_the_log_says_how_many_events_each_index_holds(october: Month, trail: Trail, seal: Callable[[], int]) -> None:
    names = [f"{trail.prefix}-events-2026.{month:02}" for month in (9, 10, 11)]
    assert read_sealed_counts() == dict(zip(names, (1, 3, 1), strict=True))
    write(trail, use("t", at="2026-10-04T00:00:00Z"), use("t", at="2026-10-05T00:00:00Z"))
    seal()
    assert read_sealed_counts()[october.index] == Cursor.objects.get(index=october.index).events == 5
    seal()
    assert read_sealed_counts()[october.index] == 5


@pytest.mark.parametrize("fault", LOSSES[:4], ids=lambda fault: fault.__name__)
def test_no_page_and_no_answer_of_the_api_looks_whole(
    client: Client, alice: User, ada: User, october: Month, fault: missing_months.Fault
) -> None:
    headers = bearer(writer_key(ada, scope=KeyScope.TRAIL)[1])
    fault(october)
    _forget()
    client.force_login(alice)
    page = client.get("/")
    assertContains(page, "In part only:")
    assertContains(page, f"{october.index} shows")
    assert PastSearch.objects.get().partial
    answer = Client().get("/api/v1/search", headers=headers).json()
    assert answer["partial"]
    assert october.index in answer["missing"]
    for address in ("coverage", "tokens/t", "tokens/t/lineage", "users/ann"):
        refused = Client().get(f"/api/v1/{address}", headers=headers)
        assert (refused.status_code, october.index in refused.json()["error"]) == (503, True), address
    for address in (
        "/tokens/t/",
        "/tokens/t/lineage/",
        "/users/ann/",
        "/events/o3/",
        "/tokens/t/compromise/radius.csv",
    ):
        response = client.get(address)
        assert (response.status_code, october.index in text_of(response)) == (503, True), address


def test_a_run_and_its_export_wait_for_the_month_and_are_whole_in_the_end(alice: User, october: Month) -> None:
    before = run(alice, text="token.id:t")
    assert (before.state, before.done, before.total) == ("finished", 4, 4)
    missing_months.close(october)
    _forget()
    begun = runs.start(search=Search(text="token.id:t"), title="A run", by=alice)
    made = exports.start(format="csv", by=alice, run=before)
    runs.execute_run(begun.pk)
    exports.write_export(made.pk)
    begun.refresh_from_db()
    made.refresh_from_db()
    for job in (begun, made):
        assert job.state == "queued"
        assert f"{october.index} is closed" in job.problem
    assert not exports.build_path(made).exists()
    october.trail.client.indices.open(index=october.index, params={"wait_for_active_shards": "1"})
    Run.objects.update(not_before=begun.created_at)
    Export.objects.update(not_before=begun.created_at)
    runs.execute_run(begun.pk)
    exports.write_export(made.pk)
    begun.refresh_from_db()
    made.refresh_from_db()
    assert (begun.state, begun.done, made.state, made.done) == ("finished", 4, "finished", 4)


@pytest.mark.parametrize("fault", LOSSES[1:4], ids=lambda fault: fault.__name__)
def test_no_run_finishes_without_a_month(alice: User, october: Month, fault: missing_months.Fault) -> None:
    fault(october)
    _forget()
    begun = run(alice, text="token.id:t")
    assert (begun.state, october.index in begun.problem) == ("queued", True)


def test_a_detection_looks_into_what_answers_says_what_does_not_and_misses_nothing(
    alice: User, trail: Trail, october: Month
) -> None:
    made = detections.make(name="t", search=Search(text="token.id:t"), minutes=1, severity="low", by=alice)
    write(trail, use("t", id="late", at="2026-10-09T00:00:00Z"), use("t", id="new", at="2026-11-09T00:00:00Z"))
    missing_months.close(october)
    _forget()
    finding = _look(made)
    assert finding is not None
    assert [event_id for _, event_id in finding.events] == ["new"]
    made.refresh_from_db()
    assert made.problem == f"It could not look into {october.index}, which did not answer."
    october.trail.client.indices.open(index=october.index, params={"wait_for_active_shards": "1"})
    finding = _look(made)
    assert finding is not None
    assert [event_id for _, event_id in finding.events] == ["late"]
    made.refresh_from_db()
    assert made.problem == ""


def _look(made: Detection) -> Finding | None:
    Detection.objects.filter(pk=made.pk).update(next_at=datetime(2026, 1, 1, tzinfo=UTC))
    return detections.look(made.pk)


def test_an_absence_is_not_pinned_without_a_month(client: Client, alice: User, case: Case, october: Month) -> None:
    missing_months.delete(october)
    _forget()
    client.force_login(alice)
    response = client.post(
        reverse("absence_pin"), {"case": case.public_id, "reason": "never", "search": "q=user.id:nobody"}
    )
    assert response.status_code in (200, 503)
    assert october.index in text_of(response)
    assert not case.evidence.exists()


def test_the_proof_of_an_event_of_a_month_that_is_gone_is_not_that_there_is_none(
    client: Client, alice: User, october: Month
) -> None:
    missing_months.delete(october)
    _forget()
    client.force_login(alice)
    assert client.get("/events/o3/proof/").status_code == 503
