"""The Celery app, its queue rules and the whole schedule in one place."""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import heartbeat_sent, task_failure

from auditconsole.environment import env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "auditconsole.settings")

app = Celery("auditconsole")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    # A task is acknowledged when it has ended, so that a killed worker's task comes back.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    # Enqueueing fails at once when Redis is down: the person gets a sentence, not a page that hangs.
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "socket_timeout": 5, "socket_connect_timeout": 2, "visibility_timeout": 3600, "max_retries": 1,
        "interval_start": 0, "interval_step": 0, "interval_max": 0,
    },
    task_publish_retry=False,
    worker_hijack_root_logger=False,
    timezone="UTC",
    beat_schedule={
        # One that no worker took before the next is due is dropped, so that they do not pile up while none is there.
        "resume-abandoned-runs": {
            "task": "investigations.tasks.resume_abandoned_runs", "schedule": 15.0, "options": {"expires": 15},
        },
        "look-for-findings": {
            "task": "investigations.tasks.look_for_findings", "schedule": 15.0, "options": {"expires": 15},
        },
        "note-leaves": {
            "task": "investigations.tasks.note_leaves", "schedule": 60.0, "options": {"expires": 60},
        },
        # Far oftener than months end, so that what was stopped half way is soon taken up again.
        "finish-months": {
            "task": "operations.tasks.finish_months", "schedule": 3600.0, "options": {"expires": 3600},
        },
        "check-trail": {
            "task": "operations.tasks.check_trail", "schedule": 3600.0, "options": {"expires": 3600},
        },
        "take-snapshot": {
            "task": "operations.tasks.take_snapshot",
            "schedule": crontab(minute=0, hour=env.int("TRAIL_SNAPSHOT_AT_HOUR", default=2)), "options": {"expires": 3600},
        },
        # What is new, and a part of what is old; operations.services.sealing counts on this interval.
        "verify-trail": {
            "task": "operations.tasks.verify_trail", "schedule": 600.0, "options": {"expires": 600},
        },
    },
)  # fmt: skip
app.autodiscover_tasks()


@heartbeat_sent.connect  # type: ignore[untyped-decorator]
def sign_of_life(**about: Any) -> None:
    """The worker's main process says every few seconds that it lives, however busy its pool is."""
    from operations import health

    health.beat()


@task_failure.connect  # type: ignore[untyped-decorator]
def outage_met(exception: BaseException, **about: Any) -> None:
    """What a task did not answer for itself; the services of runs and exports put their outages on record and go on."""
    from auditconsole import outages

    outages.put_on_record(exception)
