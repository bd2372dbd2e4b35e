"""The queue between the pages and the worker: down, back, restarted; and the schedule that sees to what was left."""

import base64
import json
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import User
from investigations import tasks
from investigations.exports import services as exports
from investigations.models import Export, Run
from investigations.runs import jobs
from operations.status import health
from tests.auditconsole.worker.conftest import Queue, Worker, wait_until
from tests.auditconsole.worker.test_exports import await_export
from tests.auditconsole.worker.test_runs import EVERY_ID, await_end, found, start
from tests.support.factories.cases import open_case, pin
from tests.support.factories.events import event
from tests.support.foreign_pickle import pickle_that_makes
from trail.connection import Trail

WAITS = "The queue (Redis) does not answer. This is saved and starts by itself when it is back."


def test_a_run_asked_for_while_the_queue_is_down_is_saved_says_so_and_starts_when_it_is_back(
    worker: Worker, queue: Queue, schedule: Callable[[], Any], alice: User, client: Client
) -> None:
    client.force_login(alice)
    queue.stop()
    page = client.post("/runs/start/", {"q": "event.dataset:test", "sort": "@timestamp", "title": "Late"}, follow=True)
    run = Run.objects.get()
    assert page.status_code == 200
    assert page.redirect_chain == [(f"/runs/{run.public_id}/", 302)]
    assert WAITS in page.content.decode()
    assert "Nothing was changed" not in page.content.decode()
    assert run.state == Run.State.QUEUED
    queue.start()
    with schedule():
        await_end(run)
    assert (run.state, run.problem) == (Run.State.FINISHED, "")
    assert sorted(found(run)) == sorted(EVERY_ID)


def test_a_run_that_waits_for_the_queue_can_be_cancelled_and_then_promises_nothing(
    trail: Trail, queue: Queue, transactional_db: None, alice: User, client: Client
) -> None:
    client.force_login(alice)
    queue.stop()
    run = start(alice)
    run.refresh_from_db()
    assert run.problem == WAITS
    page = client.post(f"/runs/{run.public_id}/", follow=True)
    queue.start()
    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED
    assert WAITS not in page.content.decode()


def test_queued_work_outlives_a_restart_of_the_queue(worker: Worker, queue: Queue, alice: User) -> None:
    worker.end(signal.SIGTERM)
    run = start(alice)
    queue.stop()
    queue.start()
    worker.start()
    assert found(await_end(run)) == EVERY_ID


def test_a_pickle_that_a_foreign_client_put_into_the_queue_is_not_run(
    worker: Worker, queue: Queue, alice: User, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    body = base64.b64encode(pickle_that_makes(made)).decode()
    message = {
        "body": body,
        "content-type": "application/x-python-serialize",
        "content-encoding": "binary",
        "headers": {"task": "investigations.tasks.resume_jobs", "id": "foreign"},
        "properties": {
            "delivery_tag": "foreign",
            "delivery_info": {"exchange": "", "routing_key": "duties"},
            "body_encoding": "base64",
        },
    }
    with redis.Redis.from_url(queue.server.url) as foreign:
        foreign.lpush("duties", json.dumps(message))
    assert found(await_end(start(alice))) == EVERY_ID  # what came after it is done
    assert "ContentDisallowed" in worker.log.read_text()
    assert not made.exists()


def test_the_workers_life_shows_on_the_status_page_even_while_it_is_busy(worker: Worker, alice: User) -> None:
    def state() -> str:
        return health.check_parts()["worker"].state

    worker.end(signal.SIGKILL)
    cache.delete_many([f"worker-heartbeat:{name}" for name in settings.QUEUES])
    waiting = [start(alice) for _ in range(3)]
    assert state() == "down"
    worker.start()
    wait_until(lambda: state() == "up", "the worker's sign of life")
    for run in waiting:
        await_end(run)


def test_the_run_task_does_what_the_runs_service_does(worker: Worker, alice: User) -> None:
    run = start(alice)
    tasks.execute_run(run.pk)
    await_end(run)
    assert (run.state, found(run)) == (Run.State.FINISHED, EVERY_ID)


def test_the_export_task_writes_a_cases_timeline(worker: Worker, trail: Trail, alice: User) -> None:
    case = open_case(alice)
    pin(trail, case, alice, event(event__dataset="pinned", id="pinned-1"))
    export = await_export(exports.start(format="csv", by=alice, case=case))
    assert export.state == Export.State.FINISHED
    assert exports.build_path(export).read_text().count("pinned-1") == 1


def test_the_resuming_task_takes_up_runs_and_exports_that_nobody_works_on(
    worker: Worker, queue: Queue, trail: Trail, alice: User
) -> None:
    case = open_case(alice)
    worker.end(signal.SIGTERM)
    queue.stop()
    run, export = start(alice), exports.start(format="csv", by=alice, case=case)
    for job in (run, export):
        type(job).objects.filter(pk=job.pk).update(not_before=timezone.now() - timedelta(minutes=1))
    queue.start()
    worker.start()
    tasks.resume_jobs.delay()
    assert await_end(run).state == Run.State.FINISHED
    assert await_export(export).state == Export.State.FINISHED
    assert jobs.resume() == 0
