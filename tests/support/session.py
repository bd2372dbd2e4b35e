"""Gives a test session its folder, in memory where there is room, before Django reads its settings.

Everything that the tests write lies there: data of the engine, databases, spools, temporary folders. pytest loads it by
`-p`, ahead of every conftest.
"""

import os
import shutil
import tempfile
from pathlib import Path
from secrets import token_urlsafe

import psutil
import pytest

from tests.support import class_cache

MEMORY = Path("/dev/shm")
NEEDED = 3 * 1024**3  # bytes that have to be free, several times what a session takes
_PREFIX = "console-tests-"
_VARIABLE = "TEST_SESSION_FOLDER"


def _has_room(folder: Path) -> bool:
    """Whether a session fits there, and into memory too."""
    if not os.access(folder, os.W_OK):
        return False
    return min(shutil.disk_usage(folder).free, psutil.virtual_memory().available) > NEEDED


def _remove_left_behind(parent: Path) -> None:
    """Remove the folders of sessions that were killed: those whose process is gone."""
    for folder in parent.glob(f"{_PREFIX}*"):
        number = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _make_folder() -> Path:
    """A folder that is the temporary one of this process and of those that it starts. Others may pass through it."""
    parent = MEMORY if _has_room(MEMORY) else Path(tempfile.gettempdir())
    _remove_left_behind(parent)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))
    folder.chmod(0o711)
    os.environ[_VARIABLE] = os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None
    return folder


_lent = os.environ.get(_VARIABLE)  # to a worker, or by the program that started this session
FOLDER = Path(_lent) if _lent else _make_folder()
os.environ.setdefault("CONSOLE_STATE_DIR", str(FOLDER / "state"))
# All nodes of a session have one password, so that every connection that a test makes has it.
os.environ["OPENSEARCH_USER"] = "console"
os.environ.setdefault("OPENSEARCH_PASSWORD", token_urlsafe())
os.environ.setdefault("JAVA_TOOL_OPTIONS", class_cache.options())


def remove() -> None:
    """Remove the folder, in the process that made it."""
    if not _lent:
        shutil.rmtree(FOLDER, ignore_errors=True)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Runs after the parts were stopped."""
    remove()
