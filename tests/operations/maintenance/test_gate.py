"""An hour in which nothing ran is one incident that is over, and duties wait for the parts they need."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event as Signal

import pytest
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from core.pauses import PauseWatch
from operations.incidents.services import DATABASE, ENGINE, IncidentKind
from operations.incidents.throttle import IncidentThrottle
from operations.maintenance import services as maintenance
from operations.maintenance import verification_watch
from operations.maintenance.gate import Gate
from operations.maintenance.keeper import BOTH, Duty, attempt_duty, list_duties, list_first_seen_duties
from operations.models import Incident
from operations.sealing import services as sealing
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from tests.support.factories.events import event, write
from trail.connection import Trail
from trail.errors import TrailUnavailable
from trail.maintenance.checks.run import CHECKS


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> Gate:
    watch = PauseWatch(clock)
    watch.start()
    return Gate(watch)


@pytest.fixture
def log(db: None, trail: Trail, settings: Settings, tmp_path: object) -> LogDirectory:
    settings.SEAL_DIR, settings.TRAIL_ORIGIN, settings.TRAIL_KEY = f"{tmp_path}/log", "", ""
    return LogDirectory()


def attempt(gate: Gate, duty: Duty) -> None:
    attempt_duty(duty, IncidentThrottle(), Signal(), gate)


def probe(part: str, do: Callable[[], object] = lambda: None) -> Duty:
    return Duty(f"probing {part}", 1, do, IncidentKind.CHECK, probes=part)


def fail(error: Exception) -> Callable[[], None]:
    def do() -> None:
        raise error

    return do


@pytest.mark.django_db
def test_after_a_pause_a_duty_waits_until_its_parts_have_answered(gate: Gate, clock: Clock) -> None:
    done: list[int] = []
    duty = Duty("sealing", 1, lambda: done.append(1), IncidentKind.NOT_SEALED, BOTH)
    attempt(gate, duty)
    clock.pause(3_600)
    attempt(gate, duty)
    attempt(gate, probe(DATABASE))
    attempt(gate, duty)
    assert len(done) == 1
    attempt(gate, probe(ENGINE))
    attempt(gate, duty)
    assert len(done) == 2
    incident = Incident.objects.get()
    assert (incident.kind, incident.subject, incident.state) == ("outage", "keeper", "over")
    assert "did not run for 1:00:00" in incident.what


@pytest.mark.django_db
def test_a_short_pause_is_no_incident(gate: Gate, clock: Clock) -> None:
    clock.pause(60)
    attempt(gate, probe(DATABASE))
    attempt(gate, probe(ENGINE))
    assert not Incident.objects.exists()


@pytest.mark.django_db
def test_what_was_under_way_during_the_pause_accuses_nobody(gate: Gate, clock: Clock) -> None:
    def stop_meanwhile() -> None:
        clock.pause(3_600)
        raise OSError("the connection is gone")

    attempt(gate, Duty("sealing", 1, stop_meanwhile, IncidentKind.NOT_SEALED, BOTH))
    assert not Incident.objects.exists()


@pytest.mark.django_db
def test_a_duty_waits_while_a_part_is_down_and_the_outage_is_the_only_incident(gate: Gate) -> None:
    attempt(gate, probe(ENGINE, fail(TrailUnavailable("The trail does not answer."))))
    for number in range(13):
        attempt(gate, Duty(f"duty {number}", 1, fail(ValueError("no engine")), IncidentKind.CHECK, BOTH))
    attempt(gate, probe(DATABASE, fail(OperationalError("database is locked"))))
    attempt(gate, Duty("publishing", 1, fail(ValueError("no database")), IncidentKind.CHECK, (DATABASE,)))
    assert sorted(Incident.objects.values_list("kind", "subject")) == [("outage", "database"), ("outage", "opensearch")]
    attempt(gate, probe(ENGINE))
    attempt(gate, probe(DATABASE))
    done: list[int] = []
    attempt(gate, Duty("sealing", 1, lambda: done.append(1), IncidentKind.CHECK, BOTH))
    assert done


@pytest.mark.django_db
def test_numbers_of_writers_are_not_missed_before_the_writers_had_time(gate: Gate, clock: Clock) -> None:
    done: list[int] = []
    duty = Duty("watching writers", 1, lambda: done.append(1), IncidentKind.CHECK, BOTH, settle=30)
    attempt(gate, duty)
    clock.pause(3_600)
    attempt(gate, probe(DATABASE))
    attempt(gate, probe(ENGINE))
    attempt(gate, duty)
    clock.pause(10)
    attempt(gate, duty)
    assert len(done) == 1
    for _ in range(2):
        clock.pause(10)
        attempt(gate, duty)
    assert len(done) == 2


def test_every_duty_that_asks_a_part_names_it(log: LogDirectory) -> None:
    table = {duty.name: duty for duty in (*list_first_seen_duties(), *list_duties(log))}
    assert {duty.probes for duty in table.values()} == {"", DATABASE, ENGINE}
    assert not any(duty.needs for duty in table.values() if duty.name.startswith("probing"))
    assert all(table[name].needs == BOTH for name in ("sealing", "first seen", "watching writers", "access records"))


@pytest.mark.django_db
def test_an_engine_that_is_down_is_one_incident_and_not_one_for_each_check(trail: Trail, settings: Settings) -> None:
    url, settings.OPENSEARCH_URL = settings.OPENSEARCH_URL, "http://127.0.0.1:1"
    assert len(CHECKS) >= 12
    maintenance.check_trail()
    maintenance.finish_months()
    assert list(Incident.objects.values_list("kind", "subject")) == [("outage", "opensearch")]
    settings.OPENSEARCH_URL = url


def test_that_no_verification_has_ended_for_a_day_is_an_incident_until_one_has(
    log: LogDirectory, trail: Trail, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealer = Sealer(log)
    verification_watch.watch_verification()
    write(trail, event())
    sealer.step()
    sealing.verify_next_part()
    verification_watch.watch_verification()
    assert not Incident.objects.exists()
    now = timezone.now()
    with monkeypatch.context() as later:
        later.setattr("django.utils.timezone.now", lambda: now + timedelta(hours=25))
        verification_watch.watch_verification()
        incident = Incident.objects.get()
        assert "No verification of the trail has ended for 24 hours" in incident.what
        settings.VERIFY_SILENT_AFTER_HOURS = 0
        verification_watch.watch_verification()
        settings.VERIFY_SILENT_AFTER_HOURS = 24
        sealing.verify_next_part()
        verification_watch.watch_verification()
    incident.refresh_from_db()
    assert incident.over_at is not None


def test_a_row_that_somebody_wrote_is_no_verification(
    log: LogDirectory, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    from operations.models import Verification

    write(trail, event())
    Sealer(log).step()
    now = timezone.now()
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(hours=25))
    Verification.objects.create(kind="scheduled", size=1, root="00" * 32, ranges=[], finished_at=timezone.now())
    verification_watch.watch_verification()
    assert "none ever ended" in Incident.objects.get().what
