"""Asks for known faults of the locked packages of Python, as a program; says what nobody could be asked about.

pip-audit ends with success where the service of advisories does not know a package, as a mirror of the index does not: what
it passed over is counted here, so that silence is not taken for health. Exit status 1 when a fault is known.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[2] / "requirements.txt"
NOT_COVERED = (
    "Jars and bundled programs are not looked up here: give `manage.py bill_of_materials` to a scanner that knows them."
)


def ask_pip_audit(lock: Path) -> subprocess.CompletedProcess[str]:
    """pip-audit's answer as JSON; it fails where there is no network."""
    options = ["--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    return subprocess.run(
        [sys.executable, "-m", "pip_audit", *options, "--requirement", str(lock)],
        capture_output=True,
        text=True,
        check=False,
    )


def describe(answer: Any) -> tuple[list[str], int]:
    """The sentences, and the exit status."""
    packages = answer["dependencies"]
    unknown = [package for package in packages if "skip_reason" in package]
    faulty = [package for package in packages if package.get("vulns")]
    said = [
        f"{package['name']} {package['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'no version'}"
        for package in faulty
        for fault in package["vulns"]
    ]
    checked = len(packages) - len(unknown)
    said.append(f"Of {len(packages)} locked packages {checked} were looked up; {len(faulty)} have known faults.")
    if unknown:
        said.append(f"NOT CHECKED: {len(unknown)} packages, which no service of advisories that is reached here knows.")
    return said, 1 if faulty else 0


def main(ask: Callable[[Path], subprocess.CompletedProcess[str]] = ask_pip_audit) -> int:
    result = ask(LOCK)
    try:
        said, status = describe(json.loads(result.stdout))
    except json.JSONDecodeError:
        why = (result.stderr.strip().splitlines() or ["no answer"])[-1]
        said, status = [f"NOT CHECKED: no service of advisories was reached ({why})."], 0
    print("\n".join([*said, NOT_COVERED]))
    return status


if __name__ == "__main__":
    sys.exit(main())
