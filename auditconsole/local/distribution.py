"""Fetches the search engine's files from Maven Central by jgo as locked, and checks them."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

from auditconsole.local import engine_plugin
from auditconsole.local.child import die_with_parent
from auditconsole.local.errors import CannotStart

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "jgo.lock.toml"


def get_folder() -> Path:
    """The folder of the locked jars, in jgo's cache or JGO_CACHE_DIR; each lock has one, so that versions do not meet."""
    cache = os.environ.get("JGO_CACHE_DIR") or Path.home() / ".cache" / "jgo"
    return Path(cache) / f"audit-console-{_lock_digest()[:12]}"


def build_class_path() -> str:
    """What java is given. Raises CannotStart when the files cannot be had or are not the locked ones."""
    folder = get_folder()
    if not _is_checked(folder):
        if not _is_complete(folder):
            fetch_files(folder)
        check_files(folder)
        _stamp(folder).write_text(_lock_digest())
    plugin = engine_plugin.build_jar(folder, _lock_digest())
    return os.pathsep.join([*(str(folder / part / "*") for part in ("jars", "modules")), str(plugin)])


def is_fetched() -> bool:
    """Whether the files are in the cache already."""
    return _is_checked(get_folder()) or _is_complete(get_folder())


def fetch_files(folder: Path) -> None:
    """Ask jgo for what the lock names; about 74 MB, once. Raises CannotStart."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("jgo.toml", "jgo.lock.toml"):
        shutil.copyfile(ROOT / name, folder / name)
    jgo = Path(sys.executable).with_name("jgo")
    result = subprocess.run(
        [str(jgo), "--resolver", "python", "sync"],
        cwd=folder,
        env=os.environ | {"JGO_CACHE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: die_with_parent(signal.SIGTERM),
    )
    if result.returncode != 0 or not _is_complete(folder):
        why = (result.stderr or result.stdout).strip().splitlines()
        raise CannotStart(
            "The search engine could not be fetched from Maven Central (is there a network, and a proxy if one is "
            f"needed?): {why[-1] if why else f'jgo ended with status {result.returncode}'}"
        )


def check_files(folder: Path) -> None:
    """Compare every file with the lock's SHA-256. Raises CannotStart naming the first that differs."""
    jars = [jar for part in ("jars", "modules") for jar in (folder / part).glob("*.jar")]
    here = {hashlib.sha256(jar.read_bytes()).hexdigest(): jar for jar in jars}
    wanted = _read_sums()
    if missing := [name for digest, name in wanted.items() if digest not in here]:
        raise CannotStart(
            f"{missing[0]} in {folder} is not the file that jgo.lock.toml names; delete that folder and start again."
        )
    if extra := [jar for digest, jar in here.items() if digest not in wanted]:
        raise CannotStart(f"{extra[0]} is not in jgo.lock.toml; delete {folder} and start again.")


def _is_complete(folder: Path) -> bool:
    here = sum(len(list((folder / part).glob("*.jar"))) for part in ("jars", "modules"))
    return here >= len(_read_sums())


def _is_checked(folder: Path) -> bool:
    stamp = _stamp(folder)
    return stamp.exists() and stamp.read_text() == _lock_digest() and _is_complete(folder)


def _stamp(folder: Path) -> Path:
    return folder / "checked-by-audit-console"


def _lock_digest() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def _read_sums() -> dict[str, str]:
    """The name of each locked file by its SHA-256."""
    lock = tomllib.loads(LOCK.read_text())
    return {entry["sha256"]: f"{entry['artifactId']}-{entry['version']}" for entry in lock["dependencies"]}
