"""A log is named by the console's address, before its first seal; a name that exists stays, and none is asked for in vain."""

import io
from threading import Event as Signal

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from operations.management.commands import keep_trail
from operations.sealing import signing_keys
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from tests.support.pages import text_of


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch):
    """What the keeper says when it starts; it does nothing here."""
    monkeypatch.setattr(keep_trail, "await_parts", lambda stop: None)
    monkeypatch.setattr(keep_trail, "run_duties", lambda duties, stop: None)
    monkeypatch.setattr(keep_trail, "catch_stop_signals", Signal)

    def say() -> str:
        said = io.StringIO()
        call_command("keep_trail", stderr=said)
        return said.getvalue()

    return say


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://audit.example.org", "audit.example.org/log"),
        ("https://audit.example.org/", "audit.example.org/log"),
        ("https://example.org:8443/console/", "example.org:8443/console/log"),
    ],
)
def test_a_new_log_is_named_by_the_consoles_address(
    sealer: Sealer, log: LogDirectory, settings: Settings, say, address: str, name: str
) -> None:
    settings.PUBLIC_ADDRESS = address
    assert say() == ""
    sealer.step()
    newest = log.newest()
    assert newest
    assert newest.origin == name
    assert {key.name for key in signing_keys.list_verifiers()} == {name}


def test_what_the_settings_call_it_comes_first(sealer: Sealer, log: LogDirectory, settings: Settings, say) -> None:
    settings.TRAIL_ORIGIN, settings.PUBLIC_ADDRESS = "example.com/trail", "https://audit.example.org"
    assert say() == ""
    sealer.step()
    assert log.keys.current()[0].name == "example.com/trail"


def test_before_the_first_seal_an_address_is_asked_for_and_afterwards_the_name_stays(
    sealer: Sealer, log: LogDirectory, settings: Settings, say, ada: User, client: Client
) -> None:
    settings.PUBLIC_ADDRESS = ""
    assert "set PUBLIC_ADDRESS=https://… first" in " ".join(say().split())
    sealer.step()
    name = log.keys.current()[0].name
    assert name.startswith("audit-trail/")
    settings.PUBLIC_ADDRESS = "https://audit.example.org"
    assert say() == ""
    sealer.step()
    assert log.keys.current()[0].name == name
    client.force_login(ada)
    assert "take no log of this name" in text_of(client.get("/log/"))


def test_the_keys_of_the_time_stand_on_the_page(
    sealer: Sealer, log: LogDirectory, settings: Settings, ada: User, client: Client
) -> None:
    settings.PUBLIC_ADDRESS = "https://audit.example.org"
    sealer.step()
    client.force_login(ada)
    page = client.get("/log/").content.decode().replace("&#x2B;", "+")
    ed25519, cosigner, ml_dsa = map(str, log.keys.current())
    for key in (ed25519, cosigner, ml_dsa):
        assert key in page
        assert key in (log.folder / "keys").read_text()
    assert "take no log of this name" not in page


def test_a_key_of_before_goes_on_with_two_and_has_three_after_a_rotation(
    sealer: Sealer, log: LogDirectory, ada: User
) -> None:
    from operations.sealing.services import rotate_key

    log.keys.ensure(new=True)
    lines = log.keys.path.read_text().splitlines(keepends=True)
    log.keys.path.write_text("".join(lines[:2]))
    (log.folder / "keys").unlink()
    sealer.step()
    assert len(log.keys.current()) == 2
    rotate_key(by=ada)
    sealer.step()
    assert len(log.keys.current()) == 3
    note = log.note() or b""
    assert len(note.partition(b"\n\n")[2].splitlines()) == 5
    assert log.newest()
