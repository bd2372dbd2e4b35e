"""A witness that logs come to answers as C2SP tlog-witness has it, over real HTTP, whatever comes."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Thread

import pytest

from trail.integrity import checkpoint
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.signed_note import Algorithm, Signer, Verifier
from trail.integrity.tiles import FileStore, Tree
from trail.witness import server as module
from trail.witness.rules import CosignRequest, Witness
from trail.witness.server import WitnessServer

LOG = Signer("example.com/trail", b"\x01" * 32)
OTHER_LOG = Signer("example.com/other", b"\x08" * 32)
SIGNER = Signer("example.com/witness", b"\x02" * 32, Algorithm.COSIGNATURE)
NOW = 1_800_000_000


@contextmanager
def serving(folder: Path, clock: float = NOW) -> Iterator[WitnessServer]:
    """The server in this process, so that it can be asked by several threads at once."""
    logs = {log.name: [log.verifier] for log in (LOG, OTHER_LOG)}
    with WitnessServer(("127.0.0.1", 0), Witness(folder, [SIGNER], logs, clock=lambda: clock)) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WitnessServer]:
    with serving(tmp_path) as made:
        yield made


def connect(server: WitnessServer) -> HTTPConnection:
    return HTTPConnection("127.0.0.1", server.server_port)


def ask(
    server: WitnessServer, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[HTTPResponse, bytes]:
    connection = connect(server)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def add(server: WitnessServer, body: bytes) -> tuple[int, bytes]:
    response, content = ask(server, "POST", "/add-checkpoint", body)
    return response.status, content


def request(tree: Tree, old: int, new: int, *, signer: Signer = LOG, origin: str = LOG.name) -> bytes:
    message = Checkpoint(origin, new, tree.root_at(new)).sign(signer)
    return CosignRequest(old, tuple(tree.consistency_proof(min(old, new), new)), message).encode()


def test_it_cosigns_what_goes_on_and_shows_it_to_monitors(server: WitnessServer, sealed: Tree) -> None:
    monitored = f"/{sha256(LOG.name.encode()).hexdigest()}/checkpoint"
    assert ask(server, "GET", monitored)[0].status == 404
    for old, new in [(0, 0), (0, 7), (7, 7), (7, 300), (300, 1_200)]:
        body = request(sealed, old, new)
        status, lines = add(server, body)
        assert status == 200
        message = body.partition(b"\n\n")[2]
        assert checkpoint.find_cosignatures(message + lines, [SIGNER.verifier]) == {SIGNER.name: NOW}
        response, shown = ask(server, "GET", monitored)
        assert (response.status, shown) == (200, message + lines)
        assert checkpoint.verify(shown, LOG.name, [LOG.verifier]) == Checkpoint(LOG.name, new, sealed.root_at(new))


def test_each_refusal_has_the_status_of_the_protocol(server: WitnessServer, sealed: Tree, tmp_path: Path) -> None:
    assert add(server, request(sealed, 0, 50))[0] == 200
    response, content = ask(server, "POST", "/add-checkpoint", request(sealed, 9, 60))
    assert (response.status, response.headers["Content-Type"], content) == (409, "text/x.tlog.size", b"50\n")
    fork = Tree(FileStore(tmp_path / "fork"))
    fork.append([bytes([number]) * 32 for number in range(100)])
    stranger = Signer(LOG.name, b"\x07" * 32)
    forged = request(sealed, 50, 60).replace(b"\n60\n", b"\n61\n")
    for body, status in (
        (b"hello", 400),
        (request(sealed, 51, 50), 400),
        (request(sealed, 50, 60, origin="example.com/unknown"), 404),
        (request(sealed, 50, 60, signer=stranger), 403),
        (forged, 403),
        (request(fork, 50, 50), 422),
        (request(fork, 50, 80), 422),
        (CosignRequest(50, (), request(sealed, 0, 60).partition(b"\n\n")[2]).encode(), 422),
    ):
        answered, reason = add(server, body)
        assert (answered, len(reason.splitlines())) == (status, 1)
    assert add(server, request(sealed, 0, 7, signer=OTHER_LOG, origin=OTHER_LOG.name))[0] == 200
    assert add(server, request(sealed, 50, 60))[0] == 200


def test_a_connection_is_kept_for_the_next_request(server: WitnessServer, sealed: Tree) -> None:
    connection = connect(server)
    for old, new in ((0, 7), (7, 9)):
        connection.request("POST", "/add-checkpoint", request(sealed, old, new))
        answer = connection.getresponse()
        assert (answer.status, answer.will_close, answer.read()[:3]) == (200, False, "\N{EM DASH}".encode())
    connection.close()


def test_what_is_no_request_is_refused_before_it_is_read(server: WitnessServer) -> None:
    whole = b"x" * (module.MAX_BODY + 1)
    assert ask(server, "POST", "/add-checkpoint", whole)[0].status == 413
    assert ask(server, "POST", "/add-checkpoint", Content_Length="9" * 40)[0].status == 413
    assert ask(server, "POST", "/add-checkpoint", Content_Length="-1")[0].status == 411
    assert (
        ask(server, "POST", "/add-checkpoint", b"0\r\n\r\n", Transfer_Encoding="chunked", Content_Length="5")[0].status
        == 411
    )
    assert ask(server, "POST", "/elsewhere", b"x")[0].status == 404
    response, _ = ask(server, "GET", "/add-checkpoint")
    assert (response.status, response.headers["Allow"]) == (405, "POST")
    for path in ("/", "/../key/checkpoint", f"/{'A' * 64}/checkpoint", f"/{'0' * 64}/lock"):
        assert ask(server, "GET", path)[0].status == 404
    assert ask(server, "DELETE", "/add-checkpoint")[0].status == 501


def test_a_request_that_breaks_off_is_none(server: WitnessServer, sealed: Tree, tmp_path: Path) -> None:
    body = request(sealed, 0, 7)
    with socket.create_connection(("127.0.0.1", server.server_port)) as connection:
        connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
        connection.sendall(body[:-10])
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""
    assert list(tmp_path.glob("*/checkpoint")) == []


def test_a_connection_ends_after_its_time(server: WitnessServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECTION_SECONDS", 0.05)
    with socket.create_connection(("127.0.0.1", server.server_port)) as connection:
        assert connection.recv(100) == b""


def test_of_many_who_come_at_once_one_is_cosigned(tmp_path: Path, sealed: Tree) -> None:
    answers = []
    with serving(tmp_path) as server:
        threads = [
            Thread(target=lambda new=new: answers.append(add(server, request(sealed, 0, new))[0]))
            for new in range(10, 30)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(answers) == [200] + [409] * 19


def test_a_damaged_memory_cosigns_nothing(server: WitnessServer, sealed: Tree, tmp_path: Path) -> None:
    assert add(server, request(sealed, 0, 9))[0] == 200
    (path,) = tmp_path.glob("*/checkpoint")
    path.write_bytes(path.read_bytes().replace(b"\n9\n", b"\n8\n"))
    status, said = add(server, request(sealed, 8, 20))
    assert (status, str(tmp_path).encode() in said) == (500, False)


def test_the_program_serves_until_it_is_ended_and_remembers(tmp_path: Path, sealed: Tree) -> None:
    (tmp_path / "key").write_text(SIGNER.secret())
    command = [sys.executable, "-m", "trail.witness", "--listen", "127.0.0.1:0", "--log-key", str(LOG.verifier)]
    command += ["--key", str(tmp_path / "key"), "--state", str(tmp_path / "state")]
    for old, new in ((0, 7), (7, 12)):
        with subprocess.Popen(command, cwd=Path(module.__file__).parents[2], stderr=subprocess.PIPE, text=True) as run:
            assert run.stderr is not None
            port = int(run.stderr.readline().rstrip(".\n").rpartition(":")[2])
            connection = HTTPConnection("127.0.0.1", port)
            connection.request("POST", "/add-checkpoint", request(sealed, old, new))
            lines = connection.getresponse().read()
            message = request(sealed, old, new).partition(b"\n\n")[2]
            assert checkpoint.find_cosignatures(message + lines, [SIGNER.verifier]).keys() == {SIGNER.name}
            connection.close()
            run.terminate()


@pytest.mark.parametrize("where", ["7380", "localhost:http", ":7380"])
def test_an_address_is_a_host_and_a_port(where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from trail.witness.program import main

    (tmp_path / "key").write_text(SIGNER.secret())
    more = ["--log-key", str(LOG.verifier), "--key", str(tmp_path / "key"), "--state", str(tmp_path / "state")]
    assert main(["--listen", where, *more]) == 1
    assert "--listen takes a host and a port" in capsys.readouterr().err


def test_a_key_of_either_type_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from trail.witness.program import main

    for options, algorithm in (([], Algorithm.COSIGNATURE), (["--ml-dsa"], Algorithm.ML_DSA_44)):
        assert main(["--make-key", "example.com/w", "--key", str(tmp_path / str(algorithm)), *options]) == 0
        assert Verifier.parse(capsys.readouterr().out.strip()).algorithm is algorithm
