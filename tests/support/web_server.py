"""The console's web server as `manage.py serve` runs it, with a database of its own, and a key to write with."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from auditconsole.local.ports import find_free_port
from auditconsole.local.web import build_command
from tests.support import trails
from trail.connection import connect


@dataclass
class Web:
    """A web server on a port of its own; it can be killed and started again."""

    port: int
    keys: dict[str, str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self, workers: int = 1) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                build_command(f"127.0.0.1:{self.port}", workers),
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        while not self._listens():
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)

    def kill(self) -> None:
        """At once, its workers too, as a power cut would."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def connection(self) -> closing[http.client.HTTPConnection]:
        return closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60))

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@dataclass(frozen=True)
class Prepared:
    """A database with an admin in it, and a key for each format, by the format."""

    database: Path
    keys: dict[str, str]


@pytest.fixture(scope="session")
def prepared(node: str, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Made once: putting the tables into a database takes longer than most tests."""
    folder = tmp_path_factory.mktemp("prepared")
    prefix = f"prepared-{folder.parent.name}"
    keys = _prepare(folder, node, prefix, ("ecs", "syslog"))
    client = connect(node).client
    trails.remove(client, [prefix])
    client.close()
    return Prepared(folder / "console.sqlite3", keys)


@contextmanager
def running(folder: Path, node: str, prefix: str, prepared: Prepared, *, workers: int = 1) -> Iterator[Web]:
    """A server over the trail of this prefix, which must be installed, with a copy of the database in the folder."""
    shutil.copy(prepared.database, folder / "console.sqlite3")
    web = Web(find_free_port(), prepared.keys, _environment(folder, node, prefix), folder / "web.log")
    web.start(workers)
    try:
        yield web
    finally:
        if web.process is not None:
            web.kill()


def _prepare(folder: Path, node: str, prefix: str, formats: tuple[str, ...]) -> dict[str, str]:
    """A database with an admin and a key for each format; the keys."""
    made = subprocess.run(
        [sys.executable, "-m", "tests.support.prepared_database", *formats],
        cwd=settings.BASE_DIR,
        env=_environment(folder, node, prefix),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return dict(zip(formats, made.stdout.split(), strict=True))


def _environment(folder: Path, node: str, prefix: str) -> dict[str, str]:
    return os.environ | {
        "CONSOLE_STATE_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'console.sqlite3'}",
        "OPENSEARCH_URL": node,
        "TRAIL_PREFIX": prefix,
        "DJANGO_SETTINGS_MODULE": "auditconsole.settings",
    }
