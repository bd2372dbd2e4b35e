"""Defines the worker's tasks for the trail itself; each calls one service, and doing one twice is harmless."""

from contextlib import suppress

from celery import shared_task

from trail.errors import TrailError


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def finish_months() -> None:
    """Bring months that are over further towards one closed segment."""
    from operations.maintenance import services as maintenance

    maintenance.finish_months()


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def take_snapshot() -> None:
    """Take a snapshot of the trail."""
    from operations.maintenance import services as maintenance

    with suppress(TrailError):  # which is an incident already
        maintenance.take_snapshot()


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def check_trail() -> None:
    """Check that the trail is kept as it should be."""
    from operations.maintenance import services as maintenance

    maintenance.check_trail()


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def verify_trail() -> None:
    """Compare the next part of the trail with the log."""
    from operations.sealing import services as sealing

    sealing.verify_next_part()
