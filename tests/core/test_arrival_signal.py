"""A write is announced to whoever seals: at no risk for the writer, and lost where nobody listens."""

import logging
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from core.arrival_signal import NAME, announce_arrival, listen_for_arrivals, open_address
from core.connection import trail as configured_trail
from tests.support.descriptors import take_low_descriptors
from tests.support.factories.events import event
from trail.connection import Trail
from trail.writing.writer import write, write_many

MANY = 20_000  # more than a socket holds


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.SEAL_DIR = tmp_path
    return tmp_path


def test_what_is_announced_is_heard_once(folder: Path) -> None:
    with listen_for_arrivals() as listener:
        assert not listener.wait(0)
        announce_arrival()
        announce_arrival()
        assert listener.wait(600)
        assert not listener.wait(0)


def test_a_process_that_holds_a_thousand_connections_hears_too(folder: Path) -> None:
    with take_low_descriptors(), listen_for_arrivals() as listener:
        assert not listener.wait(0)
        announce_arrival()
        assert listener.wait(600)


def test_where_nobody_listens_an_announcement_is_lost_and_leaves_nothing(folder: Path) -> None:
    announce_arrival()
    assert not list(folder.iterdir())
    with listen_for_arrivals() as listener:
        assert not listener.wait(0)
    assert not list(folder.iterdir())


def test_a_listener_that_hangs_holds_up_no_writer(folder: Path) -> None:
    with listen_for_arrivals() as listener:
        for _ in range(MANY):
            announce_arrival()
        assert listener.wait(0)
        assert not listener.wait(0)


def test_the_socket_of_a_process_that_was_killed_is_taken_over(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as killed, open_address() as address:
        killed.bind(address)
    announce_arrival()  # to nobody
    with listen_for_arrivals() as listener:
        announce_arrival()
        assert listener.wait(600)


def test_no_other_account_can_announce(folder: Path) -> None:
    with listen_for_arrivals():
        assert not (folder / NAME).stat().st_mode & 0o077


def test_a_folder_with_a_path_too_long_for_a_socket_is_reached_all_the_same(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SEAL_DIR = tmp_path / ("long" * 30)
    settings.SEAL_DIR.mkdir()
    with listen_for_arrivals() as listener:
        announce_arrival()
        assert listener.wait(0)
    assert not list(settings.SEAL_DIR.iterdir())
    assert caplog.records == []


def test_a_socket_that_cannot_be_made_is_a_warning(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SEAL_DIR = tmp_path / "nowhere"
    with caplog.at_level(logging.WARNING), listen_for_arrivals() as listener:
        announce_arrival()
        assert not listener.wait(0)
    assert "Writes cannot be announced" in caplog.text


def test_a_request_that_added_events_is_announced_once_and_one_that_added_none_is_not(trail: Trail) -> None:
    announced: list[int] = []
    watched = replace(trail, announce_write=lambda: announced.append(1))
    documents = [event() for _ in range(250)]
    write(watched, documents)
    assert len(announced) == 1
    write(watched, documents)  # they exist
    assert len(announced) == 1
    list(write_many(watched, [event() for _ in range(250)], batch=50))
    assert len(announced) == 6


def test_the_consoles_own_writes_are_announced(settings: Settings, folder: Path, trail: Trail) -> None:
    settings.OPENSEARCH_URL, settings.TRAIL_PREFIX = trail.client.transport.hosts[0]["host"], trail.prefix
    assert configured_trail().announce_write is announce_arrival
