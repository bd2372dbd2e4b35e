"""An export that starts over: it verifies once, and is given up in the end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from investigations.evidence.custody import Action
from investigations.exports import services as exports
from investigations.models import Activity, Case, CaseVerification, CustodyEntry, Export
from investigations.runs import jobs
from tests.support.factories.cases import pin
from tests.support.factories.events import use
from tests.support.pages import audit_log
from trail.connection import Trail
from trail.errors import TrailUnavailable


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


def test_one_whose_worker_died_too_often_ends_on_record(waiting: Export, trail: Trail) -> None:
    Export.objects.update(
        state="running", attempts=jobs.MAX_ATTEMPTS, lease_until=timezone.now() - timedelta(minutes=1)
    )
    exports.write_export(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.problem) == ("failed", jobs.DIED)
    (event,) = audit_log(trail, "export.fail")
    assert (event["labels"]["export"], event["labels"]["failed"]) == (waiting.public_id, jobs.DIED)
    line = Activity.objects.get(case=waiting.case, action="export.fail")
    assert line.summary.startswith(f"could not export {waiting.name} as ")


def test_one_that_cannot_be_put_on_record_waits_and_ends_with_the_same_sentence(
    waiting: Export, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise TrailUnavailable("The trail does not answer.")

    Export.objects.update(
        state="running", attempts=jobs.MAX_ATTEMPTS, lease_until=timezone.now() - timedelta(minutes=1)
    )
    with monkeypatch.context() as patch:
        patch.setattr(exports, "record_failure", refuse)
        exports.write_export(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.problem) == ("queued", jobs.DIED)
    assert attempt(waiting).state == "failed"
    assert waiting.problem == jobs.DIED
    assert len(audit_log(trail, "export.fail")) == 1
