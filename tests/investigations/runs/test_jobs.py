"""Background work: of two workers one wins, and what a dead one left is taken up and done once."""

from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest
import redis
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.errors import Refused
from investigations.exports import services as exports
from investigations.models import Export, Run, RunChunk
from investigations.runs import jobs
from investigations.runs import services as runs
from tests.support.concurrency import at_once
from tests.support.factories.events import use, write
from trail.connection import Trail
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search

EVENTS = 25


@pytest.fixture
def run(alice: User, trail: Trail) -> Run:
    write(trail, *(use("t", id=f"e{n:02}", at=f"2026-11-01T00:00:00.{n:09}Z") for n in range(EVENTS)))
    return runs.start(search=Search(text="token.id:t"), title="A run", by=alice)


def _left_half_way(run: Run, trail: Trail, *, lease: timedelta) -> None:
    """As a worker that died leaves a run: ten events in a chunk, the place after them, a claim that ends some time."""
    search = Search.from_json(run.search)
    first = next(execute.scan_ids(trail, search, WHOLE_TRAIL, batch=10))
    RunChunk.objects.create(run=run, number=0, start=0, size=10, packed=RunChunk.pack(first.ids))
    Run.objects.filter(pk=run.pk).update(
        state="running",
        owner="the dead one",
        lease_until=timezone.now() + lease,
        attempts=1,
        total=EVENTS,
        done=10,
        chunks=1,
        after=first.after,
    )


def _ids(run: Run) -> list[str]:
    return [event_id for chunk in run.chunk_rows.order_by("number") for _, event_id in chunk.pairs()]


def test_a_run_that_a_dead_worker_left_goes_on_and_holds_every_event_once(run: Run, trail: Trail) -> None:
    _left_half_way(run, trail, lease=timedelta(seconds=-1))
    assert jobs.list_due(Run) == [run.pk]
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.done, run.total) == ("finished", EVENTS, EVENTS)
    assert _ids(run) == [f"e{n:02}" for n in reversed(range(EVENTS))]


def test_a_run_asks_for_the_ids_of_its_events_and_for_no_document(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", logger="opensearch"):  # the client tells every request and every answer
        runs.execute_run(run.pk)
    answers = [message for record in caplog.records if '"_id"' in (message := record.getMessage())]
    assert sum(answer.count('"_id":') for answer in answers) == EVENTS
    assert not any('"_source":{' in answer for answer in answers)
    assert len(_ids(run)) == EVENTS


def test_a_run_whose_worker_is_alive_is_left_alone(run: Run, trail: Trail) -> None:
    _left_half_way(run, trail, lease=timedelta(seconds=30))
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.owner, run.done) == ("running", "the dead one", 10)
    assert jobs.list_due(Run) == []


def test_a_run_that_is_over_is_not_run_again(run: Run) -> None:
    runs.execute_run(run.pk)
    ended = Run.objects.values().get()
    runs.execute_run(run.pk)
    assert Run.objects.values().get() == ended


def test_who_has_lost_the_claim_writes_nothing_more(run: Run) -> None:
    late = jobs.claim(Run, run.pk)
    assert late is not None
    Run.objects.filter(pk=run.pk).update(owner="another")
    for attempt in (
        lambda: jobs.report_progress(late, done=7),
        lambda: jobs.finish(late),
        lambda: jobs.fail(late, "no"),
    ):
        with pytest.raises(jobs.LostClaim):
            attempt()
    run.refresh_from_db()
    assert (run.owner, run.done, run.state) == ("another", 0, "running")


def test_an_outage_puts_a_run_back_and_too_many_end_it_with_a_sentence(run: Run) -> None:
    for attempt in range(1, jobs.MAX_ATTEMPTS + 1):
        Run.objects.update(not_before=timezone.now())
        claimed = jobs.claim(Run, run.pk)
        assert claimed is not None
        assert claimed.attempts == attempt
        jobs.put_back(claimed, "The trail (OpenSearch) does not answer.")
        run.refresh_from_db()
        assert run.problem.startswith("The trail (OpenSearch) does not answer.")
        assert run.state == ("failed" if attempt == jobs.MAX_ATTEMPTS else "queued")
        assert run.state == "failed" or jobs.claim(Run, run.pk) is None  # it waits a while first


def test_cancelling_takes_a_waiting_run_at_once_and_one_under_way_at_its_next_step(run: Run, bob: User) -> None:
    claimed = jobs.claim(Run, run.pk)
    assert claimed is not None
    assert jobs.request_cancel(run, by=bob)
    run.refresh_from_db()
    assert (run.state, run.cancel_requested, run.cancelled_by_name) == ("running", True, "Bob")
    assert jobs.is_cancel_requested(claimed)
    jobs.end_cancelled(claimed)
    assert not jobs.request_cancel(run, by=bob)


def test_a_cancelled_run_keeps_what_it_found(run: Run, trail: Trail, alice: User) -> None:
    _left_half_way(run, trail, lease=timedelta(seconds=-1))
    runs.cancel(run=run, by=alice)
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.done) == ("cancelled", 10)
    assert len(runs.read_results(run, start=0, size=50)) == 10


