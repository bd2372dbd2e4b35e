"""Builds the Go programs of tests/interop, and those of others that its go.mod names; without Go their tests are skipped."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "tests" / "interop"
FSCK = "github.com/transparency-dev/tessera/cmd/fsck"
LITEWITNESS = "filippo.io/torchwood/cmd/litewitness"
PLACES = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/local/go/bin"  # where its own installer puts Go
# What Go says where it cannot have the modules, or is too old for them; anything else is a fault of ours.
UNREACHABLE = (
    "dial tcp",
    "no such host",
    "i/o timeout",
    "TLS handshake",
    "connection refused",
    "403 Forbidden",
    "404 Not Found",
    "410 Gone",
    "module lookup disabled",
    "requires go >=",
)
BuildProgram = Callable[[str], Path]


@pytest.fixture(scope="session")
def build_program(tmp_path_factory: pytest.TempPathFactory) -> BuildProgram:
    """Called with a package (`./read-log`, FSCK), it builds it once and gives the program's path.

    The first build on a machine fetches and compiles for a minute or two; Go keeps what it compiled.
    """
    go, folder, built = shutil.which("go", path=PLACES), tmp_path_factory.mktemp("go"), dict[str, Path]()

    def build(package: str) -> Path:
        if go is None:
            pytest.skip("Go is not installed, so that the programs of others cannot be built")
        if package not in built:
            built[package] = _build(go, package, folder)
        return built[package]

    return build


def _build(go: str, package: str, folder: Path) -> Path:
    program = folder / package.rpartition("/")[2]
    done = subprocess.run(
        [go, "build", "-mod=readonly", "-o", program, package], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    if done.returncode and any(word in done.stderr for word in UNREACHABLE):
        pytest.skip(f"The Go modules could not be fetched: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return program
