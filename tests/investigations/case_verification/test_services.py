"""Verifying all evidence of a case: what differs is named and is an incident, and what cannot be asked is neither."""

from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from core.connection import trail as trail_of_console
from investigations import tasks
from investigations.case_verification import services as case_verification
from investigations.evidence import absences
from investigations.evidence import services as evidence
from investigations.evidence.custody import Action
from investigations.models import Case, CaseVerification, CustodyEntry, Evidence
from investigations.runs import jobs
from operations.models import Incident
from tests.investigations.proofs.test_event_proof import put_in_the_place
from tests.support.factories.cases import close_case, open_case, pin
from tests.support.factories.events import use, write
from tests.support.pages import audit_log
from trail.canonical_form import compute_digest
from trail.connection import Trail
from trail.search import completeness
from trail.search.spec import Search

Seal = Callable[[], object]
EVENTS = [use("t", id=f"e{n}", at=f"2026-10-0{n + 1}T00:00:00Z") for n in range(4)]


@pytest.fixture
def pinned(case: Case, alice: User, trail: Trail) -> list[Evidence]:
    """Of a month before that in which the console's own records stand."""
    return pin(trail, case, alice, *EVENTS)


def verify(case: Case, by: User | None) -> CaseVerification:
    """As the worker does, once somebody asked for it."""
    verification = case_verification.start(case=case, by=by)
    case_verification.verify_case(verification.pk)
    verification.refresh_from_db()
    return verification


def alter(copy: Evidence) -> None:
    Evidence.objects.filter(pk=copy.pk).update(frozen=orjson.dumps(copy.document | {"user": {"id": "somebody"}}))


def named(verification: CaseVerification) -> list[tuple[int, str]]:
    return [(each["evidence"], each["kind"]) for each in verification.differences]


def incidents_of(case: Case) -> list[Incident]:
    names = [f"evidence {each.public_id}" for each in case.verifications.all()]
    return list(Incident.objects.filter(kind="tampered", subject__in=names))


def test_what_is_as_it_was_pinned_is_intact(case: Case, alice: User, pinned: list[Evidence], seal: Seal) -> None:
    seal()
    verification = verify(case, alice)
    assert (verification.state, verification.done, verification.intact, verification.differing) == ("finished", 4, 4, 0)
    assert (verification.unsealed, verification.log_problem, verification.started_by_name) == (0, "", "Alice")
    assert not incidents_of(case)


def test_a_copy_that_was_altered_is_named_with_no_other_and_is_an_incident(
    case: Case, alice: User, pinned: list[Evidence], seal: Seal
) -> None:
    seal()
    alter(pinned[2])
    verification = verify(case, alice)
    assert (named(verification), verification.differing, verification.intact) == ([(3, "copy")], 1, 3)
    (incident,) = incidents_of(case)
    assert incident.subject == f"evidence {verification.public_id}"
    details = CustodyEntry.objects.filter(action=Action.VERIFY).order_by("pk").values_list("evidence__number", "detail")
    assert [number for number, detail in details if detail.startswith("differs")] == [3]
    assert [number for number, detail in details if detail == "intact"] == [1, 2, 4]


def test_what_is_right_again_ends_the_incident(case: Case, alice: User, pinned: list[Evidence], seal: Seal) -> None:
    seal()
    alter(pinned[0])
    verify(case, alice)
    verify(case, alice)
    assert len(incidents_of(case)) == 1
    Evidence.objects.filter(pk=pinned[0].pk).update(frozen=pinned[0].frozen)
    verify(case, alice)
    (incident,) = incidents_of(case)
    assert incident.over_at is not None


def test_a_copy_that_is_no_json_any_more_differs(case: Case, alice: User, pinned: list[Evidence]) -> None:
    Evidence.objects.filter(pk=pinned[1].pk).update(frozen=b"\x00")
    assert named(verify(case, alice)) == [(2, "copy")]


