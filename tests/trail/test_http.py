"""A request over real HTTP: no redirect is followed, and nothing but a whole response is taken for one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from trail.http import NoResponse, Response, ResponseCutOff, ResponseTooLong, send_request

Handle = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(handle: Handle) -> Iterator[str]:
    """A web server that does what a test says."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            handle(self)
            self.close_connection = True

        do_POST = do_GET  # noqa: N815  http.server's name

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def sending(status: int, body: bytes, **headers: str) -> Handle:
    def handle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return handle


def test_a_body_is_posted_and_nothing_is_got() -> None:
    requests = []

    def handle(request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length", 0))
        requests.append((request.command, request.headers.get("X-Key"), request.rfile.read(length)))
        sending(201, b"made", Content_Length="4")(request)

    with serving(handle) as url:
        assert send_request(url, timeout=5, limit=4, headers={"X-Key": "k"}) == Response(201, "Created", b"made")
        assert send_request(url, timeout=5, limit=4, body=b"note").is_success
    assert requests == [("GET", "k", b""), ("POST", None, b"note")]


def test_a_redirect_is_not_followed() -> None:
    reached = []
    with (
        serving(lambda request: reached.append(request.path)) as elsewhere,
        serving(sending(307, b"", Location=elsewhere, Content_Length="0")) as url,
    ):
        response = send_request(url, timeout=5, limit=10, headers={"Authorization": "Bearer s3cret"})
    assert (response.status, response.is_success, reached) == (307, False, [])


@pytest.mark.parametrize(
    ("handle", "error"),
    [
        (sending(200, b"x" * 11, Content_Length="11"), ResponseTooLong),
        (sending(200, b"x" * 11), ResponseTooLong),
        (sending(200, b"x", Content_Length="9"), ResponseCutOff),
        (sending(200, b"5\r\nxx", Transfer_Encoding="chunked"), ResponseCutOff),
        (sending(200, b"zz\r\n", Transfer_Encoding="chunked"), NoResponse),
        (lambda request: None, NoResponse),
        (lambda request: request.wfile.write(b"nonsense\r\n\r\n"), NoResponse),
    ],
)
def test_what_is_no_whole_response_is_none(handle: Handle, error: type[Exception]) -> None:
    with serving(handle) as url, pytest.raises(error):
        send_request(url, timeout=5, limit=10)


def test_the_body_of_an_error_is_cut_at_the_limit() -> None:
    with serving(sending(500, b"x" * 20, Content_Length="20")) as url:
        assert send_request(url, timeout=5, limit=10) == Response(500, "Internal Server Error", b"x" * 10)


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    with serving(lambda request: request.rfile.read(1)) as url, pytest.raises(NoResponse):
        send_request(url, timeout=0.2, limit=10)


def test_proxies_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(sending(200, b"by proxy", Content_Length="8")) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        assert send_request("http://log.example.com/", timeout=5, limit=10).body == b"by proxy"
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with pytest.raises(NoResponse):
            send_request("http://127.0.0.1:1/", timeout=5, limit=10)
