"""The keeper finds firsts, and a command finds them anew."""

import fcntl
import os
from io import StringIO
from threading import Event as Signal

import pytest
from django.core.management import CommandError, call_command

from operations.incidents.throttle import IncidentThrottle
from operations.maintenance import first_seen
from operations.maintenance.keeper import Duty, attempt_duty, list_first_seen_duties
from operations.models import Incident
from operations.sealing.folder import LogDirectory
from operations.status import health
from tests.support.factories.events import use, write
from tests.support.factories.firsts import by_hand, kept
from trail import files
from trail.connection import Trail


@pytest.fixture
def log(db: None, trail: Trail, settings, tmp_path) -> LogDirectory:  # type: ignore[no-untyped-def]
    settings.SEAL_DIR = tmp_path / "log"
    return LogDirectory()


def _duty() -> Duty:
    return next(duty for duty in list_first_seen_duties() if duty.name == "first seen")


def _part() -> health.PartState:
    return health.check_parts()["firsts"]


def test_the_duty_catches_up_and_says_how_far_it_is(log: LogDirectory, trail: Trail) -> None:
    documents = [use(f"t{n % 3}", source__ip=f"192.0.2.{n % 5}") for n in range(40)]
    write(trail, *documents)
    assert (_part().state, "40 events wait" in _part().detail) == ("warning", True)
    attempt_duty(_duty(), IncidentThrottle(), Signal())
    trail.client.indices.refresh(index=f"{trail.prefix}-firsts")
    assert kept(trail) == by_hand(documents)
    assert _part().state == "up"
    trail.client.update(
        index=f"{trail.prefix}-firsts",
        id="progress",
        body={"doc": {"progress": {"until": "2026-01-05T00:00:00+00:00"}}},
    )
    assert (_part().state, "until 2026-01-05T00:00:00Z; 0 events" in _part().detail) == ("warning", True)


def test_a_duty_that_fails_is_an_incident_until_it_does_not(log: LogDirectory, trail: Trail) -> None:
    write(trail, use("t"))
    (log.folder / first_seen.LOCK).mkdir()
    trouble = IncidentThrottle()
    attempt_duty(_duty(), trouble, Signal())
    incident = Incident.objects.get()
    assert (incident.kind, incident.subject, incident.state) == ("check", "first seen", "failing")
    (log.folder / first_seen.LOCK).rmdir()
    attempt_duty(_duty(), trouble, Signal())
    incident.refresh_from_db()
    assert incident.state == "over"


def test_the_command_builds_them_anew_while_the_duty_waits(
    log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(trail, use("t", id="e"), use("t"))
    first_seen.keep_first_seen()
    out = StringIO()
    call_command("rebuild_firsts", stdout=out)
    assert "2 events were read" in out.getvalue()
    trail.client.indices.refresh(index=f"{trail.prefix}-firsts")
    assert kept(trail) == {"e": {"token_address"}}
    held = files.lock(log.folder / first_seen.LOCK, fcntl.LOCK_EX)
    write(trail, use("other", id="later"))
    first_seen.keep_first_seen()
    assert kept(trail) == {"e": {"token_address"}}
    monkeypatch.setattr(first_seen, "PATIENCE", 0)
    with pytest.raises(CommandError, match="Run this again"):
        call_command("rebuild_firsts", stdout=out)
    os.close(held)
