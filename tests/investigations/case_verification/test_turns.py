"""Verifications that the schedule starts are done by the worker, in turn with those that people start."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from investigations import tasks
from investigations.case_verification import services as case_verification
from investigations.models import Case, CaseVerification
from investigations.runs import jobs
from tests.support.factories.cases import open_case, pin
from tests.support.factories.events import use
from trail.connection import Trail


def test_the_worker_does_what_the_schedule_started(case: Case, alice: User, trail: Trail) -> None:
    pin(trail, case, alice, use("t"))
    tasks.start_due_verifications()
    tasks.verify_case(CaseVerification.objects.get().pk)
    assert CaseVerification.objects.get().state == "finished"


def test_the_schedule_and_a_person_take_turns(alice: User, trail: Trail) -> None:
    by_schedule = [case_verification.start(case=open_case(alice), by=None) for _ in range(2)]
    own = [case_verification.start(case=open_case(alice), by=alice) for _ in range(2)]
    order = []
    for _ in range(4):
        waiting = set(CaseVerification.objects.filter(state="queued").values_list("pk", flat=True))
        tasks.verify_case(own[0].pk)
        still = set(CaseVerification.objects.filter(state="queued").values_list("pk", flat=True))
        order += waiting - still
    assert order == [by_schedule[0].pk, own[0].pk, by_schedule[1].pk, own[1].pk]


def test_the_schedule_has_no_more_under_way_than_a_person(alice: User, trail: Trail) -> None:
    first = case_verification.start(case=open_case(alice), by=None)
    case_verification.start(case=open_case(alice), by=None)
    CaseVerification.objects.filter(pk=first.pk).update(
        state="running", lease_until=timezone.now() + timedelta(hours=1)
    )
    assert jobs.choose_next(CaseVerification) is None
    own = case_verification.start(case=open_case(alice), by=alice)
    assert jobs.choose_next(CaseVerification) == own.pk
