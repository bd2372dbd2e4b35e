"""The search engine's own files: fetched from Maven Central by jgo as locked, checked, kept in jgo's cache."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

from auditconsole.local.errors import CannotStart
from auditconsole.local.follow import die_with_parent

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "jgo.lock.toml"


def home() -> Path:
    """The folder of the jars: jgo's cache, or JGO_CACHE_DIR."""
    return Path(os.environ.get("JGO_CACHE_DIR") or Path.home() / ".cache" / "jgo")


def class_path() -> str:
    """What java is given. Raises CannotStart when the files cannot be had or are not the locked ones."""
    folder = home()
    if not _checked(folder):
        if not _complete(folder):
            fetch(folder)
        check(folder)
        _stamp(folder).write_text(_lock_digest())
    return os.pathsep.join(str(folder / part / "*") for part in ("jars", "modules"))


def is_here() -> bool:
    return _checked(home()) or _complete(home())


def fetch(folder: Path) -> None:
    """Ask jgo for what the lock names; about 71 MB, once. Raises CannotStart."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("jgo.toml", "jgo.lock.toml"):
        shutil.copyfile(ROOT / name, folder / name)
    jgo = Path(sys.executable).with_name("jgo")
    done = subprocess.run(
        [str(jgo), "--resolver", "python", "sync"], cwd=folder, env=os.environ | {"JGO_CACHE_DIR": str(folder)},
        capture_output=True, text=True, check=False, preexec_fn=lambda: die_with_parent(signal.SIGTERM),
    )  # fmt: skip
    if done.returncode != 0 or not _complete(folder):
        why = (done.stderr or done.stdout).strip().splitlines()
        raise CannotStart(
            "The search engine could not be fetched from Maven Central (is there a network, and a proxy if one is "
            f"needed?): {why[-1] if why else f'jgo ended with status {done.returncode}'}"
        )


def check(folder: Path) -> None:
    """Compare every file with the lock's SHA-256. Raises CannotStart naming the first that differs."""
    jars = [jar for part in ("jars", "modules") for jar in (folder / part).glob("*.jar")]
    here = {hashlib.sha256(jar.read_bytes()).hexdigest(): jar for jar in jars}
    wanted = _sums()
    if missing := [name for digest, name in wanted.items() if digest not in here]:
        raise CannotStart(
            f"{missing[0]} in {folder} is not the file that jgo.lock.toml names; delete that folder and start again."
        )
    if extra := [jar for digest, jar in here.items() if digest not in wanted]:
        raise CannotStart(f"{extra[0]} is not in jgo.lock.toml; delete {folder} and start again.")


def _complete(folder: Path) -> bool:
    here = sum(len(list((folder / part).glob("*.jar"))) for part in ("jars", "modules"))
    return here >= len(_sums())


def _checked(folder: Path) -> bool:
    stamp = _stamp(folder)
    return stamp.exists() and stamp.read_text() == _lock_digest() and _complete(folder)


def _stamp(folder: Path) -> Path:
    return folder / "checked-by-audit-console"


def _lock_digest() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def _sums() -> dict[str, str]:
    """The name of each locked file by its SHA-256."""
    lock = tomllib.loads(LOCK.read_text())
    return {entry["sha256"]: f"{entry['artifactId']}-{entry['version']}" for entry in lock["dependencies"]}
