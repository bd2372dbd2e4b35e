"""Holds the connections of one web process: how long each may take to send and to read, and how many an address may have.

Reading and writing happen in one loop, so that a client that sends or reads slowly holds a connection and never a thread.
"""

import socket
import time
from collections import defaultdict
from functools import partial
from typing import Any

from django.conf import settings
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import WSGITask
from waitress.utilities import BadRequest

from auditconsole.server.requests import BoundedRequest
from core.proxies import is_trusted_proxy

# Bytes a second that a body must come with, and an answer must be read with, in each window of settings.WEB_SLOW_SECONDS.
LEAST_RATE = 1024
# The same of a body that lies on the disk, for which there are few places.
LARGE_RATE = 256 * 1024
# Bytes of requests that one web process holds in memory before it takes no further body.
MOST_HELD = 256 * 1024 * 1024
# A request of up to so many bytes is always read: there are only so many connections.
ALWAYS_READ = 256 * 1024
# Connections of one web process. Beyond these the address that has most of them gives one up.
MOST_CONNECTIONS = 1_000


class RateWindow:
    """Counts the bytes that pass in one direction, and says when too few did."""

    def __init__(self) -> None:
        self._until: float | None = None
        self._bytes = 0

    def add(self, count: int) -> None:
        """Count bytes that passed."""
        self._bytes += count

    def close(self) -> None:
        """Nothing is under way: the next byte that is waited for begins a new window."""
        self._until = None

    def is_too_slow(self, now: float, rate: int = LEAST_RATE) -> bool:
        """Whether the window that ended by `now` (monotonic) saw too few bytes a second. Call it every second or so."""
        seconds = settings.WEB_SLOW_SECONDS
        if self._until is not None and now < self._until:
            return False
        is_slow = self._until is not None and self._bytes < rate * seconds
        self._until, self._bytes = now + seconds, 0
        return is_slow


class ApplicationTask(WSGITask):  # type: ignore[misc]
    """Runs the application for one request."""

    def execute(self) -> None:
        """As waitress does. Raises ClientDisconnected where the application breaks its answer off on purpose."""
        try:
            super().execute()
        except ConnectionResetError as error:
            raise ClientDisconnected from error


