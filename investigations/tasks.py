"""What the worker is asked to do: each task calls one service. The row is the handle; doing one twice is harmless."""

from celery import shared_task


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def execute_run(pk: int) -> None:
    from investigations.services import runs

    runs.execute_run(pk)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def write_export(pk: int) -> None:
    from investigations.services import exports

    exports.write_export(pk)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def resume_abandoned_runs() -> None:
    from investigations.services import exports, runs

    runs.resume_abandoned()
    exports.resume_abandoned()


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def note_leaves() -> None:
    from investigations.services import proofs

    proofs.note_leaves()


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def look_for_findings() -> None:
    from investigations.services import detections

    for pk in detections.due():
        look.delay(pk)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def look(pk: int) -> None:
    from investigations.services import detections

    detections.look(pk)
