"""What the worker does for the trail itself: each task calls one service. Doing one twice is harmless."""

from celery import shared_task


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def finish_months() -> None:
    from operations.services import keeping

    keeping.finish_months()


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def verify_trail() -> None:
    from operations.services import sealing

    sealing.verify_next()
