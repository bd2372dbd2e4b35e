"""The witness's program: it cosigns a log that goes on, and shouts at one that does not."""

import shutil
import stat
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

import trail.witness.program as program
from tests.trail.integrity.test_log_client import serving
from trail.integrity import checkpoint
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.merkle import leaf_hash
from trail.integrity.publish import FolderPublisher
from trail.integrity.signed_note import Signer, Verifier
from trail.integrity.tiles import FileStore, Tree

LOG = Signer("example.com/trail", b"\x01" * 32)


class Log:
    """A log in a folder, as its operator keeps it, honest or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = Tree(FileStore(folder))

    def grow(self, count: int, kind: str = "event") -> "Log":
        self.tree.append([leaf_hash(f"{kind} {self.tree.size + number}".encode()) for number in range(count)])
        return self.show(self.tree)

    def show(self, tree: Tree, size: int | None = None, signer: Signer = LOG, origin: str = LOG.name) -> "Log":
        size = tree.size if size is None else size
        (self.folder / "checkpoint").write_bytes(Checkpoint(origin, size, tree.root_at(size)).sign(signer))
        return self

    def be(self, other: "Log") -> None:
        """From now on the log shows another's files."""
        self.folder = other.folder


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log").grow(100)


@pytest.fixture
def key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Verifier:
    assert program.main(["--make-key", "example.com/witness", "--key", str(tmp_path / "key")]) == 0
    return Verifier.parse(capsys.readouterr().out.strip())


@pytest.fixture
def look(tmp_path: Path, log: Log, key: Verifier, capsys: pytest.CaptureFixture[str]):
    """Run the program once: its status and what it said."""

    def run(*more: str, log_key: Verifier = LOG.verifier) -> tuple[int, str]:
        arguments = ["--log", str(log.folder), "--log-key", str(log_key), "--key", str(tmp_path / "key")]
        status = program.main([*arguments, "--state", str(tmp_path / "state"), "--once", *more])
        return status, capsys.readouterr().err

    return run


def refused(tmp_path: Path) -> list[bytes]:
    return [path.read_bytes() for path in tmp_path.glob("state/*/refused/*")]


def latest(tmp_path: Path) -> bytes:
    (path,) = tmp_path.glob("state/*/checkpoint")
    return path.read_bytes()


def test_it_cosigns_a_log_that_goes_on(log: Log, look, key: Verifier, tmp_path: Path) -> None:
    for count in (0, 200, 56, 1_000):
        log.grow(count)
        assert look() == (0, f"Cosigned the checkpoint of {log.tree.size:,} events.\n")
        assert key.name in checkpoint.find_cosignatures(latest(tmp_path), [key])
    assert refused(tmp_path) == []


def test_it_refuses_a_log_that_was_rolled_back_and_keeps_the_proof(log: Log, look, tmp_path: Path) -> None:
    look()
    before = latest(tmp_path)
    log.show(log.tree, 40)
    status, said = look()
    assert status == 2
    assert "REFUSED: the old size 100 is larger than the new one 40." in said
    assert f"Both are kept under {tmp_path / 'state'}" in said
    assert (refused(tmp_path), latest(tmp_path)) == ([(log.folder / "checkpoint").read_bytes()], before)


@pytest.mark.parametrize("size", [100, 300])
def test_it_refuses_a_log_of_another_history(log: Log, look, tmp_path: Path, size: int) -> None:
    look()
    log.be(Log(tmp_path / "fork").grow(size, "another event"))
    status, said = look()
    assert (status, "REFUSED: " in said) == (2, True)
    assert refused(tmp_path) == [(log.folder / "checkpoint").read_bytes()]


def test_a_log_that_hides_its_tiles_gets_no_cosignature_and_no_blame(log: Log, look, tmp_path: Path) -> None:
    look()
    before = latest(tmp_path)
    log.grow(200)
    for path in (log.folder / "tile").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    status, said = look()
    assert (status, "does not show the tiles" in said, latest(tmp_path)) == (1, True, before)


def test_what_the_log_did_not_sign_is_refused_and_is_no_proof(log: Log, look, tmp_path: Path) -> None:
    for signer, origin in ((Signer(LOG.name, b"\x07" * 32), LOG.name), (LOG, "example.com/other")):
        log.show(log.tree, signer=signer, origin=origin)
        status, said = look()
        assert (status, "not the log whose key was given" in said) == (3, True)
    assert refused(tmp_path) == []


