"""The console's web server as `manage.py serve` runs it, with a database of its own, and a key to write with."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from auditconsole.local.ports import free_port
from auditconsole.local.web import command

PREPARE = """
import sys, django
django.setup()
from django.core.management import call_command
from accounts.services import make_first_admin
from operations.services.keys import make
call_command("migrate", verbosity=0)
ada = make_first_admin(username="ada", password="correct horse battery", name="Ada")
for format in sys.argv[1:]:
    print(make(name=format, scope="events:write", by=ada, writer="tokens-1", dataset="test", format=format)[1])
"""


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
                command(f"127.0.0.1:{self.port}", workers), cwd=settings.BASE_DIR, env=self.environment,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
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


@contextmanager
def running(
    folder: Path, node: str, prefix: str, *, workers: int = 1, formats: tuple[str, ...] = ("ecs",),
    keys: dict[str, str] | None = None,
) -> Iterator[Web]:  # fmt: skip
    """A server over the trail of this prefix, which must be installed; its keys by the format they read.

    `keys`: those of a database that is in the folder already.
    """
    keys = prepare(folder, node, prefix, formats) if keys is None else keys
    web = Web(free_port(), keys, _environment(folder, node, prefix), folder / "web.log")
    web.start(workers)
    try:
        yield web
    finally:
        if web.process is not None:
            web.kill()


def prepare(folder: Path, node: str, prefix: str, formats: tuple[str, ...]) -> dict[str, str]:
    """A database with an admin and a key for each format; the keys."""
    made = subprocess.run(
        [sys.executable, "-c", PREPARE, *formats], cwd=settings.BASE_DIR, env=_environment(folder, node, prefix), check=True,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return dict(zip(formats, made.stdout.split(), strict=True))


def _environment(folder: Path, node: str, prefix: str) -> dict[str, str]:
    return os.environ | {
        "CONSOLE_STATE_DIR": str(folder), "DATABASE_URL": f"sqlite:///{folder / 'console.sqlite3'}",
        "OPENSEARCH_URL": node, "TRAIL_PREFIX": prefix, "DJANGO_SETTINGS_MODULE": "auditconsole.settings",
    }  # fmt: skip
