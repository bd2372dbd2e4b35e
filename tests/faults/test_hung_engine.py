"""SIGSTOP of a real node: a write is given up after a sign of life stays out, the next are refused at once and not sent."""

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from auditconsole.local import opensearch
from investigations.models import Case
from tests.support import parts
from tests.support.factories.events import event
from tests.support.factories.keys import bearer, writer_key
from tests.support.found_events import scan_all
from trail.connection import Trail, connect
from trail.errors import TrailError, TrailUnavailable, WriteTimedOut
from trail.mapping import install
from trail.search.spec import Search
from trail.writing import circuit_breaker
from trail.writing.writer import attempt_writes, write

pytestmark = pytest.mark.impatient
PATIENCE = 600  # seconds, far beyond the time limit of a test: what waited for that would fail it


class HungNode:
    """A node that can be stopped and goes on as if nothing had been."""

    def __init__(self, process: psutil.Process, trail: Trail) -> None:
        self.process, self.trail = process, trail

    def stop(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        while self.trail.client.cluster.health()["status"] == "red":
            pass


@pytest.fixture
def hung(tmp_path: Path, settings: Settings) -> Iterator[HungNode]:
    own = parts.new_node(tmp_path / "node", heap="256m")
    settings.OPENSEARCH_URL, settings.TRAIL_PREFIX = own.url, "hung"
    trail = connect(own.url, prefix="hung", timeout=PATIENCE)
    with opensearch.run_node(own) as process:
        install(trail)
        write(trail, [event(id="before")])
        node = HungNode(psutil.Process(process.pid), trail)
        yield node
        node.process.send_signal(signal.SIGCONT)
    trail.client.close()


def found(trail: Trail) -> set[str]:
    trail.client.indices.refresh(index=trail.events)
    return {hit.event_id for hit in scan_all(trail, Search(text="NOT event.dataset:console"))}


def test_a_write_that_timed_out_is_told_from_one_that_was_not_sent(hung: HungNode) -> None:
    hung.stop()
    (first,) = attempt_writes(hung.trail, [event(id="first")])
    assert isinstance(first, WriteTimedOut)
    second, third = attempt_writes(hung.trail, [event(id="second"), event(id="third")])
    assert isinstance(second, TrailUnavailable)
    assert not isinstance(second, WriteTimedOut)
    assert isinstance(third, TrailUnavailable)
    hung.go_on()
    while isinstance(attempt_writes(hung.trail, [event(id="after")])[0], TrailError):
        pass  # one is let through before long
    assert {"before", "after"} <= found(hung.trail) <= {"before", "first", "after"}


def test_all_who_write_are_refused_while_the_engine_hangs_and_go_on_when_it_does(
    transactional_db: None, hung: HungNode, client: Client, ada: User, alice: User, static_files: None
) -> None:
    client.force_login(alice)
    _, secret = writer_key(ada)
    headers = bearer(secret)

    def send(event_id: str) -> tuple[int, str]:
        answer = client.post("/api/v1/events", event(id=event_id), content_type="application/json", headers=headers)
        return answer.status_code, answer.json()["events"][0]["status"]

    assert send("taken") == (200, "created")
    hung.stop()
    assert send("unknown") == (503, "unknown")
    assert send("refused") == (503, "unavailable")
    assert client.post("/cases/new/", {"title": "During", "severity": "low"}).status_code == 503
    assert not Case.objects.exists()
    hung.go_on()
    while send("after")[0] == 503:
        pass
    assert client.post("/cases/new/", {"title": "After", "severity": "low"}).status_code == 302
    assert "refused" not in found(hung.trail)


def test_an_engine_that_is_slow_and_alive_is_waited_for(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to a write comes long after the engine was asked for a sign of life, again and again."""
    signs = []
    alive = circuit_breaker._is_alive
    monkeypatch.setattr(circuit_breaker, "PATIENCE", 0.001)
    monkeypatch.setattr(circuit_breaker, "read_last_answer", lambda url: float("-inf"))
    monkeypatch.setattr(circuit_breaker, "_is_alive", lambda of: signs.append(alive(of)) or signs[-1])
    (outcome,) = write(trail, [event()], refresh=True)  # which waits for the engine's next refresh
    assert outcome.status == "created"
    assert len(signs) > 1
    assert all(signs)


def test_a_write_is_given_up_within_two_seconds() -> None:
    assert circuit_breaker.PATIENCE + circuit_breaker.ALIVE < 2