class Connection(HTTPChannel):  # type: ignore[misc]
    """One client's connection, with its deadlines."""

    request: BoundedRequest | None
    requests: list[BoundedRequest]
    task_class = ApplicationTask

    def __init__(self, server: "Server", sock: Any, addr: Any, *args: Any, **options: Any) -> None:
        self.address = str(addr[0])
        self.parser_class = partial(BoundedRequest, address=self.address)
        self.waits_since = time.monotonic()  # for a request to begin, or for the rest of one
        self.bytes_held = 0  # bytes of a request that is not whole yet
        self._had_request = self._is_cut_off = False
        self._body, self._answer = RateWindow(), RateWindow()
        # What waitress sets only after it has announced the new connection.
        self.requests = []
        super().__init__(server, sock, addr, *args, **options)

    def received(self, data: bytes) -> bool:
        """Take in what came; a body for which there is no room ends the connection."""
        begun = self.request
        if begun is None:
            self.waits_since, self.bytes_held = time.monotonic(), 0
        if begun is None or not begun.is_large:
            self.bytes_held += len(data)
        self._body.add(len(data))
        if self.bytes_held > ALWAYS_READ and self.server.count_bytes_held() > MOST_HELD:
            self.will_close = True
            return False
        is_taken = bool(super().received(data))
        if self.request is not begun:
            self.waits_since, self.bytes_held = time.monotonic(), 0
            self._body.close()
        # No request is under way after bytes came, so one has become whole; a thread may have answered it by now.
        self._had_request = self._had_request or self.request is None
        return is_taken

    def readable(self) -> bool:
        """Whether more may be read; not once the client has said that no more comes."""
        return not self._is_cut_off and bool(super().readable())

    def handle_read(self) -> None:
        """Read what is there. A body that ends before its end is answered, for the client may still listen."""
        if self.request is not None and self.request.headers_finished and not self.requests and self._is_at_end():
            self._is_cut_off = True
            self.request.error = BadRequest("The body was cut off on its way; nothing of it was taken.")
            self.requests, self.request = [self.request], None
            self.server.add_task(self)
        else:
            super().handle_read()

    def _is_at_end(self) -> bool:
        """Whether the client has said that it sends no more."""
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except OSError:  # which reading meets again, and answers
            return False

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send what the client takes; how many bytes."""
        count = int(super().send(data, do_close))
        self._answer.add(count)
        self.waits_since = time.monotonic()
        return count

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for a request, or for the rest of one, and has no answer to give."""
        return not self.requests and not self.total_outbufs_len and not self.will_close

    def is_overdue(self, now: float) -> bool:
        """Whether the client has used up its time, by the monotonic clock."""
        if self.total_outbufs_len:
            return self._answer.is_too_slow(now)
        self._answer.close()
        if self.requests:
            return False
        if self.request is not None and self.request.headers_finished:
            return self._body.is_too_slow(now, LARGE_RATE if self.request.is_large else LEAST_RATE)
        is_idle = self.request is None and self._had_request
        patience: float = settings.WEB_IDLE_SECONDS if is_idle else settings.WEB_HEADER_SECONDS
        return now - self.waits_since > patience

    def add_channel(self, map: Any = None) -> None:
        """As waitress does, once it is open."""
        super().add_channel(map)
        self.server.add_connection(self)

    def del_channel(self, map: Any = None) -> None:
        """As waitress does, once it is closed."""
        super().del_channel(map)
        self.server.remove_connection(self)
        if self.request is not None and self.request.is_large:  # it never became whole; its file goes now
            self.request.close()


class Server(TcpWSGIServer):  # type: ignore[misc]
    """Accepts connections. Where an address has too many, the one that has waited longest for its client gives way to the new
    one, so that somebody at the same address still gets in."""

    channel_class = Connection

    def __init__(self, *args: Any, **options: Any) -> None:
        self.by_address: dict[str, set[Connection]] = defaultdict(set)
        self._next_look = 0.0
        super().__init__(*args, **options)

    def remove_connection(self, connection: Connection) -> None:
        """Count a connection no longer: it has been closed."""
        others = self.by_address[connection.address]
        others.discard(connection)
        if not others:
            del self.by_address[connection.address]

    def add_connection(self, connection: Connection) -> None:
        """Count a new connection, and make room where its address, or all together, have too many."""
        others = self.by_address[connection.address]
        others.add(connection)
        # The connections of a trusted proxy are everybody's, and it bounds what one client has itself.
        if len(others) > settings.WEB_CONNECTIONS_PER_ADDRESS and not is_trusted_proxy(connection.address):
            close_longest_waiting(others)
        if sum(map(len, self.by_address.values())) > MOST_CONNECTIONS:
            close_longest_waiting(max(self.by_address.values(), key=len))

    def maintenance(self, now: float) -> None:
        """Nothing: `close_overdue` does it, between two rounds of the loop."""

    def close_overdue(self) -> None:
        """Close the connections that were given up, and those whose clients have used up their time.

        Not within a round of the loop, whose events may still name the number of a connection that is closed.
        """
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + 1
            for connection in self.active_channels.values():
                connection.will_close = connection.will_close or connection.is_overdue(now)
        for connection in [connection for connection in self.active_channels.values() if connection.will_close]:
            connection.handle_close()

    def count_bytes_held(self) -> int:
        """Bytes of requests that are not whole yet."""
        return sum(connection.bytes_held for connection in self.active_channels.values())


def close_longest_waiting(connections: set[Connection]) -> None:
    """Give up the connection that has waited longest for its client, if any does; a new one does."""
    waiting = [connection for connection in connections if connection.is_waiting]
    if waiting:
        min(waiting, key=lambda connection: connection.waits_since).will_close = True
