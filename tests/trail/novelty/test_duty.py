"""The keeper finds firsts, and a command finds them anew."""

import fcntl
import os
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from operations import health
from operations.keeping import Duty, attempt, duties
from operations.models import Incident
from operations.sealing.log import Log
from operations.sealing.trouble import Trouble
from operations.services import firsts
from tests.factories.events import use, write
from tests.factories.firsts import by_hand, kept
from trail import disk
from trail.connection import Trail


@pytest.fixture
def log(db: None, trail: Trail, settings, tmp_path) -> Log:  # type: ignore[no-untyped-def]
    settings.SEAL_DIR = tmp_path / "log"
    return Log()


def _duty(log: Log) -> Duty:
    return next(duty for duty in duties(log) if duty.name == "finding firsts")


def _part() -> health.Part:
    return next(part for part in health.parts() if part.name == "Firsts")


def test_the_duty_catches_up_and_says_how_far_it_is(log: Log, trail: Trail) -> None:
    documents = [use(f"t{n % 3}", source__ip=f"192.0.2.{n % 5}") for n in range(40)]
    write(trail, *documents)
    assert (_part().state, "40 events wait" in _part().detail) == ("warning", True)
    attempt(_duty(log), Trouble())
    trail.client.indices.refresh(index=f"{trail.prefix}-firsts")
    assert kept(trail) == by_hand(documents)
    assert _part().state == "up"
    trail.client.update(index=f"{trail.prefix}-firsts", id="progress",
                        body={"doc": {"progress": {"until": "2026-01-05T00:00:00+00:00"}}})  # fmt: skip
    assert (_part().state, "until 2026-01-05T00:00:00Z; 0 events" in _part().detail) == ("warning", True)


def test_a_duty_that_fails_is_an_incident_until_it_does_not(log: Log, trail: Trail) -> None:
    write(trail, use("t"))
    (log.folder / firsts.LOCK).mkdir()
    trouble = Trouble()
    attempt(_duty(log), trouble)
    incident = Incident.objects.get()
    assert (incident.kind, incident.subject, incident.state) == ("check", "finding firsts", "failing")
    (log.folder / firsts.LOCK).rmdir()
    attempt(_duty(log), trouble)
    incident.refresh_from_db()
    assert incident.state == "over"


def test_the_command_builds_them_anew_while_the_duty_waits(
    log: Log, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(trail, use("t", id="e"), use("t"))
    firsts.keep()
    out = StringIO()
    call_command("rebuild_firsts", stdout=out)
    assert "2 events were read" in out.getvalue()
    trail.client.indices.refresh(index=f"{trail.prefix}-firsts")
    assert kept(trail) == {"e": {"token_address"}}
    held = disk.lock(log.folder / firsts.LOCK, fcntl.LOCK_EX)
    write(trail, use("other", id="later"))
    firsts.keep()
    assert kept(trail) == {"e": {"token_address"}}
    monkeypatch.setattr(firsts, "PATIENCE", 0)
    with pytest.raises(CommandError, match="Run this again"):
        call_command("rebuild_firsts", stdout=out)
    os.close(held)
