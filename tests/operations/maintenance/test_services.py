"""The duties that keep the trail, and the incidents that say when they fail."""

import pytest

from auditconsole.celery import app
from operations import tasks
from operations.models import Incident
from operations.services import keeping
from tests.factories.events import event, write
from trail.connection import Trail

pytestmark = pytest.mark.django_db


def test_a_month_long_over_is_finished_when_none_of_its_events_come_in(
    trail: Trail, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trail.months.QUIET", -keeping.timedelta(days=1))
    write(trail, event(at="2025-02-28T00:00:00Z"))
    tasks.finish_months()
    assert trail.client.indices.exists(index=f"{trail.prefix}-events-2025.02-late")
    assert not Incident.objects.exists()


def test_months_that_cannot_be_finished_are_an_incident_until_they_can(
    trail: Trail, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as outage:
        outage.setattr("django.conf.settings.OPENSEARCH_URL", "http://127.0.0.1:1")
        keeping.finish_months()
        keeping.finish_months()
    (incident,) = Incident.objects.filter(kind="check", subject="months")
    assert incident.failures == 2
    assert incident.over_at is None
    keeping.finish_months()
    incident.refresh_from_db()
    assert incident.over_at is not None


def test_every_duty_of_the_schedule_is_a_task_that_there_is() -> None:
    app.loader.import_default_modules()
    assert {duty["task"] for duty in app.conf.beat_schedule.values()} <= set(app.tasks)
