"""A log that somebody else keeps, read from its folder and over real HTTP."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from trail.integrity.log_client import LogAddress, LogFolder, LogUnavailable
from trail.integrity.publish import FolderPublisher

Answer = Callable[[BaseHTTPRequestHandler, bytes], tuple[int, bytes] | tuple[int, bytes, dict[str, str]]]


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A web server whose answers a test says."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content, *headers = answer(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))
            self.send_response(status)
            for name, value in (headers[0] if headers else {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815  http.server's name

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/log"
    server.shutdown()
    server.server_close()


def test_a_folder_shows_its_checkpoint_and_tiles(tmp_path: Path) -> None:
    log = LogFolder(tmp_path)
    with pytest.raises(LogUnavailable, match="The checkpoint cannot be read"):
        log.checkpoint()
    (tmp_path / "checkpoint").write_bytes(b"note\n")
    (tmp_path / "tile").write_bytes(b"hashes")
    assert (log.checkpoint(), log.read("tile"), log.read("absent")) == (b"note\n", b"hashes", None)
    with pytest.raises(LogUnavailable, match="A tile cannot be read"):
        log.read("tile/0/000")


def test_beside_a_folder_of_published_checkpoints_the_tiles_are_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    log = LogFolder(folder, tmp_path)
    with pytest.raises(LogUnavailable, match="holds no checkpoint yet"):
        log.checkpoint()
    FolderPublisher(folder).publish(b"note\n", 7)
    (tmp_path / "tile").write_bytes(b"hashes")
    assert (log.checkpoint(), log.read("tile")) == (b"note\n", b"hashes")


def test_an_address_is_asked_with_the_key_and_given_what_was_cosigned() -> None:
    asked = []

    def answer(request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        asked.append((request.command, request.path, request.headers.get("Authorization"), body))
        return (404, b"") if request.path.endswith("005") else (200, b"found")

    with serving(answer) as address:
        log = LogAddress(address + "/", "s3cret")
        assert (log.checkpoint(), log.read("tile/0/000"), log.read("tile/0/005")) == (b"found", b"found", None)
        log.write_cosigned(b"note\n")
        LogAddress(address).checkpoint()
    key = "Bearer s3cret"
    assert asked == [
        ("GET", "/log/checkpoint", key, b""),
        ("GET", "/log/tile/0/000", key, b""),
        ("GET", "/log/tile/0/005", key, b""),
        ("POST", "/log/cosignatures", key, b"note\n"),
        ("GET", "/log/checkpoint", None, b""),
    ]


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ((403, b"The key has no scope log:read."), "answers 403: The key has no scope log:read."),
        ((500, b""), "answers 500: Internal Server Error"),
        ((302, b"", {"Location": "http://127.0.0.1:1/"}), "answers 302"),
        ((404, b""), "has no checkpoint yet, or is no log"),
        ((200, b"x" * 1_000_001), "answers more than a log would"),
        ((200, b"x", {"Content-Length": "9"}), "was cut off"),
    ],
)
def test_what_is_no_answer_of_a_log_says_nothing_about_it(answer: tuple[int, bytes], what: str) -> None:
    with serving(lambda request, body: answer) as address, pytest.raises(LogUnavailable, match=what):
        LogAddress(address).checkpoint()


def test_a_key_is_carried_to_nobody_else() -> None:
    seen = []
    with serving(lambda request, body: (seen.append(1), (200, b""))[1]) as elsewhere:
        away = (302, b"", {"Location": elsewhere})
        with serving(lambda request, body: away) as address, pytest.raises(LogUnavailable):
            LogAddress(address, "s3cret").checkpoint()
    assert seen == []


def test_nobody_there_and_nothing_taken() -> None:
    with pytest.raises(LogUnavailable, match="does not answer"):
        LogAddress("http://127.0.0.1:1/log").checkpoint()
    with serving(lambda request, body: (404, b"")) as address, pytest.raises(LogUnavailable, match="no cosignatures"):
        LogAddress(address).write_cosigned(b"")
    with pytest.raises(ValueError, match="begins with https"):
        LogAddress("file:///etc")


def test_it_is_only_read() -> None:
    for log in (LogFolder(Path()), LogAddress("http://127.0.0.1:1/")):
        with pytest.raises(TypeError):
            log.write({})
        with pytest.raises(TypeError):
            log.remove("")
