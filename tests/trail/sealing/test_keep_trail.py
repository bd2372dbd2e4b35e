"""The keeper as a process of its own, on a real log, database and trail."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings as configured
from pytest_django import Settings

from operations.sealing.log import Log
from tests.factories.events import event, write
from trail.connection import Trail


@pytest.fixture
def keeper(
    transactional_db: None, trail: Trail, settings: Settings, tmp_path: Path
) -> "Callable[[], subprocess.Popen[str]]":
    settings.SEAL_DIR, settings.TRAIL_ORIGIN, settings.TRAIL_KEY = tmp_path / "log", "", ""
    environment = os.environ | {
        "OPENSEARCH_URL": configured.OPENSEARCH_URL, "TRAIL_PREFIX": trail.prefix, "SEAL_DIR": str(tmp_path / "log"),
        "DATABASE_URL": f"sqlite:///{configured.DATABASES['default']['NAME']}", "REDIS_URL": "redis://127.0.0.1:1/0",
    }  # fmt: skip
    command = [sys.executable, str(configured.BASE_DIR / "manage.py"), "keep_trail"]
    return lambda: subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def test_it_seals_until_it_is_told_to_stop_and_needs_no_redis(
    keeper: "Callable[[], subprocess.Popen[str]]", trail: Trail
) -> None:
    write(trail, event(), event())
    process = keeper()
    try:
        log = Log()
        while (found := log.newest()) is None or found.size < 2:  # the test's time limit ends it
            assert process.poll() is None
            time.sleep(0.05)
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
