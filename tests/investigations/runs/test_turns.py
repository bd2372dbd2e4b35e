"""Whoever starts many runs waits for others no less than these wait for them."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from auditconsole.celery import app
from auditconsole.management.commands.console import programs
from investigations import tasks
from investigations.models import Run
from investigations.runs import jobs
from investigations.runs import services as runs
from tests.support.factories.events import use, write
from trail.connection import Trail
from trail.search.spec import Search


@pytest.fixture
def start(trail: Trail) -> Callable[[User], Run]:
    write(trail, use("t"))
    return lambda by: runs.start(search=Search(text="token.id:t"), title="A run", by=by)


def _served(count: int) -> list[str]:
    """Whose runs a worker does, one after the other, whichever the queue names."""
    order: list[str] = []
    for _ in range(count):
        before = set(Run.objects.filter(state="finished").values_list("pk", flat=True))
        tasks.execute_run(Run.objects.order_by("pk")[0].pk)
        (run,) = Run.objects.filter(state="finished").exclude(pk__in=before)
        order.append(run.started_by.username)
    return order


def test_runs_of_different_people_are_done_in_turn(start: Callable[[User], Run], alice: User, bob: User) -> None:
    for by in (alice, alice, alice, alice, bob, bob):
        start(by)
    assert _served(6) == ["alice", "bob", "alice", "bob", "alice", "alice"]


def test_of_one_person_the_oldest_is_done_first(start: Callable[[User], Run], alice: User) -> None:
    first, second = start(alice), start(alice)
    assert jobs.choose_next(Run) == first.pk
    runs.execute_run(first.pk)
    assert jobs.choose_next(Run) == second.pk


def test_while_one_run_of_a_person_is_under_way_only_those_of_others_are_begun(
    start: Callable[[User], Run], alice: User, bob: User, settings: Settings
) -> None:
    at_work, waiting = start(alice), start(alice)
    Run.objects.filter(pk=at_work.pk).update(state="running", lease_until=timezone.now() + timedelta(hours=1))
    assert jobs.choose_next(Run) is None
    others = start(bob)
    assert jobs.choose_next(Run) == others.pk
    settings.JOBS_UNDER_WAY = 2
    runs.execute_run(others.pk)
    assert jobs.choose_next(Run) == waiting.pk


def test_a_run_whose_worker_died_is_taken_up_again(start: Callable[[User], Run], alice: User) -> None:
    lost = start(alice)
    Run.objects.filter(pk=lost.pk).update(state="running", lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.choose_next(Run) == lost.pk


def test_who_ends_a_run_calls_for_the_next(start: Callable[[User], Run], alice: User, redis_url: str) -> None:
    start(alice)
    start(alice)
    with redis.Redis.from_url(redis_url) as queue:
        assert queue.llen("runs") == 0  # nothing was committed, so nothing was called for
        _served(1)
        assert queue.llen("runs") == 1
        _served(1)
        assert queue.llen("runs") == 1


def test_choosing_costs_the_same_however_many_wait(
    start: Callable[[User], Run], alice: User, bob: User, django_assert_num_queries: Callable[[int], object]
) -> None:
    for by in (alice, bob) * 5:
        start(by)
    with django_assert_num_queries(3):  # type: ignore[attr-defined]
        jobs.choose_next(Run)


def test_the_console_serves_every_queue_and_what_people_start_holds_up_no_other(
    tmp_path: Path, settings: Settings
) -> None:
    served = {
        child.name: child.command[child.command.index("--queues") + 1].split(",")
        for child in programs(tmp_path)
        if "--queues" in child.command
    }
    assert served == {"worker": ["runs", "exports"], "duties": ["detections", "duties"]}
    assert sorted(queue for queues in served.values() for queue in queues) == sorted(settings.QUEUES)


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("execute_run", "runs"),
        ("write_export", "exports"),
        ("verify_case", "exports"),
        ("pin_results", "exports"),
        ("look", "detections"),
        ("resume_jobs", "duties"),
    ],
)
def test_each_kind_of_work_has_a_queue(task: str, queue: str) -> None:
    assert app.amqp.router.route({}, f"investigations.tasks.{task}")["queue"].name == queue