def test_after_a_rotation_it_says_what_to_do_and_goes_on_with_the_new_key_beside_the_old(
    log: Log, look, key: Verifier, tmp_path: Path
) -> None:
    new = Signer(LOG.name, b"\x07" * 32)
    assert look()[0] == 0
    log.grow(50).show(log.tree, signer=new)
    status, said = look()
    assert (status, "REFUSED" in said) == (3, False)
    assert f"signed by {LOG.name}+{new.verifier.key_id.hex()}" in said
    assert "start again with one more --log-key for the new key" in said
    assert look("--log-key", str(new.verifier)) == (0, "Cosigned the checkpoint of 150 events.\n")
    assert look(log_key=new.verifier) == (0, "Cosigned the checkpoint of 150 events.\n")
    fork = Log(tmp_path / "fork").grow(200, "another event")
    log.be(fork.show(fork.tree, signer=new))
    assert look("--log-key", str(new.verifier))[0] == 2


def test_what_is_no_checkpoint_is_no_log(log: Log, look) -> None:
    for content in (
        b"",
        b"hello\n",
        "a text\n\n\N{EM DASH} somebody AAAAAAAA\n".encode(),
    ):
        (log.folder / "checkpoint").write_bytes(content)
        assert look()[0] == 1
    (log.folder / "checkpoint").unlink()
    assert "The checkpoint cannot be read" in look()[1]


def test_published_checkpoints_are_looked_at_beside_the_tiles(log: Log, look, key: Verifier, tmp_path: Path) -> None:
    (tmp_path / "published").mkdir()
    FolderPublisher(tmp_path / "published").publish((log.folder / "checkpoint").read_bytes(), 100)
    tiles = str(log.folder)
    log.folder = tmp_path / "published"
    assert look("--tiles", tiles)[0] == 0
    assert key.name in checkpoint.find_cosignatures(latest(tmp_path), [key])


def test_a_log_behind_an_address_gets_the_cosignature(
    log: Log, look, key: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []

    def answer(request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        if request.headers.get("Authorization") != "Bearer s3cret":
            return 401, b"Who are you?"
        if request.command == "POST":
            given.append(body)
            return 200, b""
        path = folder / request.path.removeprefix("/log/")
        return (200, path.read_bytes()) if path.is_file() else (404, b"")

    folder = log.grow(400).folder
    with serving(answer) as address:
        log.folder = address
        assert look() == (1, f"{address}/checkpoint answers 401: Who are you?\n")
        monkeypatch.setenv("WITNESS_API_KEY", "s3cret")
        assert look() == (0, "Cosigned the checkpoint of 500 events.\n")
    (note,) = given
    assert key.name in checkpoint.find_cosignatures(note, [key])


def test_its_key_is_its_own(key: Verifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_text()
    assert program.main(["--make-key", "example.com/witness", "--key", str(path)]) == 1
    assert "File exists" in capsys.readouterr().err
    assert path.read_text() == before
    assert program.main(["--make-key", "no name", "--key", str(tmp_path / "other")]) == 1


def test_it_says_what_is_missing(look, log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--key", str(tmp_path / "key")]) == 1
    assert "Name the log" in capsys.readouterr().err
    (tmp_path / "key").write_text(LOG.secret())
    assert "no witness's key" in look()[1]


def test_it_looks_again_and_again_and_ends_when_it_refuses(
    log: Log, key: Verifier, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that goes on, is away for once, comes back, and then shows another history."""
    steps = iter(
        [
            lambda: log.grow(50),
            lambda: (log.folder / "checkpoint").unlink(),
            lambda: log.grow(50),
            lambda: shutil.copytree(
                Log(tmp_path / "fork").grow(300, "another event").folder, log.folder, dirs_exist_ok=True
            ),
        ]
    )
    waited = []

    def step(seconds: float) -> None:
        waited.append(seconds)
        next(steps)()

    monkeypatch.setattr(program.time, "sleep", step)
    arguments = ["--log", str(log.folder), "--log-key", str(LOG.verifier), "--key", str(tmp_path / "key")]
    assert program.main([*arguments, "--state", str(tmp_path / "state"), "--every", "7"]) == 2
    said = capsys.readouterr().err
    assert [f"checkpoint of {size}" in said for size in (100, 150, 200)] == [True] * 3
    assert "Trying again in 7 seconds." in said
    assert waited == [7.0] * 4


def test_it_runs_alone_without_what_the_console_needs(log: Log, look, key: Verifier, tmp_path: Path) -> None:
    """In a process of its own in which nothing but this package, Python, cryptography and urllib3 can be imported."""
    root = Path(program.__file__).parents[2]
    guard = (
        "import sys, runpy\n"
        "class Guard:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        root = name.partition('.')[0]\n"
        "        if root not in sys.stdlib_module_names | {'trail', 'cryptography', '_cffi_backend', 'urllib3'}:\n"
        "            raise ImportError(f'{name} is not here')\n"
        "sys.meta_path.insert(0, Guard())\n"
        "runpy.run_module('trail.witness', run_name='__main__', alter_sys=True)\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            guard,
            "--log",
            log.folder,
            "--log-key",
            str(LOG.verifier),
            "--key",
            tmp_path / "key",
            "--state",
            tmp_path / "state",
            "--once",
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "Cosigned the checkpoint of 100 events.\n")
