"""An export that starts over: it verifies once, and is given up in the end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from investigations.evidence.custody import Action
from investigations.exports import services as exports
from investigations.models import Case, CaseVerification, CustodyEntry, Export
from investigations.runs import jobs
from tests.support.factories.cases import pin
from tests.support.factories.events import use
from trail.connection import Trail


@pytest.fixture
def waiting(case: Case, alice: User, trail: Trail) -> Export:
    """A bundle of what is not sealed yet."""
    pin(trail, case, alice, use("t", id="first"))
    return exports.start(format="bundle", by=alice, case=case)


def attempt(export: Export) -> Export:
    """As the worker does when it is due again."""
    Export.objects.filter(pk=export.pk).update(not_before=timezone.now() - timedelta(seconds=1))
    exports.write_export(export.pk)
    export.refresh_from_db()
    return export


def test_its_evidence_is_verified_once_however_often_it_starts_over(waiting: Export) -> None:
    for number in (1, 2, 3):
        assert attempt(waiting).attempts == number
    assert waiting.state == "queued"
    assert CaseVerification.objects.get() == waiting.verification
    assert CustodyEntry.objects.filter(action=Action.VERIFY).count() == 1


def test_what_was_pinned_between_two_attempts_is_verified_too(
    waiting: Export, case: Case, alice: User, trail: Trail
) -> None:
    attempt(waiting)
    pin(trail, case, alice, use("t", id="second"))
    attempt(waiting)
    assert waiting.verification is not None
    assert waiting.verification.done == 2


def test_it_is_given_up_after_as_many_attempts_as_any_job(waiting: Export) -> None:
    for _ in range(jobs.MAX_ATTEMPTS):
        attempt(waiting)
    assert waiting.state == "failed"
    assert waiting.problem.endswith(f"Tried {jobs.MAX_ATTEMPTS} times; start it again when the status page is green.")
