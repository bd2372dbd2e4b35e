"""Verifies all evidence of cases: when somebody asks, before each export, and by schedule; what differs is an incident."""

import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import chain, islice, pairwise

from django.db import transaction
from django.db.models import Case as Choice
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Concat
from django.utils import timezone

from accounts.models import User
from core.audit import Program
from investigations.audit import CaseAction, record, record_in_case
from investigations.case_verification.comparison import (
    EvidenceCheck,
    EvidenceComparison,
    describe_check,
    name_differences,
    name_missing,
)
from investigations.evidence import custody
from investigations.evidence.custody import Action, Origin
from investigations.models import Case, CaseVerification, Evidence, Export, ForeignCase
from investigations.models.jobs import LEASE
from investigations.runs import jobs
from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.models import Incident
from trail.errors import TrailUnavailable

AT_ONCE = 500  # pieces of evidence in one request to the trail
EVERY = timedelta(days=1)
MOST_AT_A_TIME = 10  # cases that the schedule queues
# Everybody who is signed in reads incidents, so they name no case and none of its evidence.
SUBJECT = "evidence "  # and the id of the verification that found first that something differs
DIFFERS = (
    "Evidence of a case is not what was pinned. Who sees the case finds which, and how it differs, on its Custody tab."
)
INTACT = "All evidence of the case is as it was pinned."
SCHEDULE = Program("console:verification", "The schedule of verifications")
State = CaseVerification.State


@transaction.atomic
def start(*, case: Case, by: User | None) -> CaseVerification:
    """Queue the verification of all evidence of a case; the one that is under way already, where there is one.

    `by` is None where the schedule asks. Raises TrailUnavailable.
    """
    Case.objects.select_for_update().get(pk=case.pk)
    under_way = case.verifications.filter(state__in=(State.QUEUED, State.RUNNING), for_export=False).first()
    if under_way is not None:
        return under_way
    verification = _create(case, by, custody.read_origin())
    if by is not None:
        labels = {"verification": verification.public_id}
        record_in_case(CaseAction.EVIDENCE_VERIFY, "asked to verify all evidence", by=by, case=case, labels=labels)
    jobs.enqueue(verification)
    return verification


def _create(case: Case, by: User | None, origin: Origin, **claim: object) -> CaseVerification:
    return CaseVerification.objects.create(
        case=case,
        started_by=by,
        started_by_name=custody.SCHEDULE if by is None else by.name or by.username,
        address=origin.address,
        client=origin.client,
        total=case.evidence.count(),
        **claim,
    )


def start_due() -> int:
    """Queue the verification of cases that were not verified for a day, MOST_AT_A_TIME, open ones first; how many.

    What failed does not count as verified, and what is under way does.
    """
    counted = Max("verifications__created_at", filter=~Q(verifications__state__in=(State.FAILED, State.CANCELLED)))
    cases = Case.objects.filter(Exists(Evidence.objects.filter(case=OuterRef("pk")))).annotate(last=counted)
    due = cases.exclude(foreign__is_arriving=True).filter(Q(last=None) | Q(last__lt=timezone.now() - EVERY))
    closed_last = Choice(When(status=Case.Status.CLOSED, then=Value(1)), default=Value(0))
    chosen = list(due.order_by(closed_last, F("last").asc(nulls_first=True), "pk")[:MOST_AT_A_TIME])
    for case in chosen:
        start(case=case, by=None)
    return len(chosen)


def verify_case(pk: int) -> None:
    """What the worker does: claim the verification, compare all evidence, end it. Safe to call twice, by anyone.

    Where the trail does not answer it waits and goes on where it stands: nothing is said to differ.
    """
    verification = jobs.claim(CaseVerification, pk)
    if verification is None:
        return
    with suppress(jobs.LostClaim):
        try:
            _work(verification, lambda: None)
        except TrailUnavailable as error:
            incidents.record_trail_outage(error, writer="auditconsole", events=0)
            jobs.put_back(verification, f"It could not be verified: {error}")


def is_verified(export: Export) -> bool:
    """Whether an earlier attempt at this export has verified all evidence that its case has now."""
    verification = export.verification
    if export.case is None or verification is None or verification.state != State.FINISHED:
        return False
    return not export.case.evidence.filter(number__gt=verification.after).exists()


def verify_for_export(export: Export, keep_claim: Callable[[], None]) -> CaseVerification:
    """Verify the evidence of an export's case, in the export's own worker, and note the result in the export.

    `keep_claim` is called between batches and may raise to stop. Raises TrailUnavailable where it could not be verified.
    """
    assert export.case is not None
    claim = {"state": State.RUNNING, "owner": uuid.uuid4().hex, "lease_until": timezone.now() + LEASE, "attempts": 1}
    origin = Origin(export.address, export.client)
    verification = _create(
        export.case,
        export.started_by,
        origin,
        for_export=True,
        began_at=timezone.now(),
        not_before=timezone.now(),
        **claim,
    )
    try:
        _work(verification, keep_claim)
    except Exception as error:
        with suppress(jobs.LostClaim):
            jobs.fail(verification, f"It could not be verified: {str(error) or 'the export was stopped.'}")
        raise
    Export.objects.filter(pk=export.pk).update(verification=verification)
    export.verification = verification
    return verification


