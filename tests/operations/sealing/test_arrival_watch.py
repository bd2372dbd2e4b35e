"""When a step of the sealer is due: because a write was announced, the engine's numbers moved, or its second is over."""

import time
from collections.abc import Iterator
from dataclasses import replace
from threading import Event as Signal
from threading import Thread
from typing import Any

import pytest
from pytest_django import Settings

from core.arrival_signal import ArrivalListener, announce_arrival, listen_for_arrivals
from operations.sealing import arrival_watch
from operations.sealing.arrival_watch import ArrivalWatch
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from tests.support.factories.events import event, write
from trail.connection import CompleteResponses, Trail

NEVER = 3_600.0  # seconds; the test's time limit ends it sooner


@pytest.fixture
def requests(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The address of every request about this trail from now on; the next test's is being made meanwhile."""
    addresses: list[str] = []
    perform = CompleteResponses.perform_request

    def record(connection: CompleteResponses, method: str, url: str, *args: Any, **options: Any) -> Any:
        if f"/{trail.prefix}-" in url:
            addresses.append(url)
        return perform(connection, method, url, *args, **options)

    monkeypatch.setattr(CompleteResponses, "perform_request", record)
    return addresses


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing comes of time alone."""
    for name in ("EVERY", "LOOK_LATELY", "LOOK_IDLE"):
        monkeypatch.setattr(arrival_watch, name, NEVER)
    return monkeypatch


@pytest.fixture
def listener(log: LogDirectory) -> Iterator[ArrivalListener]:
    with listen_for_arrivals() as listening:
        yield listening


def test_an_announced_write_begins_a_step_at_once_and_asks_the_engine_nothing(
    listener: ArrivalListener, patient: pytest.MonkeyPatch, requests: list[str]
) -> None:
    announcing = Thread(target=announce_arrival)
    announcing.start()
    ArrivalWatch(listener).wait(Signal())
    announcing.join()
    assert requests == []


def test_an_event_that_the_console_writes_is_sealed_by_the_step_that_its_write_begins(
    listener: ArrivalListener, sealer: Sealer, log: LogDirectory, trail: Trail, patient: pytest.MonkeyPatch
) -> None:
    sealer.step()
    write(replace(trail, announce_write=announce_arrival), event())
    ArrivalWatch(listener).wait(Signal())
    assert sealer.step() == 1
    assert (signed := log.newest()) is not None
    assert signed.size == 1


def test_many_announcements_begin_one_step(listener: ArrivalListener, patient: pytest.MonkeyPatch) -> None:
    watch, stop, turns = ArrivalWatch(listener), Signal(), []

    def take_turns() -> None:
        while not stop.is_set():
            watch.wait(stop)
            turns.append(1)

    for _ in range(100):
        announce_arrival()
    patient.setattr(arrival_watch, "PAUSE", 0)
    thread = Thread(target=take_turns)
    thread.start()
    while not turns:
        time.sleep(0.001)
    stop.set()
    announce_arrival()  # so that it looks up
    thread.join()
    assert len(turns) == 2


def test_what_is_written_past_the_console_is_found_by_the_engines_numbers(
    log: LogDirectory, trail: Trail, patient: pytest.MonkeyPatch, requests: list[str]
) -> None:
    write(trail, event())
    watch = ArrivalWatch(ArrivalListener())
    for name in ("LOOK_LATELY", "LOOK_IDLE"):
        patient.setattr(arrival_watch, name, 0.01)
    watch.wait(Signal())  # what is there at the start is new to it
    writing = Thread(target=write, args=(trail, event()))
    writing.start()
    watch.wait(Signal())
    writing.join()
    assert {url.split("?")[0] for url in requests if "_stats" in url} == {f"/{trail.prefix}-events-*/_stats/docs"}


def test_an_idle_second_costs_the_engine_three_requests_at_most(
    listener: ArrivalListener, sealer: Sealer, trail: Trail, requests: list[str]
) -> None:
    write(trail, event())
    watch = ArrivalWatch(listener)
    sealer.step()
    watch.wait(Signal())  # it sees the numbers for the first time
    watch._moved_at = float("-inf")  # long ago
    requests.clear()
    watch.wait(Signal())
    assert sealer.step() == 0
    assert len(requests) <= 3, requests


def test_an_engine_that_is_silent_is_the_steps_to_meet(listener: ArrivalListener, settings: Settings) -> None:
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    ArrivalWatch(listener).wait(Signal())  # and the second is over


def test_it_ends_when_it_is_told_to(listener: ArrivalListener, patient: pytest.MonkeyPatch) -> None:
    stop = Signal()
    stop.set()
    ArrivalWatch(listener).wait(stop)
