"""Tells the process that seals of a write: by a datagram to a socket in the log's folder, which is lost where nobody listens.

Nothing depends on it: what no datagram announces is found by the engine's own numbers a moment later.
"""

import logging
import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

log = logging.getLogger(__name__)
NAME = "arrivals"
LONGEST_PATH = 107  # bytes that a socket's address takes on Linux (unix(7))
_WRITTEN = b"\x01"


def announce_arrival() -> None:
    """Say that events were written. It waits for nobody and never raises: who cannot be told looks by itself."""
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, open_address() as address:
        sender.setblocking(False)
        sender.sendto(_WRITTEN, address)


def _get_path() -> Path:
    return Path(settings.SEAL_DIR) / NAME


@contextmanager
def open_address() -> Iterator[str]:
    """The socket's address: its path, or where that is too long for a socket the way through its open folder. Raises OSError."""
    path = _get_path()
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{NAME}"
    finally:
        os.close(folder)


class ArrivalListener:
    """Hears what is announced from now on. Without a socket it hears nothing and waits its time out."""

    def __init__(self, listening: socket.socket | None = None) -> None:
        self._socket = listening
        self._poll = select.poll()  # select() refuses descriptors from 1,024 on
        if listening is not None:
            self._poll.register(listening, select.POLLIN)

    def wait(self, seconds: float) -> bool:
        """Whether something was announced, since the last time or within so many seconds from now. Announcements are used up."""
        if not self._poll.poll(seconds * 1000) or self._socket is None:
            return False
        with suppress(BlockingIOError):
            while True:
                self._socket.recv(1)
        return True


@contextmanager
def listen_for_arrivals() -> Iterator[ArrivalListener]:
    """Listen in the log's folder, which the caller has locked. A socket that cannot be made is a warning: nothing is heard."""
    path = _get_path()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.setblocking(False)
        path.unlink(missing_ok=True)  # of a process that was killed
        try:
            with open_address() as address:
                listening.bind(address)  # for our account alone, as everything that is made under the console's umask
        except OSError as error:
            log.warning("Writes cannot be announced at %s (%s); they are found a moment later.", path, error)
            yield ArrivalListener()
            return
        try:
            yield ArrivalListener(listening)
        finally:
            path.unlink(missing_ok=True)
