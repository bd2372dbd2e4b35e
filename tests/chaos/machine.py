"""A machine on which the console is started from nothing, beside busy loops, and whose parts can be hurt one by one."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from auditconsole.local.ports import find_free_port
from tests.faults.audit import Writes

BASE = Path(__file__).resolve().parents[2]
BUSY = "while True: pass"
DISK = "3g"  # a first start wants 2 GB free
# What tells each of the console's processes from the others, in its command.
PARTS = {
    "opensearch": "org.opensearch.bootstrap.OpenSearch",
    "redis": "valkey-server",
    "web": "serve",
    "keeper": "keep_trail",
    "first-seen": "keep_first_seen",
    "worker": "runs,exports",
    "duties": "detections,duties",
}


@dataclass
class Machine:
    """Its state folder is a small file system of its own where the system lets us mount one."""

    state: Path
    events: int
    port: int = field(default_factory=find_free_port)
    process: subprocess.Popen[str] | None = None
    said: str = ""

    def __post_init__(self) -> None:
        self.state.mkdir(mode=0o700)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "tmpfs", str(self.state)]
        self.is_small = not os.geteuid() and not subprocess.run(mount, stderr=subprocess.DEVNULL).returncode
        others = ("OPENSEARCH_URL", "OPENSEARCH_USER", "OPENSEARCH_PASSWORD", "REDIS_URL", "DATABASE_URL")
        self.environment = {name: value for name, value in os.environ.items() if name not in others} | {
            "CONSOLE_STATE_DIR": str(self.state),
            "WEB_PORT": str(self.port),
            "OPENSEARCH_PORT": str(find_free_port()),
            "DEMO_EVENTS": str(self.events),
            "OPENSEARCH_HEAP": "512m",
            "WORKERS": "1",
        }

    def start(self) -> None:
        """As `make up` does it; returns when the console says that it is there."""
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "console"],
            cwd=BASE,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        said = ""
        while "Ctrl-C stops everything." not in said:
            line = self.process.stdout.readline()
            assert line, said
            said += line
        self.said = said

    def is_up(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start_again(self) -> None:
        """Start it if it has ended: a part ends by itself when it cannot write."""
        if not self.is_up():
            self.stop()
            self.start()

    def stop(self) -> None:
        """As Ctrl-C does it; what is left of it is ended."""
        if self.process is not None:
            children = psutil.Process(self.process.pid).children(recursive=True) if self.is_up() else []
            self.process.terminate()
            self.process.communicate()
            for child in psutil.wait_procs(children, timeout=20)[1]:
                child.kill()
            self.process = None

    def remove(self) -> None:
        self.stop()
        if self.is_small:
            subprocess.run(["umount", "--lazy", str(self.state)], check=True)
        shutil.rmtree(self.state)

    def find_part(self, name: str) -> psutil.Process:
        """The process of a part."""
        assert self.process is not None
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # it just ended
                if any(PARTS[name] in word for word in process.cmdline()):
                    return process
        raise LookupError(f"no process of {name} runs")

    def run_command(self, *words: str) -> str:
        return subprocess.run(
            [sys.executable, *words], cwd=BASE, env=self.environment, text=True, stdout=subprocess.PIPE, check=True
        ).stdout

    def connect_database(self) -> sqlite3.Connection:
        return sqlite3.connect(self.state / "console.sqlite3", timeout=60, isolation_level=None)

    def list_incidents(self) -> list[tuple[str, str, str, bool]]:
        """Kind, subject, latest sentence, and whether it is over, of every incident."""
        asked = "SELECT kind, subject, latest, over_at IS NOT NULL FROM operations_incident"
        with closing(self.connect_database()) as database:
            return [(kind, subject, what, bool(over)) for kind, subject, what, over in database.execute(asked)]

    def compare_log(self) -> dict[str, int | bool]:
        """How many events the log has, and whether the trail is what was sealed."""
        answer: dict[str, int | bool] = json.loads(
            self.run_command("manage.py", "verify_trail", "--json").splitlines()[-1]
        )
        return answer

    def check_writes(self, writes: Writes) -> dict[str, int]:
        """Compare the trail with what was acknowledged; how many events it holds and how many are sealed."""
        said = subprocess.run(
            [sys.executable, "-m", "tests.chaos.report"],
            cwd=BASE,
            env=self.environment | {"DJANGO_SETTINGS_MODULE": "auditconsole.settings"},
            input=json.dumps({"acknowledged": writes.acknowledged, "begun": sorted(writes.begun)}),
            text=True,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        report: dict[str, int] = json.loads(said.splitlines()[-1])
        return report


@contextmanager
def keep_busy(loops: int) -> Iterator[None]:
    """So many processes that do nothing but take the processor."""
    processes = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(loops)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
