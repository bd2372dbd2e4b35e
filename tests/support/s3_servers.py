"""Runs S3 servers with object lock on this machine: moto's, and versitygw where it is installed."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from auditconsole.local.ports import find_free_port, is_free
from auditconsole.local.processes import run_program

NAMES = ("moto", "versitygw")
ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "checkpoints",
    "AWS_SECRET_ACCESS_KEY": "of no worth",
    "AWS_DEFAULT_REGION": "us-east-1",
}
PLACES = f"{os.environ.get('PATH', '')}{os.pathsep}{Path.home() / 'go' / 'bin'}"  # where `go install` puts it


@contextmanager
def run_server(name: str, folder: Path) -> Iterator[str]:
    """The server's URL; it keeps what is put there in the folder, or in memory."""
    port = find_free_port()
    url = f"http://127.0.0.1:{port}"
    program = build_command(name, folder, port)
    with run_program(program, name=name, log=folder / f"{name}.log", answers=lambda: not is_free(port)):
        yield url


def build_command(name: str, folder: Path, port: int) -> list[str]:
    """How a server is started. Skips the test where it is not installed."""
    if name == "moto":
        pytest.importorskip("moto", reason="moto is not installed: make test does that")
        return [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", str(port)]
    program = shutil.which("versitygw", path=PLACES)
    if program is None:
        pytest.skip("versitygw is not installed: go install github.com/versity/versitygw/cmd/versitygw@v1.8.0")
    data, versions = folder / "data", folder / "versions"
    data.mkdir()
    versions.mkdir()
    access, secret = ACCOUNT["AWS_ACCESS_KEY_ID"], ACCOUNT["AWS_SECRET_ACCESS_KEY"]
    own = ["--access", access, "--secret", secret, "--port", f"127.0.0.1:{port}", "--quiet"]
    return [program, *own, "posix", "--versioning-dir", str(versions), str(data)]