def test_an_export_that_a_dead_worker_left_is_written_anew_and_whole(run: Run, alice: User) -> None:
    runs.execute_run(run.pk)
    run.refresh_from_db()
    export = exports.start(format="jsonl", by=alice, run=run)
    Export.objects.update(state="running", owner="the dead one", lease_until=timezone.now() - timedelta(seconds=1))
    exports.write_export(export.pk)
    export.refresh_from_db()
    assert (export.state, export.done) == ("finished", EVENTS)
    assert len(exports.build_path(export).read_bytes().splitlines()) == EVENTS
    assert not list(exports.build_path(export).parent.glob(f"{export.public_id}*.part"))


def test_a_run_that_gets_fewer_events_than_were_counted_fails_and_says_so(run: Run, trail: Trail) -> None:
    _left_half_way(run, trail, lease=timedelta(seconds=-1))
    trail.client.indices.delete(index=f"{trail.prefix}-events-2026.11")
    write(trail, *(use("t", id=f"e{n:02}", at=f"2026-11-01T00:00:00.{n:09}Z") for n in range(3)))
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.total, run.done) == ("failed", EVENTS, 10)
    assert run.problem == "Only 10 of the 25 events that were counted came; run it again."


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_an_export_of_a_run_whose_results_are_not_all_there_fails_and_makes_no_file(
    alice: User, run: Run, format: str
) -> None:
    runs.execute_run(run.pk)
    run.refresh_from_db()
    chunk = run.chunk_rows.get()
    RunChunk.objects.filter(pk=chunk.pk).update(packed=RunChunk.pack(chunk.pairs()[1:]))
    export = exports.start(format=format, by=alice, run=run)
    exports.write_export(export.pk)
    export.refresh_from_db()
    assert (export.state, export.total, exports.build_path(export).exists()) == ("failed", EVENTS, False)
    assert export.problem == "Only 24 of the 25 results of the run are there; run the search again."


@pytest.mark.django_db(transaction=True)
def test_of_workers_that_claim_at_once_one_wins(transactional_db: None, run: Run) -> None:
    claims = at_once(*[lambda: jobs.claim(Run, run.pk)] * 4)
    (winner,) = [claim for claim in claims if claim is not None]
    run.refresh_from_db()
    assert (run.owner, run.attempts) == (winner.owner, 1)  # type: ignore[attr-defined]


@pytest.mark.django_db(transaction=True)
def test_workers_that_run_at_once_write_every_event_once(transactional_db: None, run: Run) -> None:
    at_once(*[lambda: runs.execute_run(run.pk)] * 4)
    run.refresh_from_db()
    assert (run.state, run.done) == ("finished", EVENTS)
    assert sorted(_ids(run)) == [f"e{n:02}" for n in range(EVENTS)]


@pytest.mark.django_db(transaction=True)
def test_a_start_that_is_taken_back_queues_nothing(
    transactional_db: None, alice: User, trail: Trail, redis_url: str
) -> None:
    with transaction.atomic():
        runs.start(search=Search(), title="A run", by=alice)
        transaction.set_rollback(True)
    assert not Run.objects.exists()
    with redis.Redis.from_url(redis_url) as queue:
        assert queue.llen("runs") == 0


# --- What was expected is compared with what came before anything is said to be finished -------------------------------


def test_a_run_that_gets_more_events_than_were_counted_is_counted_again(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(total=EVENTS - 3)  # counted before the last three could be found
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.done, run.total) == ("finished", EVENTS, EVENTS)


def test_a_run_that_holds_more_than_there_is_fails_and_says_so(run: Run, trail: Trail) -> None:
    _left_half_way(run, trail, lease=timedelta(seconds=-1))
    Run.objects.filter(pk=run.pk).update(after=None)  # it begins anew beside what it holds
    runs.execute_run(run.pk)
    run.refresh_from_db()
    assert (run.state, run.done, run.total) == ("failed", EVENTS + 10, EVENTS)
    assert "35 came and 25 were expected" in run.problem


@pytest.mark.parametrize("format", [Export.Format.CSV, Export.Format.JSONL, Export.Format.XLSX])
def test_an_export_that_leaves_out_a_row_fails_and_makes_no_file(
    alice: User, run: Run, format: Export.Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.execute_run(run.pk)
    run.refresh_from_db()
    file_format = exports.FORMATS[format]
    assert file_format.write is not None
    write_lines = file_format.write
    short = replace(file_format, write=lambda rows: write_lines(islice(rows, EVENTS - 1)))
    monkeypatch.setitem(exports.FORMATS, format, short)
    export = exports.start(format=format, by=alice, run=run)
    exports.write_export(export.pk)
    export.refresh_from_db()
    assert (export.state, exports.build_path(export).exists()) == ("failed", False)
    assert export.problem == "The file holds 24 of the 25 entries that it should; export again."


def test_a_file_that_is_not_what_was_written_is_given_to_nobody(alice: User, run: Run) -> None:
    runs.execute_run(run.pk)
    run.refresh_from_db()
    export = exports.start(format="csv", by=alice, run=run)
    exports.write_export(export.pk)
    export.refresh_from_db()
    path = exports.build_path(export)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Refused, match="not what was written"):
        exports.hand_out(export, by=alice)
