"""Serves a witness over HTTP: `POST /add-checkpoint` and `GET /<origin hash>/checkpoint` of C2SP tlog-witness.

It answers plain HTTP and is meant to stand behind a proxy that ends TLS. Nobody is authenticated but by the log's signature, as
the protocol has it.
"""

import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6, SHUT_RDWR
from threading import BoundedSemaphore, Timer
from typing import Any

from trail.witness.rules import Witness, WitnessRefusal, WitnessStateDamaged

MAX_BODY = 100_000  # bytes of a request: 63 hashes, and a checkpoint with all the signatures that it may carry
SILENCE = 20  # seconds for which a client may say nothing
CONNECTION_SECONDS = 120  # after which a connection ends, whatever its client does; it may make another
AT_ONCE = 32  # connections; more wait until one of these ends
_MONITORED = re.compile(r"/(?P<origin>[0-9a-f]{64})/checkpoint")
_TEXT = "text/plain; charset=utf-8"
_SIZE = "text/x.tlog.size"


class WitnessServer(ThreadingHTTPServer):
    """Answers for one witness, on one address. Raises OSError where the address cannot be had."""

    daemon_threads = True
    request_queue_size = AT_ONCE

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        self.witness = witness
        self.address_family = AF_INET6 if ":" in address[0] else AF_INET
        self._places = BoundedSemaphore(AT_ONCE)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._places.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        end = Timer(CONNECTION_SECONDS, _end_connection, [request])
        end.daemon = True
        end.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self._places.release()


def _end_connection(request: Any) -> None:
    with suppress(OSError):  # it has ended already
        request.shutdown(SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """One connection, kept open between requests as the protocol wants it."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "witness", ""
    timeout = SILENCE
    server: WitnessServer

    def do_POST(self) -> None:
        if self.path != "/add-checkpoint":
            return self._answer(404, "There is nothing here; a checkpoint goes to /add-checkpoint.\n", close=True)
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdecimal()):
            return self._answer(411, "Say how long the request is (Content-Length).\n", close=True)
        if len(length) > 9 or int(length) > MAX_BODY:
            return self._answer(413, f"A request has at most {MAX_BODY:,} bytes.\n", close=True)
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        try:
            return self._respond(self.server.witness.add_checkpoint(body))
        except (WitnessStateDamaged, OSError) as error:
            self.log_error("%s", error)
            return self._answer(500, "The witness cannot read or write what it remembers; its operator is told why.\n")

    def _respond(self, answer: bytes | WitnessRefusal) -> None:
        if not isinstance(answer, WitnessRefusal):
            return self._answer(200, answer)
        if answer.status == 409:
            return self._answer(409, f"{answer.latest}\n", content_type=_SIZE)
        return self._answer(answer.status, f"{answer.reason}\n")

    def do_GET(self) -> None:
        """The newest checkpoint that was cosigned of a log, for monitors."""
        if self.path == "/add-checkpoint":
            return self._answer(405, "A checkpoint is sent by POST.\n", headers={"Allow": "POST"})
        monitored = _MONITORED.fullmatch(self.path)
        message = self.server.witness.latest_by_hash(monitored["origin"]) if monitored else None
        return (
            self._answer(200, message) if message else self._answer(404, "No checkpoint of such a log was cosigned.\n")
        )

    do_HEAD = do_GET  # noqa: N815  http.server's name

    def _answer(
        self,
        status: int,
        content: str | bytes,
        *,
        content_type: str = _TEXT,
        headers: Mapping[str, str] | None = None,
        close: bool = False,
    ) -> None:
        """`close` where a body that came with the request was not read, so that it is not taken for the next request."""
        encoded = content if isinstance(content, bytes) else content.encode()
        self.send_response(status)
        added = {"Connection": "close"} if close else {}
        own = {"Content-Type": content_type, "Content-Length": str(len(encoded)), "Cache-Control": "no-store"}
        for name, value in (own | added | dict(headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(encoded)

    def log_message(self, format: str, *args: Any) -> None:
        print(f"{self.address_string()} {format % args}".translate(_VISIBLE), file=sys.stderr, flush=True)  # noqa: T201


# What a client wrote into a request line stands in the log without control characters.
_VISIBLE = {number: f"\\x{number:02x}" for number in (*range(0x20), *range(0x7F, 0xA0))}
