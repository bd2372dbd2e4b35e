"""What keeps the console from starting is said in one sentence, before anything is started."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditconsole.local import preflight
from auditconsole.local.errors import CannotStart
from auditconsole.local.ports import find_free_port, is_free


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_machine_with_room_and_free_ports_passes(tmp_path: Path) -> None:
    preflight.check_machine(tmp_path, {"WEB_PORT": find_free_port()}, least_disk=1, least_memory=1)


def test_a_busy_port_is_named_with_its_setting(tmp_path: Path, busy_port: int) -> None:
    with pytest.raises(CannotStart) as refused:
        preflight.check_machine(
            tmp_path, {"WEB_PORT": find_free_port(), "OPENSEARCH_PORT": busy_port}, least_disk=1, least_memory=1
        )
    assert str(refused.value) == (
        f"Port {busy_port} is in use; stop what listens there, or set OPENSEARCH_PORT to another port."
    )


def test_too_little_disk_says_how_much_is_there_and_how_much_is_needed(tmp_path: Path) -> None:
    with pytest.raises(
        CannotStart, match=rf"^Only [\d.]+ GB are free where {tmp_path} is; free at least 1048576.0 GB\.$"
    ):
        preflight.check_machine(tmp_path, {}, least_disk=2**50, least_memory=1)


def test_too_little_memory_says_how_much_is_there_and_how_much_is_needed(tmp_path: Path) -> None:
    with pytest.raises(
        CannotStart, match=r"^Only [\d.]+ GB of memory are free and the console needs 1048576.0 GB; close something\.$"
    ):
        preflight.check_machine(tmp_path, {}, least_disk=1, least_memory=2**50)


def test_two_consoles_do_not_share_a_state_directory(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with preflight.lock_state(state), pytest.raises(CannotStart) as refused:
        preflight.lock_state(state)
    assert str(refused.value) == (
        f"Another console works in {state}; stop it, or give this one a CONSOLE_STATE_DIR of its own."
    )
    preflight.lock_state(state).close()


def test_a_port_that_somebody_listens_on_is_not_free(busy_port: int) -> None:
    assert not is_free(busy_port)


def test_a_free_port_suits_the_embedded_engine() -> None:
    port = find_free_port()
    assert is_free(port)
    assert 1024 < port <= 9299
