"""A wire to the engine that is cut at the request one says: before it is passed on, or before it is answered."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

from trail.connection import Trail, connect


@contextmanager
def cut(node: str, prefix: str, *, after: int, answered: bool) -> Iterator[Trail]:
    """A trail that takes so many requests and no more; the last of them is done all the same if it is `answered` not."""
    engine, left = urlsplit(node), [after]

    class Passing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            left[0] -= 1
            self.close_connection = left[0] < 0
            if left[0] < 0 and (answered or left[0] < -1):
                return
            beyond = http.client.HTTPConnection(engine.hostname or "", engine.port)
            beyond.request(self.command, self.path, body, dict(self.headers))
            answer = beyond.getresponse()
            content = answer.read()
            beyond.close()
            if left[0] < 0:
                return
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.getheader("Content-Type") or "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = pass_on  # noqa: N815  http.server's names

        def log_message(self, *about: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever)
    thread.start()
    trail = connect(f"http://127.0.0.1:{server.server_port}", prefix=prefix)
    try:
        yield trail
    finally:
        trail.client.close()
        server.shutdown()
        server.server_close()
        thread.join()
