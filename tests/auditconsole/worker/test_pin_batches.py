"""A pin batch as the worker does it: after its run by itself, and each event once, whatever happens to the worker."""

import signal
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from investigations.evidence.services import PinWords
from investigations.models import Case, CustodyEntry, PinBatch
from investigations.pin_batches import services as pin_batches
from investigations.runs import jobs
from tests.auditconsole.worker.conftest import EVENTS, Worker, wait_until
from tests.support.factories.cases import open_case
from trail.search.spec import Search

STEP = 2_000


@pytest.fixture
def target(alice: User) -> Case:
    return open_case(alice)


def start(case: Case, by: User) -> PinBatch:
    """As the search page does: its run comes first."""
    search = Search(text="event.dataset:test", sort=("@timestamp", "asc"))
    return pin_batches.start_from_search(
        case=case, search=search, title="All of it", by=by, words=PinWords("All of it")
    )


def await_done(batch: PinBatch, least: int) -> None:
    """Until so many are pinned, or it is over."""

    def is_done() -> bool:
        batch.refresh_from_db()
        return batch.done >= least or batch.is_over

    wait_until(is_done, f"{least} events", patience=120)


def test_a_killed_workers_pin_batch_goes_on_and_pins_each_event_once(worker: Worker, target: Case, alice: User) -> None:
    batch = start(target, alice)
    await_done(batch, STEP)
    worker.end(signal.SIGKILL)
    batch.refresh_from_db()
    assert batch.state == PinBatch.State.RUNNING
    assert batch.done == target.evidence.count() < EVENTS
    worker.start()
    PinBatch.objects.filter(pk=batch.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.resume() == 1
    await_done(batch, EVENTS + 1)
    assert (batch.state, batch.pinned, batch.already) == (PinBatch.State.FINISHED, EVENTS, 0), batch.problem
    pinned = target.evidence.order_by("number").values_list("event_id", flat=True)
    assert list(pinned) == [f"event-{number}" for number in range(EVENTS)]
    assert CustodyEntry.objects.filter(case=target, action="pin").count() == EVENTS
