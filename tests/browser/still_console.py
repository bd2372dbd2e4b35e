"""Runs a web server whose clock stands still over a demonstration that is always the same, so that its pages are too."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from auditconsole.local.ports import find_free_port
from tests.faults.clock import Clock

NOW = "2026-11-24 09:30:00"  # some hours after the demonstration ends


@dataclass(frozen=True)
class StillConsole:
    """Where it is, and what its pages are about."""

    url: str
    token: str
    user: str
    compromised_at: str
    case: str
    event: str


@contextmanager
def running(folder: Path, node: str, redis_url: str) -> Iterator[StillConsole]:
    """The console with its demonstration. Neither keeper nor worker runs beside it: nothing changes while it is looked at."""
    port = find_free_port()
    environment = _environment(folder, node, redis_url, f"still-{port}")
    fill = [sys.executable, "-m", "tests.browser.still_demonstration"]
    made = subprocess.run(fill, cwd=settings.BASE_DIR, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    # Not gunicorn: its master sleeps by a call that the library of the clock answers with an error.
    serve = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    log = folder / "web.log"
    with log.open("ab") as output:
        process = subprocess.Popen(serve, cwd=settings.BASE_DIR, env=environment, stdout=output, stderr=output)
    try:
        while not _listens(port):
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield StillConsole(f"http://127.0.0.1:{port}", *made.stdout.split())
    finally:
        process.kill()
        process.wait()


def _environment(folder: Path, node: str, redis_url: str, prefix: str) -> dict[str, str]:
    clock = Clock(folder)
    clock.stand_still(NOW)
    return clock.environment | {
        "TZ": "UTC",
        "CONSOLE_STATE_DIR": str(folder / "state"),
        "DATABASE_URL": f"sqlite:///{folder / 'console.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "auditconsole.settings",
        "OPENSEARCH_URL": node,
        "REDIS_URL": redis_url,
        "TRAIL_PREFIX": prefix,
        "PAGE_SECONDS": "30",
    }


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
