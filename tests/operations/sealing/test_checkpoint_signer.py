"""The log's key signs checkpoints at one place, behind the proof that they go on from what was signed before."""

import ast
from pathlib import Path

import pytest

from operations.sealing.checkpoint_signer import CheckpointSigner
from operations.sealing.errors import KeyUnusable
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from operations.sealing.secret_key import Key
from tests.support.log_keys import read_key
from trail.integrity.checkpoint import Checkpoint

ROOT = Path(__file__).parents[3]
ROOMS = ("auditconsole", "investigations", "operations", "accounts", "core")


def _list_places(name: str) -> set[str]:
    """The modules of the console that name an attribute or import this."""
    places = set()
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            is_attribute = isinstance(node, ast.Attribute) and node.attr == name
            is_import = isinstance(node, ast.ImportFrom) and name in {
                node.module,
                *(alias.name for alias in node.names),
            }
            if is_attribute or is_import:
                places.add(str(path.relative_to(ROOT)))
    return places


def test_one_module_alone_signs_checkpoints() -> None:
    assert _list_places("sign_checkpoint") == {"operations/sealing/checkpoint_signer.py"}
    assert _list_places("operations.sealing.secret_key") == {
        "operations/sealing/checkpoint_signer.py",
        "operations/sealing/signing_keys.py",
    }
    assert _list_places("_signer") <= {"operations/sealing/secret_key.py", "operations/sealing/sealer.py"}


def test_what_signs_other_things_signs_no_checkpoint(sealer: Sealer, log: LogDirectory) -> None:
    sealer.step()
    forged = Checkpoint(read_key(log).origin, 1, b"\1" * 32).text()
    for text in (forged, Checkpoint("another log", 1, b"\1" * 32).text()):
        with pytest.raises(ValueError, match="CheckpointSigner alone"):
            log.keys.sign_statement(text)
    assert log.keys.sign_statement("auditconsole-progress/v1\nname\n{}\n")


def test_the_key_stays_out_of_what_is_written_about_it(log: LogDirectory) -> None:
    log.keys.ensure(new=True)
    key: Key = read_key(log)
    secrets = (log.folder / "key").read_text().split()
    for text in (repr(key), str(key), repr(CheckpointSigner(log)), (log.folder / "keys").read_text()):
        assert not any(secret.rpartition("+")[2] in text for secret in secrets)


def test_who_may_not_read_the_key_reads_its_public_halves(
    sealer: Sealer, log: LogDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The web, where the key is the keeper's alone; tests may run as root, whom no mode keeps out."""
    sealer.step()
    public, newest = log.keys.current(), log.newest()

    def refuse(path: Path) -> Key:
        raise KeyUnusable(f"{path} may not be read.") from PermissionError(path)

    monkeypatch.setattr(Key, "read", refuse)
    with pytest.raises(KeyUnusable, match=r"key\.pub does not hold its public halves"):
        log.newest()
    (log.folder / "key.pub").write_text("".join(f"{verifier}\n" for verifier in public))
    assert log.newest() == newest
    with pytest.raises(KeyUnusable):
        CheckpointSigner(log).sign(0)
