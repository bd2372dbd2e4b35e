"""The keeper as a process of its own, on a real log, database and trail."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings as configured
from pytest_django import Settings

from core.arrival_signal import NAME, announce_arrival
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from tests.support.database import database_url
from tests.support.factories.events import event, use, write
from trail.connection import Trail
from trail.errors import TrailUnavailable
from trail.first_seen.coverage import read_coverage

Keep = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def keeper(transactional_db: None, trail: Trail, settings: Settings, tmp_path: Path) -> Keep:
    settings.SEAL_DIR, settings.TRAIL_ORIGIN, settings.TRAIL_KEY = tmp_path / "log", "", ""
    environment = os.environ | {
        "OPENSEARCH_URL": configured.OPENSEARCH_URL,
        "TRAIL_PREFIX": trail.prefix,
        "SEAL_DIR": str(tmp_path / "log"),
        "DATABASE_URL": database_url(),
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    manage = [sys.executable, str(configured.BASE_DIR / "manage.py")]
    return lambda command="keep_trail": subprocess.Popen(
        [*manage, command], env=environment, stderr=subprocess.PIPE, text=True
    )


def _await_leaf(process: "subprocess.Popen[str]", log: LogDirectory, event_id: str) -> None:
    while (signed := log.newest()) is None or event_id not in _list_ids(
        log, signed.size
    ):  # the test's time limit ends it
        assert process.poll() is None
        time.sleep(0.05)


def _list_ids(log: LogDirectory, size: int) -> list[str]:
    try:
        return list(log.ids(0, size))
    except LogDamaged:  # they are written a moment after the checkpoint
        return []


def test_it_seals_until_it_is_told_to_stop_and_needs_no_redis(keeper: Keep, trail: Trail) -> None:
    write(trail, event(), event(id="last"))
    process = keeper()
    try:
        log = LogDirectory()
        _await_leaf(process, log, "last")
        second = keeper()
        _, said = second.communicate()
        assert second.returncode == 1
        assert "there must be one only" in said
    finally:
        process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 0
    with log.locked():  # and it has let go
        pass


def test_a_keeper_after_one_that_was_killed_hears_of_writes_and_seals_what_came_between(
    keeper: Keep, trail: Trail
) -> None:
    log = LogDirectory()
    write(trail, event(id="before"))
    killed = keeper()
    _await_leaf(killed, log, "before")
    killed.kill()
    killed.communicate()
    assert (log.folder / NAME).is_socket()  # left behind
    write(trail, event(id="between"))
    process = keeper()
    try:
        _await_leaf(process, log, "between")
        trail_of_console = replace(trail, announce_write=announce_arrival)
        write(trail_of_console, event(id="after"))
        _await_leaf(process, log, "after")
    finally:
        process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 0
    assert not (log.folder / NAME).exists()


def _is_behind(trail: Trail) -> bool:
    try:
        return read_coverage(trail).waiting > 0
    except TrailUnavailable:  # its index is being made
        return True


def test_what_is_first_seen_is_kept_by_a_process_beside_the_keeper(keeper: Keep, trail: Trail) -> None:
    write(trail, use("t"), use("u"))
    process = keeper("keep_first_seen")
    try:
        while _is_behind(trail):
            assert process.poll() is None
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 0
    assert LogDirectory().newest() is None  # and it seals nothing
