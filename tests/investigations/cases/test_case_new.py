"""Opening a case."""

from django.test import Client
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from investigations.models import Case
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail

WORDS = {"title": "Leaked <deploy> token", "severity": "high", "description": "Seen in a public log."}


def test_who_opens_a_case_leads_it(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    response = client.post("/cases/new/", WORDS)
    case = Case.objects.get()
    assertRedirects(response, f"/cases/{case.public_id}/")
    assert {name: getattr(case, name) for name in WORDS} == WORDS
    assert (case.opened_by, case.is_open) == (alice, True)
    assert [(one.user, one.level) for one in case.memberships.all()] == [(alice, "lead")]


def test_it_is_on_record_without_its_title(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    client.post("/cases/new/", WORDS)
    (recorded,) = audit_log(trail)
    assert (recorded["event"]["action"], recorded["user"]["id"]) == ("case.open", "alice")
    assert recorded["resource"] == {"type": "case", "id": Case.objects.get().public_id}
    assert "deploy" not in str(recorded)


def test_what_is_wrong_is_said_and_nothing_is_lost(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    response = client.post("/cases/new/", WORDS | {"title": "", "severity": "terrible"})
    assertContains(response, "This field is required.", status_code=400)
    assertContains(response, "terrible is not one of the available choices", status_code=400)
    assertContains(response, "Seen in a public log.", status_code=400)
    assertContains(client.post("/cases/new/", WORDS | {"title": "x" * 201}), "at most 200", status_code=400)
    assert not Case.objects.exists()


def test_a_viewer_gets_403(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    assertContains(client.get("/cases/new/"), "Your role does not let you do that", status_code=403)
    assert client.post("/cases/new/", WORDS).status_code == 403
    assert not Case.objects.exists()


def test_without_a_record_there_is_no_case(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    assertContains(client.post("/cases/new/", WORDS), "Nothing was changed.", status_code=503)
    assert not Case.objects.exists()


def test_a_record_that_the_trail_does_not_take_is_as_good_as_none(client: Client, alice: User, trail: Trail) -> None:
    alice.name = "Bearer abcdefghijklmnopqrstuvwx"  # what the trail takes for a secret, and refuses
    alice.save()
    client.force_login(alice)
    assertContains(client.post("/cases/new/", WORDS), "The trail did not take the record", status_code=503)
    assert not Case.objects.exists()


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/cases/new/"), "/cases/new/")
    assert at_sign_in(client.post("/cases/new/", WORDS))
    assert not Case.objects.exists()


def test_other_methods_are_refused(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.put("/cases/new/").status_code == 405
