"""A witness on its own beside a real console: over HTTP, with a key, against a log that goes on and one that was tampered with."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from auditconsole.local.ports import find_free_port
from auditconsole.local.processes import run_program
from tests.support.factories.events import event, write
from tests.support.web_server import Prepared
from trail.connection import Trail
from trail.integrity import checkpoint, signed_note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.merkle import leaf_hash
from trail.integrity.signed_note import Signer, Verifier
from trail.integrity.tiles import FileStore, Tree


@dataclass
class Console:
    """Its web process and its keeper, on a database and a log of their own."""

    url: str
    state: Path
    environment: dict[str, str]

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=settings.BASE_DIR, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    def log_key(self) -> str:
        lines = (self.state / "log" / "keys").read_text().splitlines()
        vkeys = [line.split()[1] for line in lines if line.startswith("0 ")]
        return next(key for key in vkeys if Verifier.parse(key).algorithm is signed_note.Algorithm.ED25519)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url):
            return True
    except OSError:
        return False


@pytest.fixture
def key(tmp_path: Path) -> Verifier:
    """The witness's, whose public half the console is told."""
    made = subprocess.run(
        [sys.executable, "-m", "trail.witness", "--make-key", "example.com/witness", "--key", tmp_path / "key"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    return Verifier.parse(made.stdout.strip())


@pytest.fixture
def console(trail: Trail, redis_url: str, key: Verifier, prepared: Prepared, tmp_path: Path) -> Iterator[Console]:
    state, port = tmp_path / "console", find_free_port()
    own = {
        "CONSOLE_STATE_DIR": str(state),
        "DATABASE_URL": f"sqlite:///{state / 'console.sqlite3'}",
        "SEAL_DIR": str(state / "log"),
        "WEB_PORT": str(port),
        "WEB_WORKERS": "1",
        "DEMO": "0",
        "OPENSEARCH_URL": settings.OPENSEARCH_URL,
        "TRAIL_PREFIX": trail.prefix,
        "REDIS_URL": redis_url,
        "TRAIL_WITNESSES": str(key),
    }
    made = Console(f"http://127.0.0.1:{port}", state, os.environ | own)
    state.mkdir()
    shutil.copy(prepared.database, state / "console.sqlite3")
    program = [
        "env",
        "-C",
        str(settings.BASE_DIR),
        *(f"{name}={value}" for name, value in own.items()),
        sys.executable,
        str(settings.BASE_DIR / "manage.py"),
    ]
    sign_in, signed = f"{made.url}/accounts/login/", state / "log" / "checkpoint"
    with (
        run_program([*program, "serve"], name="web", log=tmp_path / "web.log", answers=lambda: answers(sign_in)),
        run_program([*program, "keep_trail"], name="keeper", log=tmp_path / "keep.log", answers=signed.exists),
    ):
        yield made


Look = Callable[[], tuple[int, str]]


@pytest.fixture
def look(console: Console, tmp_path: Path) -> Look:
    """The witness, as a process of its own that knows an address, a key for it, and the log's public key."""
    shown = console.manage("make_writer_key", "Witness", "--by", "ada", "--scope", "log:read").strip()
    command = [
        sys.executable,
        "-m",
        "trail.witness",
        "--log",
        f"{console.url}/log",
        "--log-key",
        console.log_key(),
        "--key",
        str(tmp_path / "key"),
        "--state",
        str(tmp_path / "state"),
        "--once",
    ]
    environment = {"WITNESS_API_KEY": shown, "PATH": os.environ["PATH"]}

    def run() -> tuple[int, str]:
        done = subprocess.run(
            command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr

    return run


def sealed(console: Console, size: int) -> None:
    """The keeper's own work; the test's time limit ends the waiting."""
    path = console.state / "log" / "checkpoint"
    while int(path.read_bytes().split(b"\n")[1]) < size:
        time.sleep(0.05)


def test_a_witness_follows_a_real_console_and_refuses_it_when_it_was_tampered_with(
    console: Console, look: Look, key: Verifier, trail: Trail, tmp_path: Path
) -> None:
    write(trail, *(event() for _ in range(300)))
    sealed(console, 300)
    old = copy_log(console, tmp_path / "old")
    assert look()[0] == 0
    write(trail, *(event() for _ in range(100)))
    sealed(console, 400)
    status, said = look()
    assert (status, "Cosigned the checkpoint of 40" in said) == (0, True), said
    (seen,) = (tmp_path / "state").glob("*/checkpoint")
    assert checkpoint.find_cosignatures(seen.read_bytes(), [key]).keys() == {key.name}
    assert "example.com/witness" in console.manage("shell", "-v", "0", "-c", COSIGNATURES)

    # Rolled back to an old copy: every signature holds, and so do all proofs within it.
    show(console, old)
    status, said = look()
    assert (status, "REFUSED: the old size 40" in said) == (2, True), said

    # Another history, as whoever holds the log's key can make it, longer than what was seen.
    fork = Tree(FileStore(tmp_path / "fork"))
    size, root = fork.append(leaf_hash(b"forged %d" % number) for number in range(900))
    signer = Signer.parse((console.state / "log" / "key").read_text().split()[0])
    (tmp_path / "fork" / "checkpoint").write_bytes(Checkpoint(signer.name, size, root).sign(signer))
    show(console, tmp_path / "fork")
    status, said = look()
    assert (status, "REFUSED: the proof leads to another old root" in said) == (2, True), said
    kept = [path.read_bytes().split(b"\n")[1] for path in (tmp_path / "state").glob("*/refused/*")]
    assert sorted(kept)[1:] == [b"900"]
    assert len(kept) == 2


def copy_log(console: Console, folder: Path) -> Path:
    """What the log shows; its keeper goes on writing, so a copy that a file went missing from is made again."""
    while True:
        folder.mkdir()
        shutil.copy(console.state / "log" / "checkpoint", folder)  # first, so that every tile of it is there
        try:
            shutil.copytree(console.state / "log" / "tile", folder / "tile")
        except shutil.Error:
            shutil.rmtree(folder)
        else:
            return folder


def show(console: Console, other: Path) -> None:
    """From now on the console's log is another's files."""
    for name in ("tile", "checkpoint"):
        part = console.state / "log" / name
        shutil.rmtree(part) if part.is_dir() else part.unlink()
        shutil.copytree(other / name, part) if (other / name).is_dir() else shutil.copy(other / name, part)


COSIGNATURES = "from operations.models import Cosignature; print([one.name for one in Cosignature.objects.all()])"


def test_manage_py_runs_the_witness_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "witness_trail", "--make-key", "example.com/w", "--key", tmp_path / "w"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Verifier.parse(done.stdout.strip()).name == "example.com/w"
