"""Checks what must hold before the console starts anything; each refusal is one sentence."""

import fcntl
import shutil
from pathlib import Path
from typing import IO

import psutil

from auditconsole.local.errors import CannotStart
from auditconsole.local.ports import is_free

LEAST_DISK = 2 * 1024**3
LEAST_MEMORY = 1536 * 1024**2


def lock_state(state_dir: Path) -> IO[str]:
    """Hold the state directory for as long as the file that is returned is open. Raises CannotStart."""
    state_dir.mkdir(parents=True, exist_ok=True)
    file = (state_dir / "console.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise CannotStart(
            f"Another console works in {state_dir}; stop it, or give this one a CONSOLE_STATE_DIR of its own."
        ) from error
    return file


def check_machine(
    state_dir: Path, ports: dict[str, int], *, least_disk: int = LEAST_DISK, least_memory: int = LEAST_MEMORY
) -> None:
    """Disk, memory and ports. `ports` is each port by the name of its setting. Raises CannotStart."""
    free = shutil.disk_usage(state_dir).free
    if free < least_disk:
        raise CannotStart(f"Only {_gb(free)} GB are free where {state_dir} is; free at least {_gb(least_disk)} GB.")
    memory = psutil.virtual_memory().available
    if memory < least_memory:
        raise CannotStart(
            f"Only {_gb(memory)} GB of memory are free and the console needs {_gb(least_memory)} GB; close something."
        )
    for name, port in ports.items():
        if not is_free(port):
            raise CannotStart(f"Port {port} is in use; stop what listens there, or set {name} to another port.")


def _gb(size: int) -> str:
    return f"{size / 1024**3:.1f}"
