"""A setting is read, or the start stops with its name."""

import pytest

from auditconsole.environment import Environment, targets, witnesses
from trail.integrity.signed_note import Signer

LOG_KEY = str(Signer("example.com/log", b"\x01" * 32).verifier)


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setenv("SOME_PORT", "8400")
    monkeypatch.setenv("OTHER_PORT", "eighty")
    return Environment()


def test_what_is_set_is_read(env: Environment) -> None:
    assert env.int("SOME_PORT", default=1) == 8400


def test_what_is_not_set_has_its_default(env: Environment) -> None:
    assert env.int("NO_PORT", default=1) == 1


def test_what_cannot_be_read_stops_the_start_with_its_name(env: Environment) -> None:
    with pytest.raises(SystemExit) as stopped:
        env.int("OTHER_PORT", default=1)
    assert str(stopped.value).startswith("OTHER_PORT is set to 'eighty', which cannot be read: ")


@pytest.mark.parametrize("text", ["hello", "example.com/witness+00000000+AAAA", "https://witness.example", LOG_KEY])
def test_what_names_no_witness_stops_the_start(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAIL_WITNESSES", text)
    with pytest.raises(SystemExit, match="TRAIL_WITNESSES holds"):
        witnesses("TRAIL_WITNESSES")


def test_checkpoints_go_to_no_bucket_that_cannot_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHECKPOINTS_TO", "/mnt/elsewhere, s3://checkpoints/console, https://console.example.org")
    assert targets("CHECKPOINTS_TO").count("s3://") == 1
    monkeypatch.setenv("CHECKPOINTS_TO", "/mnt/elsewhere, s3://UPPER")
    with pytest.raises(SystemExit, match=r"CHECKPOINTS_TO holds 's3://UPPER', which is no bucket"):
        targets("CHECKPOINTS_TO")
