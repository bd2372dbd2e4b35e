"""Detections and findings as pages: made of a search, changed by whom they concern, acknowledged, pinned."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations.detections import services as detections
from investigations.models import Case, Detection, Finding
from tests.support.factories.events import use, write
from tests.support.factories.searches import detection
from tests.support.pages import at_sign_in, audit_log, events_on, hidden_fields, link
from trail.connection import Trail

NEW = "/detections/new/"


@pytest.fixture
def found(trail: Trail, alice: User) -> Finding:
    """Two failures that alice's detection has found."""
    made = detection(alice)
    write(trail, use("t", id="f1", event__outcome="failure"), use("t", id="f2", event__outcome="failure"), use("t"))
    Detection.objects.filter(pk=made.pk).update(next_at=timezone.now() - timedelta(seconds=1))
    finding = detections.look(made.pk)
    assert finding is not None
    return finding


def test_a_search_becomes_a_detection_in_one_step_without_its_time(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    page = client.get("/", {"q": "user.id:eve", "f": "event.outcome:failure", "from": "now-7d"})
    form = client.get(link(page, "Make a rule of it") or "")
    words = dict(form.context["fields"]) | {"name": "Eve fails", "severity": "high", "minutes": "1", "enabled": "on"}
    response = client.post(NEW, words)
    made = Detection.objects.get()
    assertRedirects(response, f"/detections/{made.public_id}/")
    assert made.search == {"q": ["user.id:eve"], "f": ["event.outcome:failure"]}
    assert (made.made_by, made.minutes, made.severity) == (alice, 1, "high")
    (recorded,) = audit_log(trail, "detection.make")
    assert recorded["resource"] == {"type": "detection", "id": made.public_id}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"q": "user.id:"}, "is followed by nothing"),
        ({"q": "source.ip:house"}, "holds addresses"),
        ({"q": "x", "minutes": "0"}, "greater than or equal to 1"),
        ({"q": "x", "name": ""}, "required"),
        ({"q": "fm2_" + "lJPECAAAAAAAAbcd" * 4}, "treat the token as leaked"),
    ],
)
def test_what_cannot_look_is_not_made(
    client: Client, alice: User, trail: Trail, words: dict[str, str], sentence: str
) -> None:
    client.force_login(alice)
    response = client.post(NEW, {"name": "Kept", "severity": "low", "minutes": "5", **words})
    assertContains(response, sentence, status_code=400)
    assert not Detection.objects.exists()


def test_its_findings_are_counted_in_the_header_shown_and_open_as_exactly_these_events(
    client: Client, bob: User, found: Finding, trail: Trail
) -> None:
    client.force_login(bob)
    assertContains(client.get("/detections/"), '1<span class="hidden"> new findings</span>')
    assertContains(client.get(f"/detections/{found.detection.public_id}/"), f"/findings/{found.public_id}/")
    page = client.get(f"/findings/{found.public_id}/")
    assert sorted(events_on(page)) == ["f1", "f2"]
    write(trail, use("t", id="later", event__outcome="failure"))
    assert sorted(events_on(client.get(link(page, "Open as a search") or ""))) == ["f1", "f2"]
    assert len(audit_log(trail, "finding.read")) == 1


