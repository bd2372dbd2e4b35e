"""What the worker does for the trail itself: each task calls one service. Doing one twice is harmless."""

from celery import shared_task


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def finish_months() -> None:
    from operations.services import keeping

    keeping.finish_months()
