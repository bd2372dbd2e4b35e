"""A line between a client and the engine that can be cut: real sockets, the bytes as they are."""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Line:
    """Of each answer a part gets through before the line is cut, as often as `share` says (0 to 1)."""

    port: int
    share: float = 0
    cuts: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(11))

    def length(self) -> int | None:
        """How many bytes of the next answer pass; None for all."""
        if self.chance.random() >= self.share:
            return None
        self.cuts += 1
        return self.chance.choice([0, 0, 1, 20, 150, 400])


@contextmanager
def relay(to_port: int) -> Iterator[Line]:
    """A line to a port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = Line(server.getsockname()[1])
        thread = threading.Thread(target=_accept, args=(server, line, to_port))
        thread.start()
        try:
            yield line
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(server: socket.socket, line: Line, to_port: int) -> None:
    carriers = []
    with suppress(OSError):  # it was shut
        while True:
            near, _ = server.accept()
            carriers.append(threading.Thread(target=_carry, args=(near, line, to_port)))
            carriers[-1].start()
    for carrier in carriers:
        carrier.join()


def _carry(near: socket.socket, line: Line, to_port: int) -> None:
    """One connection: requests pass whole; an answer passes whole, or in part and then nothing more ever."""
    with near, suppress(OSError), socket.create_connection(("127.0.0.1", to_port)) as far:
        up = threading.Thread(target=_pass_on, args=(near, far))
        up.start()
        while answer := far.recv(1 << 20):
            length = line.length()
            near.sendall(answer[:length])
            if length is not None:
                break
        for end in (near, far):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        up.join()


def _pass_on(near: socket.socket, far: socket.socket) -> None:
    with suppress(OSError):
        while request := near.recv(1 << 20):
            far.sendall(request)
        far.shutdown(socket.SHUT_WR)
