"""A real rsyslog with its stock output for OpenSearch."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditconsole.local.ports import find_free_port

CONFIGURATION = """
global(workDirectory="{folder}")
module(load="imtcp")
module(load="omelasticsearch")
input(type="imtcp" address="127.0.0.1" port="{port}")
syslog.* stop
*.* action(
    type="omelasticsearch" server="{server}" uid="rsyslog" pwd="{key}" searchIndex="logs" searchType="" bulkmode="on"
    queue.type="linkedList" queue.fileName="waiting" queue.dequeueBatchSize="100" queue.saveOnShutdown="on"
    action.resumeRetryCount="-1" action.resumeInterval="1"
)
"""


def installed() -> str | None:
    """rsyslog with its output for OpenSearch; None where one of the two is missing."""
    program = shutil.which("rsyslogd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return program if program and list(Path("/usr/lib").glob("**/rsyslog/omelasticsearch.so")) else None


@contextmanager
def running(folder: Path, server: str, key: str) -> Iterator[int]:
    """rsyslog that ships to `server` what comes to the port that is given."""
    folder.mkdir()
    port = find_free_port()
    configuration, program = folder / "rsyslog.conf", installed()
    assert program, "rsyslog is missing; run python -m tests.support.programs"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port, server=server, key=key))
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            [program, "-n", "-f", str(configuration), "-i", str(folder / "pid")], stdout=said, stderr=said
        )
    try:
        while not _listens(port):
            assert process.poll() is None, (folder / "said.txt").read_text()
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def say(port: int, lines: list[str]) -> None:
    """Log lines as RFC 5424 has them, over TCP."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for number, line in enumerate(lines):
            stamp = f"2026-11-01T00:00:{number % 60:02}.{number:06}Z"
            connection.sendall(f"<38>1 {stamp} berlin-7 sshd 4711 - - {line}\n".encode())


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
