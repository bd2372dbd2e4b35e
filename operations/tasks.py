"""What the worker does for the trail itself: each task calls one service. Doing one twice is harmless."""

from contextlib import suppress

from celery import shared_task

from trail.errors import TrailError


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def finish_months() -> None:
    from operations.services import keeping

    keeping.finish_months()


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def take_snapshot() -> None:
    from operations.services import keeping

    with suppress(TrailError):  # which is an incident already
        keeping.take_snapshot()


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def check_trail() -> None:
    from operations.services import keeping

    keeping.check_trail()


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def verify_trail() -> None:
    from operations.services import sealing

    sealing.verify_next()
