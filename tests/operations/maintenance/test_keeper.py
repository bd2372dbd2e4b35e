from collections.abc import Callable
from threading import Event as Signal

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from operations.incidents.services import IncidentKind
from operations.incidents.throttle import IncidentThrottle
from operations.maintenance.keeper import Duty, attempt_duty, run_duties
from operations.maintenance.probes import WorkerSilent
from operations.models import Incident
from trail.errors import TrailUnavailable


@pytest.mark.django_db(transaction=True)
def test_one_duty_that_fails_or_hangs_holds_up_no_other() -> None:
    stop, done = Signal(), []

    def fails() -> None:
        raise OSError("the disk is full")

    table = [
        Duty("fails", 0.01, fails, IncidentKind.CHECK),
        Duty("hangs", 0.01, stop.wait, IncidentKind.CHECK),
        Duty("works", 0.01, lambda: (done.append(1), len(done) > 3 and stop.set()), IncidentKind.CHECK),
    ]
    run_duties(table, stop)
    assert len(done) >= 4
    incident = Incident.objects.get()
    assert (incident.kind, incident.subject) == (IncidentKind.CHECK, "fails")
    assert "the disk is full" in incident.what


@pytest.mark.django_db
def test_a_duty_that_works_again_ends_its_incident() -> None:
    trouble = IncidentThrottle()
    fails = [True]

    def sometimes() -> None:
        if fails:
            raise ValueError

    duty = Duty("sometimes", 1, sometimes, IncidentKind.SNAPSHOT)
    attempt_duty(duty, trouble, Signal())
    attempt_duty(duty, trouble, Signal())
    assert Incident.objects.get().failures == 1  # said once a minute, not at each try
    assert "ValueError" in Incident.objects.get().what
    fails.clear()
    attempt_duty(duty, trouble, Signal())
    assert Incident.objects.get().over_at is not None
    fails.append(True)
    attempt_duty(duty, trouble, Signal())
    assert Incident.objects.get().over_at is None


@pytest.mark.django_db
def test_what_lasts_is_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    trouble = IncidentThrottle()
    trouble.record_failure(IncidentKind.CHECK, "it", "It is so.")
    monkeypatch.setattr("operations.incidents.throttle.EVERY", 0)
    trouble.record_failure(IncidentKind.CHECK, "it", "It is still so.")
    assert Incident.objects.get().failures == 2


@pytest.mark.django_db
def test_nothing_that_fails_after_the_keeper_was_told_to_stop_is_an_incident() -> None:
    """The engine and the queue are stopped beside it."""
    stop = Signal()

    def ends(error: Exception) -> Callable[[], None]:
        def fail() -> None:
            stop.set()
            raise error

        return fail

    for error in (TrailUnavailable("gone"), RedisConnectionError("gone"), WorkerSilent("gone"), ValueError("gone")):
        stop.clear()
        attempt_duty(Duty("ends", 1, ends(error), IncidentKind.CHECK), IncidentThrottle(), stop)
    assert not Incident.objects.exists()
