"""A witness that nobody here wrote, litewitness, cosigns the console's log, follows its rotation, and refuses another history."""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pytest_django import Settings

from accounts.models import User
from auditconsole.local.ports import find_free_port, is_free
from auditconsole.local.processes import run_program
from operations.incidents.throttle import IncidentThrottle
from operations.models import Checkpoint, Incident
from operations.sealing import feeder, signing_keys, witnesses
from operations.sealing.feeder import Feeder
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from operations.sealing.services import rotate_key
from tests.support.factories.events import event, write
from tests.support.go_programs import LITEWITNESS, BuildProgram
from trail.connection import Trail
from trail.integrity import checkpoint, merkle, signed_note
from trail.integrity.signed_note import Algorithm, Verifier
from trail.witness.named_witness import NamedWitness

pytestmark = [pytest.mark.timeout(900), pytest.mark.django_db]  # Go compiles the first time
NAME = "example.com/litewitness"
SUBJECT = f"witness {NAME}"


@dataclass
class Litewitness:
    """The witness as it runs: how the console names it, and the database in which its operator names logs and keys."""

    named: NamedWitness
    database: Path

    def know(self, key: Verifier) -> None:
        """What `witnessctl add-log` and `add-key` write."""
        empty = signed_note.encode(merkle.EMPTY)
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute(
                "INSERT OR IGNORE INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)", (key.name, empty)
            )
            database.execute("INSERT INTO key (origin, key) VALUES (?, ?)", (key.name, str(key)))

    def believe(self, origin: str, root: bytes) -> None:
        """As if it had seen another history of the size that it saw."""
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute("UPDATE log SET tree_hash = ? WHERE origin = ?", (signed_note.encode(root), origin))


@pytest.fixture
def litewitness(build_program: BuildProgram) -> Iterator[Litewitness]:
    program = build_program(LITEWITNESS)
    for part in ("ssh-agent", "ssh-add", "ssh-keygen"):
        if shutil.which(part) is None:
            pytest.skip(f"{part} is not installed, which holds the key of litewitness")
    with TemporaryDirectory(prefix="lw") as short, run_agent(Path(short)) as (agent, fingerprint):
        folder, port = Path(short), find_free_port()
        own = ["-ssh-agent", str(agent), "-name", NAME, "-key", fingerprint, "-listen", f"127.0.0.1:{port}"]
        command = [str(program), *own, "-db", str(folder / "db")]
        log = folder / "litewitness.log"
        with run_program(command, name="litewitness", log=log, answers=lambda: not is_free(port)):
            shown = next(word for word in log.read_text().split() if word.startswith("vkey="))
            named = NamedWitness.parse(f"{shown.removeprefix('vkey=')} http://127.0.0.1:{port}")
            yield Litewitness(named, folder / "db")


@contextmanager
def run_agent(folder: Path) -> Iterator[tuple[Path, str]]:
    """An agent that holds a new key: its socket, and the key's fingerprint."""
    socket, key = folder / "agent", folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    command = ["ssh-agent", "-D", "-a", str(socket)]
    with run_program(command, name="ssh-agent", log=folder / "agent.log", answers=socket.exists):
        environment = {"SSH_AUTH_SOCK": str(socket), "PATH": "/usr/bin:/bin"}
        subprocess.run(["ssh-add", "-q", key], env=environment, check=True)
        told = subprocess.run(["ssh-keygen", "-l", "-f", key], capture_output=True, text=True, check=True)
        yield socket, told.stdout.split()[1]


@pytest.fixture
def keep(settings: Settings, trail: Trail, tmp_path: Path) -> Callable[[int], Checkpoint]:
    """Seal so many events more, with a checkpoint that is kept, as each minute leaves one."""
    settings.SEAL_DIR, settings.TRAIL_ORIGIN = tmp_path / "log", ""
    settings.PUBLIC_ADDRESS = "https://console.example.org"
    sealer = Sealer(LogDirectory())

    def keep(count: int) -> Checkpoint:
        write(trail, *(event() for _ in range(count)))
        sealer.step()
        sealer._signed = float("-inf")
        sealer.step()
        return Checkpoint.objects.order_by("size", "pk").last()

    return keep


def log_key() -> Verifier:
    return LogDirectory().keys.current()[0]


def test_it_cosigns_what_goes_on_and_follows_a_rotation(
    litewitness: Litewitness, keep: Callable[[int], Checkpoint], settings: Settings, ada: User
) -> None:
    settings.TRAIL_WITNESSES = [f"{litewitness.named.keys[0]} {litewitness.named.address}"]
    keep(1)
    assert log_key().name == "console.example.org/log"
    litewitness.know(log_key())
    brought = Feeder(litewitness.named)
    for count in (0, 7, 0, 300, 1_000):
        row = keep(count)
        brought.step()
        note = witnesses.find_cosigned_note(row.size)
        assert note
        assert checkpoint.find_cosignatures(note, litewitness.named.keys).keys() == {NAME}
    rotate_key(by=ada)
    keep(1)
    keep(1)
    assert brought.step() == 0  # it knows the old key alone, and is asked again until it knows the new one
    with pytest.raises(feeder.NotCosigned, match=f"give its operator the public key {log_key().name}"):
        Feeder(litewitness.named)._feed(Checkpoint.objects.order_by("size", "pk").last())
    litewitness.know(log_key())
    assert brought.step() == 1
    assert Algorithm.ML_DSA_44 in {key.algorithm for key in signing_keys.list_verifiers()}
    assert not Incident.objects.exists()


def test_it_refuses_what_does_not_go_on_from_what_it_saw(
    litewitness: Litewitness, keep: Callable[[int], Checkpoint], settings: Settings
) -> None:
    settings.TRAIL_WITNESSES = [f"{litewitness.named.keys[0]} {litewitness.named.address}"]
    keep(9)
    litewitness.know(log_key())
    brought = Feeder(litewitness.named)
    assert brought.step() == 1
    litewitness.believe(log_key().name, b"\x07" * 32)
    keep(9)
    brought._trouble = IncidentThrottle()
    assert brought.step() == 0
    incident = Incident.objects.get(kind=Incident.Kind.TAMPERED, subject=SUBJECT)
    assert "saw another history of this log" in incident.what
