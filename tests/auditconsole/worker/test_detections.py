"""Detections as the worker and the schedule run them: a matching event raises one finding, whatever happens to the worker."""

import signal
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from auditconsole.management.commands.console import programs
from investigations import tasks
from investigations.models import Detection, Finding, Run
from tests.auditconsole.worker.conftest import Worker, wait_until
from tests.auditconsole.worker.test_runs import start
from tests.support.factories.events import event, write
from tests.support.factories.searches import detection
from trail.connection import Trail


@pytest.fixture
def waiting(trail: Trail, alice: User) -> Detection:
    """A detection that is due, and one event for it that can be found by now."""
    dataset = f"watched-{uuid.uuid4().hex[:8]}"
    made = detection(alice, f"event.dataset:{dataset}")
    write(trail, event(id=dataset, event__dataset=dataset))
    return made


@pytest.fixture
def duties(
    _worker: Worker, environment: dict[str, str], trail: Trail, transactional_db: None, tmp_path: Path
) -> Iterator[Worker]:
    """Of the workers that `make up` runs the one for what never waits, and no other."""
    _worker.end(signal.SIGTERM)
    command = next(child.command for child in programs(tmp_path) if child.name == "duties")
    worker = Worker(tmp_path / "duties.log", environment, command[command.index("worker") :])
    worker.start()
    yield worker
    worker.end(signal.SIGTERM)


def test_however_many_runs_wait_a_detection_looks(duties: Worker, waiting: Detection, alice: User) -> None:
    for _ in range(30):
        start(alice)
    tasks.look.delay(waiting.pk)
    wait_until(lambda: Finding.objects.filter(detection=waiting).exists(), "a finding")
    assert set(Run.objects.values_list("state", flat=True)) == {"queued"}


def test_the_schedule_looks_and_a_matching_event_raises_one_finding(
    worker: Worker, waiting: Detection, schedule: Callable[[], Any]
) -> None:
    with schedule():
        wait_until(lambda: Finding.objects.filter(detection=waiting).exists(), "a finding")
    for _ in range(3):
        Detection.objects.filter(pk=waiting.pk).update(next_at=timezone.now() - timedelta(seconds=1))
        looked = Detection.objects.get(pk=waiting.pk).looked_at
        tasks.look.delay(waiting.pk)
        wait_until(lambda looked=looked: Detection.objects.get(pk=waiting.pk).looked_at != looked, "another look")
    finding = Finding.objects.get()
    assert (finding.count, finding.detection) == (1, waiting)


def test_a_killed_worker_leaves_no_gap_and_no_double(worker: Worker, waiting: Detection) -> None:
    with transaction.atomic():  # nobody else writes: the look has to wait with what it found
        Detection.objects.select_for_update().get(pk=waiting.pk)
        tasks.look.delay(waiting.pk)
        wait_until(lambda: "tasks.look[" in worker.log.read_text(), "the look to begin")
        worker.end(signal.SIGKILL)
    place = Detection.objects.get(pk=waiting.pk).looked_until
    assert not Finding.objects.exists()
    worker.start()
    for _ in range(2):
        tasks.look_for_findings.delay()
    wait_until(lambda: Detection.objects.get(pk=waiting.pk).looked_until > place, "the look")
    finding = Finding.objects.get()
    assert (finding.count, finding.window_start) == (1, place + timedelta(microseconds=1))
