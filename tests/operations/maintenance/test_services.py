"""The duties that keep the trail, and the incidents that say when they fail."""

import pytest

from auditconsole.celery import app
from operations import tasks
from operations.maintenance import services as maintenance
from operations.models import Incident
from tests.support.factories.events import event, write
from trail.connection import Trail

pytestmark = pytest.mark.django_db


def test_a_month_long_over_is_finished_when_none_of_its_events_come_in(
    trail: Trail, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trail.maintenance.months.QUIET", -maintenance.timedelta(days=1))
    write(trail, event(at="2025-02-28T00:00:00Z"))
    tasks.finish_months()
    assert trail.client.indices.exists(index=f"{trail.prefix}-events-2025.02-late")
    assert not Incident.objects.exists()


def test_months_that_cannot_be_finished_for_an_outage_are_no_incident_of_their_own(
    trail: Trail, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as outage:
        outage.setattr("django.conf.settings.OPENSEARCH_URL", "http://127.0.0.1:1")
        maintenance.finish_months()
    assert Incident.objects.get().kind == "outage"


def test_every_duty_of_the_schedule_is_a_task_that_there_is() -> None:
    app.loader.import_default_modules()
    assert {duty["task"] for duty in app.conf.beat_schedule.values()} <= set(app.tasks)
