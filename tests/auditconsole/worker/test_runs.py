"""A run as the worker does it: whole, in the open, to be stopped, and once, whatever happens to the worker."""

import signal
from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from investigations.models import Export, Run
from investigations.runs import jobs
from investigations.runs import services as runs
from tests.auditconsole.worker.conftest import EVENTS, Worker, wait_until
from trail.connection import Trail
from trail.search.spec import Search

EVERY_ID = [f"event-{number}" for number in range(EVENTS)]


def start(by: User) -> Run:
    return runs.start(search=Search(text="event.dataset:test", sort=("@timestamp", "asc")), title="All of it", by=by)


def found(run: Run) -> list[str]:
    """The ids of a run's result, as its chunks hold them; their numbers and places have no gap."""
    chunks = list(run.chunk_rows.order_by("number"))
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
    assert [chunk.start for chunk in chunks] == [sum(c.size for c in chunks[:number]) for number in range(len(chunks))]
    return [event_id for chunk in chunks for _, event_id in chunk.pairs()]


def await_end(run: Run) -> Run:
    def is_over() -> bool:
        run.refresh_from_db()
        return run.is_over

    wait_until(is_over, "the end of the run")
    return run


def await_half(run: Run) -> Run:
    """Until some of it is done, and not all."""

    def has_begun() -> bool:
        run.refresh_from_db()
        return run.done > 0

    wait_until(has_begun, "the first chunk")
    assert run.state == Run.State.RUNNING
    assert run.done < EVENTS
    return run


def let_the_lease_pass(job: Run | Export) -> None:
    """As if the time had gone by in which a living worker would have held the run again."""
    rows = type(job).objects.filter(pk=job.pk, state=Run.State.RUNNING)
    rows.update(lease_until=timezone.now() - timedelta(seconds=1))


def searches_of(run: Run, trail: Trail) -> list[str]:
    nodes = trail.client.tasks.list(params={"actions": "*search*", "detailed": "true"})["nodes"].values()
    tasks = [task for node in nodes for task in node["tasks"].values()]
    return [task["action"] for task in tasks if task.get("headers", {}).get("X-Opaque-Id") == run.opaque_id]


def test_the_worker_does_a_run_whole_and_shows_how_far_it_is(worker: Worker, alice: User) -> None:
    run, seen = start(alice), set()

    def is_over() -> bool:
        run.refresh_from_db()
        seen.add(run.done)
        return run.is_over

    wait_until(is_over, "the end of the run")
    assert run.state == Run.State.FINISHED
    assert run.done == run.total == EVENTS
    assert len([done for done in seen if 0 < done < EVENTS]) >= 2
    assert found(run) == EVERY_ID


def test_a_cancelled_run_stops_in_the_engine_and_keeps_what_it_has(worker: Worker, trail: Trail, alice: User) -> None:
    run = await_half(start(alice))
    runs.cancel(run=run, by=alice)
    await_end(run)
    assert run.state == Run.State.CANCELLED
    assert run.cancelled_by_name == "Alice"
    assert found(run) == EVERY_ID[: run.done]
    assert 0 < run.done < EVENTS
    assert searches_of(run, trail) == []


def test_a_run_cancelled_before_a_worker_takes_it_never_starts(worker: Worker, alice: User) -> None:
    worker.end(signal.SIGTERM)
    run = start(alice)
    runs.cancel(run=run, by=alice)
    worker.start()
    other = await_end(start(alice))
    run.refresh_from_db()
    assert other.state == Run.State.FINISHED
    assert (run.state, run.done, run.began_at) == (Run.State.CANCELLED, 0, None)


def test_a_killed_workers_run_goes_on_from_its_place_and_is_done_once(worker: Worker, alice: User) -> None:
    run = await_half(start(alice))
    worker.end(signal.SIGKILL)
    run.refresh_from_db()
    kept = list(run.chunk_rows.values_list("pk", flat=True))
    assert run.state == Run.State.RUNNING
    assert 0 < len(kept) * 2_000 < EVENTS
    worker.start()
    let_the_lease_pass(run)
    assert jobs.resume() == 1
    await_end(run)
    assert run.state == Run.State.FINISHED
    assert found(run) == EVERY_ID
    assert list(run.chunk_rows.values_list("pk", flat=True))[: len(kept)] == kept


def test_a_run_that_is_asked_for_twice_is_done_once(worker: Worker, alice: User) -> None:
    from investigations import tasks

    run = start(alice)
    for _ in range(4):
        tasks.execute_run.delay(run.pk)
    await_end(run)
    assert (run.state, found(run)) == (Run.State.FINISHED, EVERY_ID)


def test_a_run_in_other_hands_is_let_go_without_a_trace(worker: Worker, alice: User) -> None:
    """A worker that was away too long (suspended, say) finds its run taken, and writes no more of it."""
    before = worker.log.read_text().count("succeeded")
    run = await_half(start(alice))
    Run.objects.filter(pk=run.pk).update(owner="another", lease_until=timezone.now() + timedelta(minutes=5))
    run.refresh_from_db()
    wait_until(lambda: worker.log.read_text().count("succeeded") > before, "the worker's letting go")
    after = Run.objects.get(pk=run.pk)
    assert (after.state, after.owner, after.done) == (Run.State.RUNNING, "another", run.done)
    let_the_lease_pass(run)
    jobs.resume()
    assert found(await_end(run)) == EVERY_ID


def test_a_run_whose_workers_die_again_and_again_is_given_up_with_a_sentence(worker: Worker, alice: User) -> None:
    worker.end(signal.SIGTERM)
    run = start(alice)
    Run.objects.filter(pk=run.pk).update(
        state=Run.State.RUNNING, attempts=jobs.MAX_ATTEMPTS, lease_until=timezone.now() - timedelta(seconds=1)
    )
    worker.start()
    jobs.resume()
    await_end(run)
    assert run.state == Run.State.FAILED
    assert "died 8 times" in run.problem