def test_copies_and_trail_altered_alike_are_found_by_the_sealed_log(
    case: Case, alice: User, trail: Trail, seal: Seal
) -> None:
    """Who has both the database and the engine does not have what was sealed."""
    (copy,) = pin(trail, case, alice, use("t", id="e"))
    seal()
    verify(case, alice)
    forged = use("t", id="e", user__id="somebody")
    put_in_the_place(trail, forged)
    Evidence.objects.filter(pk=copy.pk).update(frozen=orjson.dumps(forged), digest=compute_digest(forged), leaf=0)
    assert named(verify(case, alice)) == [(1, "log")]


@pytest.mark.parametrize("is_sealed", [True, False])
def test_an_event_that_is_gone_from_the_trail_is_named_with_no_other(
    case: Case, alice: User, pinned: list[Evidence], trail: Trail, seal: Seal, is_sealed: bool
) -> None:
    if is_sealed:
        seal()
    put_in_the_place(trail, EVENTS[0], *EVENTS[2:])
    verification = verify(case, alice)
    assert (named(verification), verification.state) == ([(2, "gone")], "finished")
    assert incidents_of(case)


def test_an_event_that_is_another_now_is_named(case: Case, alice: User, trail: Trail) -> None:
    pin(trail, case, alice, use("t", id="e"))
    put_in_the_place(trail, use("t", id="e", user__id="somebody"))
    assert named(verify(case, alice)) == [(1, "trail")]


def test_a_statement_that_nothing_was_found_is_compared_with_the_trails_record_of_it(
    case: Case, alice: User, trail: Trail, seal: Seal
) -> None:
    absence = absences.pin(case=case, search=Search(text="user.id:nobody"), reason="never", by=alice)
    seal()
    assert named(verify(case, alice)) == []
    changed = absence.document | {"counted": 7}
    Evidence.objects.filter(pk=absence.pk).update(frozen=orjson.dumps(changed))
    assert named(verify(case, alice)) == [(1, "copy")]
    Evidence.objects.filter(pk=absence.pk).update(frozen=absence.frozen, event_id="console-never")
    assert named(verify(case, alice)) == [(1, "gone")]


def test_an_event_that_was_put_in_past_the_log_is_named(case: Case, alice: User, trail: Trail, seal: Seal) -> None:
    write(trail, *EVENTS[:2])
    seal()
    put_in_the_place(trail, use("t", id="inside", at=EVENTS[0]["@timestamp"]), *EVENTS[:2])
    evidence.pin(case=case, event_ids=["inside", "e1"], reason="It matters", by=alice)
    verification = verify(case, alice)
    assert named(verification) == [(1, "log")]
    assert "none of the sealed log's" in verification.differences[0]["what"]


def test_what_has_no_leaf_yet_is_intact_and_said_to_be_unsealed(
    case: Case, alice: User, trail: Trail, seal: Seal
) -> None:
    seal()
    pin(trail, case, alice, use("t", id="new"))
    verification = verify(case, alice)
    assert (verification.intact, verification.unsealed, verification.differing) == (1, 1, 0)


def test_what_was_withdrawn_is_verified_too(case: Case, alice: User, pinned: list[Evidence]) -> None:
    evidence.withdraw(evidence=pinned[3], reason="Not ours", by=alice)
    alter(pinned[3])
    assert named(verify(case, alice)) == [(4, "copy")]


def test_an_outage_accuses_nobody(
    case: Case, alice: User, pinned: list[Evidence], settings: Settings, trail: Trail
) -> None:
    verification = case_verification.start(case=case, by=alice)
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    case_verification.verify_case(verification.pk)
    verification.refresh_from_db()
    assert (verification.state, verification.differences, verification.differing) == ("queued", [], 0)
    assert verification.problem.startswith("It could not be verified")
    assert not incidents_of(case)
    assert not CustodyEntry.objects.filter(action=Action.VERIFY).exists()


