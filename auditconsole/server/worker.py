"""Runs a web process: gunicorn starts and stops it, waitress reads requests whole before a thread sees them."""

import logging
import os
import resource
import socket
import time
from typing import Any

from django.conf import settings
from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.adjustments import Adjustments

from auditconsole.server.connections import MOST_CONNECTIONS, Server
from auditconsole.server.lanes import Lanes
from auditconsole.server.requests import MAX_HEADER

# Bytes of an answer that wait in memory for a client before the thread that writes it waits too.
ANSWER_AHEAD = 1024 * 1024
# Nothing that is sent or asked for lies on a disk, not even for a moment; but a case bundle, which is kept there.
NEVER = 1 << 40
_FILES_BESIDE = 500  # a process opens beside its connections


class BufferedWorker(Worker):  # type: ignore[misc]
    """A web process of the console."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.map: dict[int, Any] = {}
        self.servers: list[Server] = []

    def run(self) -> None:
        """Serve until gunicorn says stop; then finish what is under way, as long as gunicorn's patience lasts."""
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        _allow_files(MOST_CONNECTIONS + _FILES_BESIDE)
        self.lanes = Lanes()
        self.servers = [build_server(self.wsgi, listener.sock, self.map, self.lanes) for listener in self.sockets]
        while self.alive and self.ppid == os.getppid():
            self.notify()
            run_round(self.servers, self.map, 1.0)
        self._finish()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Gunicorn's word to stop, which is heard at once."""
        super().handle_exit(sig, frame)
        for server in self.servers:
            server.pull_trigger()

    def _finish(self) -> None:
        """Take nothing new, answer what is there."""
        until = time.monotonic() + self.cfg.graceful_timeout
        for server in self.servers:
            server.accepting = False
        while time.monotonic() < until and any(self._close_idle(server) for server in self.servers):
            self.notify()
            run_round(self.servers, self.map, 0.1)
        self.lanes.shutdown(timeout=0)

    def _close_idle(self, server: Server) -> bool:
        """Close the connections that have no request under way; whether any is left that has."""
        for connection in server.active_channels.values():
            if connection.is_waiting:
                connection.will_close = True
        return any(not connection.will_close for connection in server.active_channels.values())


def build_server(application: Any, sock: socket.socket, map: dict[int, Any], lanes: Lanes) -> Server:
    """A server on a socket that is bound already; it works while `run_round` is called with the same `map`."""
    adjustments = Adjustments(
        asyncore_use_poll=True,
        # Which headers of a proxy count is the console's own setting.
        clear_untrusted_proxy_headers=False,
        # So that a client that has gone is noticed while its request waits or is answered.
        channel_request_lookahead=1,
        connection_limit=NEVER,
        ident="",
        inbuf_overflow=NEVER,
        log_socket_errors=False,
        max_request_body_size=settings.INGEST_BODY_BYTES + 1,
        max_request_header_size=MAX_HEADER,
        outbuf_high_watermark=ANSWER_AHEAD,
        outbuf_overflow=NEVER,
        recv_bytes=64 * 1024,
        server_name=settings.WEB_HOST,
    )
    info = (sock.family, sock.type, sock.proto, sock.getsockname())
    return Server(application, map, True, sock, dispatcher=lanes, adj=adjustments, sockinfo=info, bind_socket=False)


def run_round(servers: list[Server], map: dict[int, Any], seconds: float) -> None:
    """Wait at most so long for something to come or to be sent, and deal with it."""
    wasyncore.poll2(seconds, map)
    for server in servers:
        server.close_overdue()


def _allow_files(count: int) -> None:
    """Let this process open as many files as it may need, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        most = count if hard == resource.RLIM_INFINITY else min(count, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
