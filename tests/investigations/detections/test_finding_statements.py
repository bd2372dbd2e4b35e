"""Pinning a finding itself: its rule, the events it named, and what was said of it, kept and proved."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from investigations.case_verification import services as case_verification
from investigations.detections import services as detections
from investigations.detections.finding_statements import pin_finding
from investigations.evidence import statements
from investigations.hypotheses import services as hypotheses
from investigations.models import Case, Detection, Evidence, Finding
from tests.support.factories.cases import export
from tests.support.factories.events import use, write
from tests.support.factories.searches import finding
from tests.support.pages import audit_log
from trail.connection import Trail
from trail.questions.finding_statement import NamedAgain
from trail.questions.statements import digest_statement


@pytest.fixture
def raised(alice: User, trail: Trail) -> Finding:
    """A finding of three events, the first two of which it names."""
    write(trail, *(use("t", id=f"e{n}", event__outcome="failure") for n in range(2)))
    return finding(alice, (trail.events, "e0"), (trail.events, "e1"), count=3)


@pytest.fixture
def pinned(case: Case, bob: User, raised: Finding) -> Evidence:
    return pin_finding(finding=raised, case=case, reason="It began here", by=bob)


def page_of(evidence: Evidence) -> str:
    return f"/cases/{evidence.case.public_id}/evidence/{evidence.number}/"


def test_it_is_pinned_from_its_page_and_its_record_names_the_statement(
    client: Client, case: Case, bob: User, raised: Finding, trail: Trail
) -> None:
    client.force_login(bob)
    address = f"/findings/{raised.public_id}/"
    assertContains(client.get(address), "Pin the finding itself")
    words = {"action": "pin", "what": "finding", "case": case.public_id, "reason": "It began here"}
    assertRedirects(client.post(address, words), address)
    evidence = case.evidence.get()
    assert (evidence.kind, evidence.reason, evidence.digest) == (
        "finding",
        "It began here",
        digest_statement(evidence.document),
    )
    (record,) = audit_log(trail, "case.evidence.pin")
    assert record["labels"]["statement"] == evidence.digest


@pytest.mark.parametrize("what", ["finding", "events"])
def test_what_is_thought_of_it_is_said_at_once(
    client: Client, case: Case, bob: User, raised: Finding, what: str
) -> None:
    question = hypotheses.add_hypothesis(case=case, statement="It began here", by=bob)
    client.force_login(bob)
    address = f"/findings/{raised.public_id}/"
    thoughts = {"relevance": "key", "tags": "start", "question": f"{question.pk} for"}
    words = {"action": "pin", "what": what, "reason": "It began here", **thoughts}
    assertContains(client.post(address, words | {"case": "new"}), "A new case has no questions yet", status_code=400)
    assertRedirects(client.post(address, words | {"case": case.public_id}), address)
    evidence = list(case.evidence.order_by("number"))
    assert {each.relevance for each in evidence} == {"key"}
    assert {tag.name for each in evidence for tag in each.tags.all()} == {"start"}
    assert {link.evidence_id for link in question.evidence_links.all()} == {each.pk for each in evidence}


def test_the_rule_stays_as_it_was_and_so_does_what_was_said(
    case: Case, bob: User, alice: User, raised: Finding
) -> None:
    detections.acknowledge(finding=raised, reason="A build that was set up wrongly", by=bob)
    raised.refresh_from_db()
    first = pin_finding(finding=raised, case=case, reason="x", by=bob)
    Detection.objects.update(name="Another name", revision=2)
    first.refresh_from_db()
    assert first.document["rule"]["name"] == "Failures"
    assert first.document["rule"]["words"] == raised.detection.words
    assert first.document["state"]["verdict"] == "A build that was set up wrongly"
    assert (first.document["raised"], [event["id"] for event in first.document["events"]]) == (3, ["e0", "e1"])


def test_its_page_says_what_the_trail_shows_of_it_now(
    client: Client, rae: User, pinned: Evidence, trail: Trail
) -> None:
    client.force_login(rae)
    page = client.get(page_of(pinned))
    assertContains(page, "The trail shows every event that it names, 2 in all.")
    assertContains(page, "The first 2")
    assert statements.check_statement(pinned).again == NamedAgain(2, 2)
    gone = pinned.document | {"events": [*pinned.document["events"], {"index": trail.events, "id": "gone"}]}
    Evidence.objects.update(frozen=statements.statements.encode_statement(gone), digest=digest_statement(gone))
    assert statements.check_statement(Evidence.objects.get()).again == NamedAgain(3, 2)


def test_timeline_report_verification_and_files_know_it(client: Client, alice: User, pinned: Evidence) -> None:
    client.force_login(alice)
    at = f"/cases/{pinned.case.public_id}/"
    assertContains(client.get(at), "The detection “Failures” raised a finding of 3 events.")
    assertContains(client.get(at), "1 finding")
    assertContains(client.get(f"{at}report/"), "The detection “Failures” raised a finding of 3 events.")
    verification = case_verification.start(case=pinned.case, by=alice)
    case_verification.verify_case(verification.pk)
    verification.refresh_from_db()
    assert (verification.intact, verification.differing) == (1, 0)
    made = export(alice, format="jsonl", case=pinned.case)
    assert (made.state, made.done) == ("finished", 1)