def test_a_month_that_is_gone_as_a_whole_is_an_outage_and_accuses_nobody(
    case: Case, alice: User, pinned: list[Evidence], trail: Trail, seal: Seal, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal()
    monkeypatch.setattr(completeness, "RENEWED_AFTER", 0)
    trail_of_console().recent.clear()
    verification = case_verification.start(case=case, by=alice)
    trail.client.indices.delete(index=pinned[0].event_index)
    case_verification.verify_case(verification.pk)
    verification.refresh_from_db()
    assert (verification.state, verification.differing) == ("queued", 0)


def test_a_verification_that_a_worker_left_goes_on_where_it_stands(
    case: Case, alice: User, pinned: list[Evidence], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_verification, "AT_ONCE", 2)
    verification = case_verification.start(case=case, by=alice)
    compare, batches = case_verification.EvidenceComparison.compare, []

    def die_at_the_second(self: object, batch: list[Evidence]) -> object:
        batches.append([each.number for each in batch])
        if len(batches) == 2:
            raise SystemExit
        return compare(self, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(case_verification.EvidenceComparison, "compare", die_at_the_second)
    with pytest.raises(SystemExit):
        case_verification.verify_case(verification.pk)
    CaseVerification.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.list_due(CaseVerification) == [verification.pk]
    case_verification.verify_case(verification.pk)
    verification.refresh_from_db()
    assert batches == [[1, 2], [3, 4], [3, 4]]
    assert (verification.state, verification.done) == ("finished", 4)
    assert CustodyEntry.objects.filter(action=Action.VERIFY).count() == 4


def test_the_trail_is_asked_as_often_for_two_hundred_as_for_ten(
    alice: User, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(number: int) -> tuple[int, int]:
        own = open_case(alice)
        pin(trail, own, alice, *(use("t") for _ in range(number)))
        requests: list[object] = []
        perform = type(trail.client.transport).perform_request
        with monkeypatch.context() as patched:
            patched.setattr(
                type(trail.client.transport),
                "perform_request",
                lambda self, *args, **options: (requests.append(args), perform(self, *args, **options))[1],
            )
            verification = case_verification.start(case=own, by=alice)
            with CaptureQueriesContext(connection) as queries:
                case_verification.verify_case(verification.pk)
        verification.refresh_from_db()
        assert verification.intact == number
        reading = [query for query in queries if not query["sql"].startswith("INSERT")]
        return len(reading), len(requests)

    count(1)
    assert count(10) == count(200)


def test_of_two_who_ask_at_once_the_second_waits_for_the_first(case: Case, alice: User, bob: User) -> None:
    assert case_verification.start(case=case, by=alice) == case_verification.start(case=case, by=bob)


def test_asking_and_the_result_are_on_record(case: Case, alice: User, pinned: list[Evidence], trail: Trail) -> None:
    verification = verify(case, alice)
    asked, ended = sorted(audit_log(trail, "case.evidence.verify"), key=lambda record: record["@timestamp"])
    assert asked["labels"]["verification"] == ended["labels"]["verification"] == verification.public_id
    assert (ended["labels"]["compared"], ended["labels"]["differing"]) == ("4", "0")
    assert ended["user"]["id"] == "alice"


def test_the_schedule_verifies_what_was_not_verified_for_a_day_open_cases_first(
    case: Case, alice: User, pinned: list[Evidence], trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_verification, "MOST_AT_A_TIME", 1)
    closed = open_case(alice, title="Closed")
    pin(trail, closed, alice, use("t", id="of the closed"))
    close_case(closed, alice)
    open_case(alice, title="Empty")
    Case.objects.filter(pk=closed.pk).update(opened_at=timezone.now() - timedelta(days=9))
    tasks.start_due_verifications()
    assert [each.case for each in CaseVerification.objects.all()] == [case]
    tasks.start_due_verifications()
    assert [each.case for each in CaseVerification.objects.order_by("pk")] == [case, closed]
    assert case_verification.start_due() == 0
    for pk in CaseVerification.objects.values_list("pk", flat=True):
        tasks.verify_case(pk)
    assert case_verification.start_due() == 0
    CaseVerification.objects.filter(case=case).update(created_at=timezone.now() - timedelta(hours=25))
    assert case_verification.start_due() == 1


def test_the_schedule_enters_in_custody_only_what_is_new(case: Case, pinned: list[Evidence], alice: User) -> None:
    verified = CustodyEntry.objects.filter(action=Action.VERIFY)
    verify(case, None)
    assert {(entry.by, entry.by_name) for entry in verified} == {(None, "the schedule")}
    verify(case, None)
    assert verified.count() == 4
    alter(pinned[0])
    verify(case, None)
    assert [entry.evidence for entry in verified.order_by("pk")[4:]] == [pinned[0]]
