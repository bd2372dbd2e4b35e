"""The demonstration is loaded once and whole, and never where real people work."""

from datetime import timedelta

import pytest

from accounts.models import User
from auditconsole.management.commands.serve import Command
from operations.demonstration.generator import Demonstration, generate_events, last_midnight
from operations.demonstration.services import DEMONSTRATION, find_demonstration, is_whole
from tests.support.factories.events import event
from trail.connection import Trail
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL
from trail.writing.writer import write

EVENTS = 2_000


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_EVENTS", str(EVENTS))


def in_the_trail(trail: Trail) -> int:
    trail.client.indices.refresh(index=f"{trail.prefix}-events-*")
    return execute.count(trail, DEMONSTRATION, WHOLE_TRAIL)


@pytest.mark.usefixtures("_small", "db")
def test_it_is_loaded_once(trail: Trail, capsys: pytest.CaptureFixture[str]) -> None:
    Command().load_demonstration()
    assert in_the_trail(trail) == EVENTS
    assert User.objects.filter(username="alice").exists()
    assert "» Loading the demonstration, 2,000 events in all, once" in capsys.readouterr().out
    Command().load_demonstration()
    assert in_the_trail(trail) == EVENTS
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("_small", "db")
def test_what_was_left_half_loaded_on_another_day_is_finished_as_of_that_day(
    trail: Trail, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = Demonstration(3_000, 1, last_midnight() - timedelta(days=2))
    write(trail, [event for number, event in enumerate(generate_events(begun)) if number % 3], refresh=True)
    assert not is_whole(begun)
    Command().load_demonstration()
    assert in_the_trail(trail) == begun.events
    assert find_demonstration() == begun
    assert is_whole(begun)
    assert "» Loading the rest of the demonstration, 3,000 events in all" in capsys.readouterr().out


@pytest.mark.usefixtures("_small", "db")
def test_one_that_an_older_version_left_half_loaded_stays_as_it_is(trail: Trail) -> None:
    write(trail, [event(id="demo-1-20261120-90d-4000-000000000", event__dataset="demonstration")], refresh=True)
    Command().load_demonstration()
    assert in_the_trail(trail) == 1


@pytest.mark.usefixtures("_small")
def test_it_is_left_out_where_real_people_work(
    trail: Trail, alice: User, ada: User, capsys: pytest.CaptureFixture[str]
) -> None:
    User.objects.filter(pk=ada.pk).update(username="grace")
    Command().load_demonstration()
    assert find_demonstration() is None
    assert capsys.readouterr().out == (
        "» The demonstration is left out: grace works here: "
        "a console that people use gets no accounts with a known password.\n"
    )
