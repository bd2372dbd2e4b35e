"""Sets up the Celery app, its queue rules and the whole schedule."""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import heartbeat_sent, task_failure, worker_init, worker_process_init
from django.conf import settings
from kombu.entity import Queue

from auditconsole.environment import env
from core.pauses import WATCH
from operations.sealing.intervals import VERIFIED_EVERY

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "auditconsole.settings")

app = Celery("auditconsole")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    # What is in the queue is read as JSON and as nothing else.
    task_serializer="json",
    accept_content=["json"],
    result_serializer="json",
    result_accept_content=["json"],
    event_serializer="json",
    beat_scheduler="auditconsole.schedule:JSONScheduler",
    # A task is acknowledged when it has ended, so that a killed worker's task comes back.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    task_queues=[Queue(name) for name in settings.QUEUES],  # type: ignore[no-untyped-call]
    task_default_queue="duties",
    task_routes={
        "investigations.tasks.execute_run": {"queue": "runs"},
        "investigations.tasks.write_export": {"queue": "exports"},
        "investigations.tasks.verify_case": {"queue": "exports"},
        "investigations.tasks.pin_results": {"queue": "exports"},
        "investigations.tasks.look": {"queue": "detections"},
        "investigations.tasks.look_for_findings": {"queue": "detections"},
    },
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
        "resume-jobs": {
            "task": "investigations.tasks.resume_jobs", "schedule": 15.0, "options": {"expires": 15},
        },
        "look-for-findings": {
            "task": "investigations.tasks.look_for_findings", "schedule": 15.0, "options": {"expires": 15},
        },
        "note-leaves": {
            "task": "investigations.tasks.note_leaves", "schedule": 60.0, "options": {"expires": 60},
        },
        # A few at a time, so that they keep no export waiting.
        "start-due-verifications": {
            "task": "investigations.tasks.start_due_verifications", "schedule": 300.0, "options": {"expires": 300},
        },
        "remove-expired-exports": {
            "task": "investigations.tasks.remove_expired_exports", "schedule": 3600.0, "options": {"expires": 3600},
        },
        "remove-old-queries": {
            "task": "investigations.tasks.remove_old_queries", "schedule": 300.0, "options": {"expires": 300},
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
        # What is new, and a part of what is old.
        "verify-trail": {
            "task": "operations.tasks.verify_trail", "schedule": VERIFIED_EVERY.total_seconds(),
            "options": {"expires": VERIFIED_EVERY.total_seconds()},
        },
    },
)  # fmt: skip
app.autodiscover_tasks()


@worker_init.connect  # type: ignore[untyped-decorator]
@worker_process_init.connect  # type: ignore[untyped-decorator]
def watch_pauses(**_: Any) -> None:
    """What is late after this machine slept is no fault of a part."""
    WATCH.start()


@heartbeat_sent.connect  # type: ignore[untyped-decorator]
def sign_of_life(**about: Any) -> None:
    """The worker's main process says every few seconds that it lives, however busy its pool is."""
    from operations.status import health

    health.record_heartbeat(queues=list(app.amqp.queues.consume_from))


@task_failure.connect  # type: ignore[untyped-decorator]
def outage_met(exception: BaseException, **about: Any) -> None:
    """What a task did not answer for itself; the services of runs and exports put their outages on record and go on."""
    from core import outages

    outages.record(exception)
