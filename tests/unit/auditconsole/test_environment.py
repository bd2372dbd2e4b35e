"""A setting is read, or the start stops with its name."""

import pytest

from auditconsole.environment import Environment


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
