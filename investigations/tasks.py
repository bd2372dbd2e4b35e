"""Registers what the worker is asked to do: each task calls one service, and doing one twice is harmless."""

from celery import shared_task


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def execute_run(pk: int) -> None:
    """Do the work of the run whose turn it is; run `pk` was queued, and has its turn too."""
    from investigations.models import Run
    from investigations.pin_batches import services as pin_batches
    from investigations.runs import jobs
    from investigations.runs import services as runs

    jobs.work_in_turn(Run, runs.execute_run)
    pin_batches.wake_waiting()


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def write_export(pk: int) -> None:
    """Write the file of the export whose turn it is; export `pk` was queued, and has its turn too."""
    from investigations.exports import services as exports
    from investigations.models import Export
    from investigations.runs import jobs

    jobs.work_in_turn(Export, exports.write_export)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def verify_case(pk: int) -> None:
    """Do the verification of a case whose turn it is; verification `pk` was queued, and has its turn too."""
    from investigations.case_verification import services as case_verification
    from investigations.models import CaseVerification
    from investigations.runs import jobs

    jobs.work_in_turn(CaseVerification, case_verification.verify_case)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def pin_results(pk: int) -> None:
    """Do the work of the pin batch whose turn it is; batch `pk` was queued, and has its turn too."""
    from investigations.models import PinBatch
    from investigations.pin_batches import services as pin_batches
    from investigations.runs import jobs

    jobs.work_in_turn(PinBatch, pin_batches.pin_results)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def import_case(pk: int) -> None:
    """Do the verification or import of a case bundle whose turn it is; job `pk` was queued, and has its turn too."""
    from investigations.case_import import jobs as case_imports
    from investigations.models import CaseImport
    from investigations.runs import jobs

    jobs.work_in_turn(CaseImport, case_imports.carry_out)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def start_due_verifications() -> None:
    """Queue the verification of cases that were not verified for a day."""
    from investigations.case_verification import services as case_verification

    case_verification.start_due()


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def resume_jobs() -> None:
    """Queue again the runs and exports that a worker or the queue has lost."""
    from investigations.runs import jobs

    jobs.resume()


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def note_leaves() -> None:
    """Note the leaves of evidence that has been sealed meanwhile."""
    from investigations.proofs import services as proofs

    proofs.note_leaves()


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def look_for_findings() -> None:
    """Queue a look for each detection that is due."""
    from investigations.detections import services as detections

    for pk in detections.list_due():
        look.delay(pk)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def look(pk: int) -> None:
    """Let a detection look."""
    from investigations.detections import services as detections

    detections.look(pk)


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def remove_expired_exports() -> None:
    """Delete the files of exports whose time is over, and those of attachments and case bundles that no case has."""
    from django.utils import timezone

    from investigations.attachments.files import remove_orphans
    from investigations.case_import import services as case_import
    from investigations.exports import limits

    limits.remove_expired(timezone.now())
    remove_orphans(timezone.now().timestamp())
    case_import.remove_expired(timezone.now().timestamp())


@shared_task(ignore_result=True)  # type: ignore[untyped-decorator]
def remove_old_queries() -> None:
    """Delete what queries on timelines found, once nobody is given it any more."""
    from django.utils import timezone

    from investigations.timeline import evidence_matches

    evidence_matches.remove_old_queries(timezone.now())
