"""Runs a command with a PostgreSQL server of its own, which DATABASE_URL names: `python -m tests.support.postgresql make …`.

The server lies in the folder of the session, keeps nothing through a power cut, and is gone when the command ends.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditconsole.local import processes
from auditconsole.local.ports import find_free_port

USER = "postgres"
# What makes a database durable, which no test of the console asks of it.
QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_wal_size=4GB", "checkpoint_timeout=1h")


def installed() -> Path | None:
    """The folder of the newest server's programs."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found := shutil.which("initdb"):
        folders.append(Path(found).resolve().parent)
    return max(folders, key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0, default=None)


def _as_user() -> list[str]:
    """The words before a command of the server's, which root may not run; it ends with us even so."""
    if os.geteuid():
        return []
    return ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", "--pdeathsig", "INT"]


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """A server that keeps its data in this folder; its address as DATABASE_URL wants it."""
    programs, port = installed(), find_free_port()
    assert programs, "PostgreSQL is missing; run python -m tests.support.programs"
    folder.mkdir()
    if not os.geteuid():
        shutil.chown(folder, USER, USER)
    made = [
        programs / "initdb",
        "--pgdata",
        folder / "data",
        "--username",
        USER,
        "--auth",
        "trust",
        "--no-sync",
        "--encoding",
        "UTF8",
        "--locale",
        "C.UTF-8",
    ]
    subprocess.run([*_as_user(), *made], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    settings = [part for setting in QUICK for part in ("-c", setting)]
    command = [*_as_user(), programs / "postgres", "-D", folder / "data", "-k", folder, "-h", "127.0.0.1", "-p", port]
    ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", port]
    with processes.run_program(
        [*map(str, command), *settings],
        name="PostgreSQL",
        log=folder / "log",
        answers=lambda: subprocess.run([str(part) for part in ready]).returncode == 0,
    ):
        yield f"postgres://{USER}@127.0.0.1:{port}/postgres"


def main(command: list[str]) -> int:
    """The command's exit status."""
    from tests.support import session  # importing it makes a session's folder

    try:
        with running(session.FOLDER / "postgresql") as url:
            return subprocess.run(command, env=os.environ | {"DATABASE_URL": url}).returncode
    finally:
        session.remove()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