def test_a_finding_is_acknowledged_once_with_a_reason(
    client: Client,
    bob: User,
    found: Finding,
    trail: Trail,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    client.force_login(bob)
    page = f"/findings/{found.public_id}/"
    assertContains(client.post(page, {"action": "acknowledge", "reason": " "}), "required", status_code=400)
    with django_capture_on_commit_callbacks(execute=True):
        assertContains(client.post(page, {"action": "acknowledge", "reason": "A test"}, follow=True), "A test")
    assertContains(client.post(page, {"action": "acknowledge", "reason": "Again"}), "already", status_code=400)
    found.refresh_from_db()
    assert (found.acknowledged_by_name, found.reason) == ("Bob", "A test")
    assert len(audit_log(trail, "finding.acknowledge")) == 1
    assertNotContains(client.get("/detections/"), "new findings</span>")


def test_a_findings_events_are_pinned_to_a_case(
    client: Client, case: Case, alice: User, charlie: User, found: Finding
) -> None:
    page, words = f"/findings/{found.public_id}/", {"action": "pin", "case": case.public_id, "reason": "It matters"}
    client.force_login(charlie)
    assert client.post(page, words).status_code == 400
    client.force_login(alice)
    assertContains(client.post(page, words, follow=True), "Pinned 2 to")
    assert sorted(case.evidence.values_list("event_id", flat=True)) == ["f1", "f2"]
    assert case.evidence.earliest("pk").search == found.search


def test_a_case_is_opened_for_a_finding_and_worked_in(client: Client, charlie: User, found: Finding) -> None:
    client.force_login(charlie)
    page = f"/findings/{found.public_id}/"
    assertContains(client.get(page), '<option value="new">A new case')
    answer = client.post(page, {"action": "pin", "case": "new", "reason": "It matters"}, follow=True)
    made = Case.objects.get(opened_by=charlie)
    assertRedirects(answer, f"/cases/{made.public_id}/")
    for words in ("Pinned 2 to", "You work in this case"):
        assertContains(answer, words)
    assert (made.title, made.severity) == (found.detection.name, found.severity)
    assert sorted(made.evidence.values_list("event_id", flat=True)) == ["f1", "f2"]


def test_a_case_that_is_opened_for_a_finding_stays_where_nothing_can_be_pinned(
    client: Client, charlie: User, found: Finding
) -> None:
    Finding.objects.update(events=[])
    client.force_login(charlie)
    answer = client.post(f"/findings/{found.public_id}/", {"action": "pin", "case": "new", "reason": "x"}, follow=True)
    assert Case.objects.get(opened_by=charlie).evidence.count() == 0
    assertContains(answer, "alert--error")


def test_it_is_changed_by_who_made_it_a_lead_or_an_admin(
    client: Client, alice: User, bob: User, lea: User, ada: User, trail: Trail
) -> None:
    page, words = f"/detections/{detection(alice).public_id}/", {"name": "N", "severity": "low", "minutes": "9"}
    client.force_login(bob)
    assertNotContains(client.get(page), "Change it")
    assert client.post(page, words).status_code == 403
    for minutes, person in enumerate((alice, lea, ada), 10):
        client.force_login(person)
        assertRedirects(client.post(page, words | hidden_fields(client.get(page)) | {"minutes": str(minutes)}), page)
        made = Detection.objects.get()
        assert (made.minutes, made.enabled) == (minutes, False)
    assert [one["user"]["id"] for one in audit_log(trail, "detection.change")] == ["alice", "lea", "ada"]


def test_a_trail_that_is_down_changes_nothing(client: Client, alice: User, found: Finding, no_trail: None) -> None:
    client.force_login(alice)
    for page, words in (
        (NEW, {"q": "x", "name": "N", "severity": "low", "minutes": "5"}),
        (f"/findings/{found.public_id}/", {"action": "acknowledge", "reason": "A test"}),
    ):
        assert client.post(page, words).status_code == 503
    found.refresh_from_db()
    assert (Detection.objects.count(), found.acknowledged_at) == (1, None)


def test_a_viewer_gets_403_a_bad_id_404_and_anonymous_goes_to_sign_in(
    client: Client, rae: User, alice: User, trail: Trail
) -> None:
    assert at_sign_in(client.get("/detections/"), "/detections/")
    client.force_login(rae)
    assert client.get("/detections/").status_code == 403
    assertNotContains(client.get("/"), "Make a rule")
    client.force_login(alice)
    assert client.get("/detections/x/").status_code == client.get("/findings/x/").status_code == 404


def test_of_two_people_who_change_it_from_the_same_page_the_second_sees_both_and_loses_neither(
    alice: User, lea: User, trail: Trail
) -> None:
    page = f"/detections/{detection(alice).public_id}/"
    hers, of_lea = Client(), Client()
    hers.force_login(alice)
    of_lea.force_login(lea)
    words = {"name": "Kept", "severity": "low", "minutes": "5", "enabled": "on"}
    shown = hidden_fields(of_lea.get(page))
    hers.post(page, words | hidden_fields(hers.get(page)) | {"name": "Alice's name"})
    response = of_lea.post(page, words | shown | {"name": "Lea's name"})
    for text in ("Somebody changed this meanwhile", "Alice&#x27;s name", "Lea&#x27;s name"):
        assertContains(response, text, status_code=409)
    assert Detection.objects.get().name == "Alice's name"
    assertRedirects(of_lea.post(page, words | hidden_fields(response) | {"name": "Both"}), page)
    assert Detection.objects.get().name == "Both"


def test_a_box_to_tick_stands_in_its_label_and_is_not_called_optional(client: Client, alice: User) -> None:
    client.force_login(alice)
    response = client.get("/detections/new/?q=user.id:mallory")
    assertContains(
        response,
        '<label class="field__check" for="id_enabled"><input type="checkbox" name="enabled" id="id_enabled" checked> On</label>',
        html=True,
    )
