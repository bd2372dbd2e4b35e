from threading import Event as Signal

import pytest

from operations.keeping import Duty, attempt, keep
from operations.models import Incident
from operations.sealing.trouble import Trouble
from operations.services.incidents import Kind


@pytest.mark.django_db(transaction=True)
def test_one_duty_that_fails_or_hangs_holds_up_no_other() -> None:
    stop, done = Signal(), []

    def fails() -> None:
        raise OSError("the disk is full")

    table = [
        Duty("fails", 0.01, fails, Kind.CHECK),
        Duty("hangs", 0.01, stop.wait, Kind.CHECK),
        Duty("works", 0.01, lambda: (done.append(1), len(done) > 3 and stop.set()), Kind.CHECK),
    ]
    keep(table, stop)
    assert len(done) >= 4
    incident = Incident.objects.get()
    assert (incident.kind, incident.subject) == (Kind.CHECK, "fails")
    assert "the disk is full" in incident.what


@pytest.mark.django_db
def test_a_duty_that_works_again_ends_its_incident() -> None:
    trouble = Trouble()
    fails = [True]

    def sometimes() -> None:
        if fails:
            raise ValueError

    duty = Duty("sometimes", 1, sometimes, Kind.SNAPSHOT)
    attempt(duty, trouble)
    attempt(duty, trouble)
    assert Incident.objects.get().failures == 1  # said once a minute, not at each try
    assert "ValueError" in Incident.objects.get().what
    fails.clear()
    attempt(duty, trouble)
    assert Incident.objects.get().over_at is not None
    fails.append(True)
    attempt(duty, trouble)
    assert Incident.objects.get().over_at is None


@pytest.mark.django_db
def test_what_lasts_is_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    trouble = Trouble()
    trouble.failed(Kind.CHECK, "it", "It is so.")
    monkeypatch.setattr("operations.sealing.trouble.EVERY", 0)
    trouble.failed(Kind.CHECK, "it", "It is still so.")
    assert Incident.objects.get().failures == 2
