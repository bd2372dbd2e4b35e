"""What beat asks the worker to do for the trail."""

from celery import shared_task

from operations import health


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def worker_heartbeat() -> None:
    health.beat()
