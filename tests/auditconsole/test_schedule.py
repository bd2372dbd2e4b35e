"""When a scheduled task was last sent outlives a restart, and the file that says so is read as JSON alone."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditconsole.celery import app
from auditconsole.schedule import JSONScheduler
from tests.support.foreign_pickle import pickle_that_makes

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


def start(path: Path) -> JSONScheduler:
    return JSONScheduler(app, schedule_filename=str(path))


def test_a_task_that_was_due_while_nobody_scheduled_is_due_at_once(tmp_path: Path) -> None:
    first = start(tmp_path / "schedule.json")
    first.schedule["verify-trail"].last_run_at = YESTERDAY
    first.close()
    again = start(tmp_path / "schedule.json")
    assert again.schedule["verify-trail"].last_run_at == YESTERDAY
    assert again.schedule["verify-trail"].is_due().is_due
    assert not start(tmp_path / "another.json").schedule["verify-trail"].is_due().is_due


def test_tasks_come_from_the_settings_alone(tmp_path: Path) -> None:
    path = tmp_path / "schedule.json"
    path.write_text('{"of-an-older-console": {"last_run_at": "2026-11-01T00:00:00+00:00", "total_run_count": 1}}')
    assert start(path).schedule.keys() == app.conf.beat_schedule.keys()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"verify-trail": {"last_run_at": 5}}', b"\xff"])
def test_a_file_that_cannot_be_read_is_named_and_the_schedule_goes_on(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "schedule.json"
    path.write_bytes(content)
    with caplog.at_level(logging.ERROR):
        scheduler = start(path)
    assert f"{path} cannot be read" in caplog.text
    assert scheduler.schedule.keys() == app.conf.beat_schedule.keys()
    scheduler.close()
    assert start(path).schedule.keys() == app.conf.beat_schedule.keys()


def test_a_pickle_in_its_place_is_not_run(tmp_path: Path) -> None:
    path, made = tmp_path / "schedule.json", tmp_path / "made"
    path.write_bytes(pickle_that_makes(made))
    start(path).close()
    assert not made.exists()
