"""One slow answer is no outage, two in a row are; what is refused is one at once."""

from collections.abc import Callable
from threading import Event as Signal

import pytest
from pytest_django import Settings

from operations.incidents import confirmation
from operations.incidents import services as incidents
from operations.incidents.throttle import IncidentThrottle
from operations.maintenance import probes
from operations.maintenance.keeper import Duty, attempt_duty
from operations.models import Incident
from trail.connection import Trail, connect, is_time_out
from trail.errors import TrailUnavailable
from trail.maintenance.probe import find_trouble


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirmation, "_unconfirmed", {})
    monkeypatch.setattr(confirmation, "SPACING", 0.001)


def look(probe: Callable[[], None]) -> None:
    attempt_duty(Duty("probing", 1, probe, Incident.Kind.CHECK), IncidentThrottle(), Signal())


def slow_error(url: str) -> TrailUnavailable:
    with pytest.raises(TrailUnavailable) as caught:
        find_trouble(connect(url, timeout=0.01))
    return caught.value


def test_an_engine_that_hangs_is_an_outage_at_the_second_look(
    db: None, silent_engine: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OPENSEARCH_URL = silent_engine
    monkeypatch.setattr(probes, "quick_trail", lambda: connect(silent_engine, timeout=0.01))
    look(probes.probe_engine)
    assert not Incident.objects.exists()
    look(probes.probe_engine)
    assert Incident.objects.get().subject == "opensearch"


def test_an_engine_that_refuses_is_an_outage_at_the_first_look(db: None, no_trail: None) -> None:
    look(probes.probe_engine)
    assert Incident.objects.get().failures == 1


def test_an_answer_between_two_time_outs_makes_no_outage(
    db: None, silent_engine: str, trail: Trail, settings: Settings
) -> None:
    for _ in range(3):
        incidents.record_trail_outage(slow_error(silent_engine), writer="billing")
        trail.client.info()
    assert not Incident.objects.exists()


def test_time_outs_that_waited_for_one_answer_count_once(
    db: None, silent_engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirmation, "SPACING", 60)
    for _ in range(5):
        incidents.record_trail_outage(slow_error(silent_engine), writer="billing")
    assert not Incident.objects.exists()


def test_the_events_of_the_first_time_out_are_counted_when_the_second_confirms_it(db: None, silent_engine: str) -> None:
    incidents.record_trail_outage(slow_error(silent_engine), writer="billing", events=3)
    incidents.record_trail_outage(slow_error(silent_engine), writer="login", events=4)
    incident = Incident.objects.get()
    assert {row.writer: row.events for row in incident.writers.all()} == {"billing": 3, "login": 4}
    assert incident.events == 7
    incidents.record_trail_outage(slow_error(silent_engine), writer="login", events=1)
    incident.refresh_from_db()
    assert incident.events == 8  # while it is open every one is counted at once


def test_a_queue_that_hangs_is_an_outage_at_the_second_look(
    db: None, redis_url: str, silent_engine: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = silent_engine.replace("http://", "redis://") + "/0"
    monkeypatch.setattr("operations.status.health.QUEUE_PATIENCE", 0.01)
    look(probes.probe_queue)
    assert not Incident.objects.exists()
    look(probes.probe_queue)
    assert Incident.objects.get().subject == "redis"


def test_a_time_out_is_told_from_a_refusal(silent_engine: str) -> None:
    assert is_time_out(slow_error(silent_engine))
    assert not is_time_out(slow_error("http://127.0.0.1:1"))