def _work(verification: CaseVerification, keep_claim: Callable[[], None]) -> None:
    comparison = EvidenceComparison()
    while batch := list(verification.case.evidence.filter(number__gt=verification.after).order_by("number")[:AT_ONCE]):
        keep_claim()
        checks = comparison.compare(batch)
        _keep_batch(verification, checks, comparison.log_problem)
    _finish(verification)


@transaction.atomic
def _keep_batch(verification: CaseVerification, checks: Sequence[EvidenceCheck], log_problem: str) -> None:
    """The result of one batch and the place after it, together or not at all.

    Numbers are given one after the other and what is withdrawn stays, so that a gap is evidence that was deleted.
    """
    differing = [check for check in checks if check.differences]
    numbers = [verification.after, *(check.evidence.number for check in checks)]
    withheld = _list_withheld(verification.case)
    gaps = [range(before + 1, number) for before, number in pairwise(numbers)]
    missing = sum(len(gap) - sum(number in gap for number in withheld) for gap in gaps)
    named_missing = (number for number in chain.from_iterable(gaps) if number not in withheld)
    first_missing = islice(named_missing, CaseVerification.MOST_NAMED)
    unordered = [*map(name_missing, first_missing), *chain.from_iterable(map(name_differences, differing))]
    named = sorted(unordered, key=lambda difference: difference["evidence"])
    _record_custody(verification, checks)
    jobs.report_progress(
        verification,
        done=verification.done + len(checks) + missing,
        after=checks[-1].evidence.number,
        differing=verification.differing + len(differing) + missing,
        differences=[*verification.differences, *named][: CaseVerification.MOST_NAMED],
        unsealed=verification.unsealed + sum(check.is_sealed is False for check in checks),
        log_problem=log_problem[:500],
    )


def _list_withheld(case: Case) -> frozenset[int]:
    """The numbers of a foreign case whose evidence was withdrawn at the other console, and did not come."""
    numbers = ForeignCase.objects.filter(case=case).values_list("withheld", flat=True).first()
    return frozenset(numbers or ())


def _record_custody(verification: CaseVerification, checks: Sequence[EvidenceCheck]) -> None:
    """Enter what was found of each; of what the schedule found, only what is not what was found the last time."""
    details = [(check.evidence.pk, describe_check(check)) for check in checks]
    if verification.started_by is None:
        last = custody.read_last_verifications([key for key, _ in details])
        details = [(key, detail) for key, detail in details if last.get(key) != detail]
    custody.record_details(
        verification.case,
        details,
        Action.VERIFY,
        by=verification.started_by,
        origin=Origin(verification.address, verification.client),
    )


def _finish(verification: CaseVerification) -> None:
    """End it, on record in the trail, with an incident where something differs; what is right again ends that."""
    with transaction.atomic():
        jobs.report_progress(
            verification, total=verification.done
        )  # what was pinned meanwhile was compared with the rest
        labels = {
            "verification": verification.public_id,
            "compared": str(verification.done),
            "differing": str(verification.differing),
            "evidence": _name_evidence(verification, most=200),
        }
        by = verification.started_by or SCHEDULE
        record(CaseAction.EVIDENCE_VERIFY, by=by, case=verification.case, labels=labels)
        jobs.finish(verification)
    failing = _list_incidents(verification.case)
    if verification.differing:
        known = failing.order_by("-pk").values_list("subject", flat=True).first()
        incidents.record_failure(IncidentKind.TAMPERED, known or f"{SUBJECT}{verification.public_id}", DIFFERS)
    elif not verification.log_problem:
        for subject in failing.filter(over_at=None).values_list("subject", flat=True):
            incidents.record_recovery(IncidentKind.TAMPERED, subject, INTACT)


def _list_incidents(case: Case) -> "QuerySet[Incident]":
    """Those that a verification of this case opened and nobody has resolved."""
    found_by = case.verifications.filter(differing__gt=0).order_by()
    subjects = found_by.values_list(Concat(Value(SUBJECT), "public_id"))
    return Incident.objects.filter(kind=IncidentKind.TAMPERED, resolved_at=None, subject__in=subjects)


def _name_evidence(verification: CaseVerification, *, most: int) -> str:
    numbers = dict.fromkeys(difference["evidence"] for difference in verification.differences)
    return " ".join(f"E{number}" for number in list(numbers)[:most])


def read_newest(case: Case) -> CaseVerification | None:
    """The newest that somebody or the schedule asked for, under way or over."""
    return case.verifications.filter(for_export=False).order_by("-pk").first()
