"""The page of a case's custody: what its verifications came to, and the button that starts one."""

import orjson
import pytest
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations.case_verification import services as case_verification
from investigations.exports import services as exports
from investigations.models import Case, CaseVerification, Evidence, Export
from tests.support.factories.cases import close_case, export, pin
from tests.support.factories.events import use
from tests.support.pages import at_sign_in
from trail.connection import Trail


@pytest.fixture
def copy(case: Case, alice: User, trail: Trail) -> Evidence:
    return pin(trail, case, alice, use("t", id="e1"), use("t", id="e2"))[0]


@pytest.fixture
def page(case: Case, copy: Evidence) -> str:
    return f"/cases/{case.public_id}/custody/"


@pytest.fixture
def button(case: Case, copy: Evidence) -> str:
    return f"/cases/{case.public_id}/verify/"


def test_a_case_that_was_never_verified_says_so(client: Client, rae: User, page: str) -> None:
    client.force_login(rae)
    assertContains(client.get(page), "was never verified")


def test_the_button_starts_it_and_the_page_follows_it_until_it_is_over(
    client: Client,
    bob: User,
    page: str,
    button: str,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    client.force_login(bob)
    with django_capture_on_commit_callbacks(execute=True):
        assertRedirects(client.post(button), page)
    assertContains(client.get(page), 'hx-trigger="every 1s"')
    assertNotContains(client.get(page), "Verify all evidence</button>")
    case_verification.verify_case(CaseVerification.objects.get().pk)
    part = client.get(page, headers={"HX-Request": "true", "HX-Target": "verification"})
    assertContains(part, "<b>2 of 2 intact</b>", html=True)
    assertNotContains(part, "hx-trigger")
    assert part["HX-Refresh"] == "true"
    assertNotContains(part, "<html")


def test_what_differs_is_named_there_and_at_the_head_of_the_case(
    client: Client, case: Case, rae: User, alice: User, copy: Evidence, page: str
) -> None:
    Evidence.objects.filter(pk=copy.pk).update(frozen=orjson.dumps(copy.document | {"user": {"id": "somebody"}}))
    case_verification.verify_case(case_verification.start(case=case, by=alice).pk)
    client.force_login(rae)
    assertContains(client.get(page), "E1</a>: the frozen copy no longer has the digest it was pinned with.")
    assertContains(client.get(f"/cases/{case.public_id}/notes/"), "1 of 2 differ")


def test_a_closed_case_is_verified(client: Client, case: Case, alice: User, button: str) -> None:
    close_case(case, alice)
    client.force_login(alice)
    client.post(button)
    case_verification.verify_case(CaseVerification.objects.get().pk)
    assert CaseVerification.objects.get().intact == 2


def test_a_trail_that_is_down_starts_nothing(client: Client, alice: User, button: str, settings: Settings) -> None:
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    client.force_login(alice)
    assertContains(client.post(button), "Nothing was changed.", status_code=503)
    assert not CaseVerification.objects.exists()


def test_an_export_is_verified_first_and_says_what_it_came_to(
    client: Client, case: Case, alice: User, copy: Evidence
) -> None:
    made = export(alice, case=case)
    assert made.verification is not None
    assert (made.verification.intact, made.verification.for_export) == (2, True)
    client.force_login(alice)
    assertContains(client.get(f"/exports/{made.public_id}/"), "<b>2 of 2 intact</b>", html=True)


def test_a_difference_does_not_stop_an_export_and_is_said_on_its_page(
    client: Client, case: Case, alice: User, copy: Evidence
) -> None:
    Evidence.objects.filter(pk=copy.pk).update(frozen=orjson.dumps(copy.document | {"user": {"id": "somebody"}}))
    made = export(alice, case=case)
    assert made.state == "finished"
    client.force_login(alice)
    assertContains(client.get(f"/exports/{made.public_id}/"), "<b>1 of 2 differ</b>", html=True)


@pytest.mark.parametrize("format", Export.Format.values)
def test_no_export_of_a_case_is_finished_without_a_verification(
    case: Case, alice: User, copy: Evidence, settings: Settings, format: str
) -> None:
    made = exports.start(format=format, by=alice, case=case)
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    exports.write_export(made.pk)
    made.refresh_from_db()
    assert (made.state, made.verification) == ("queued", None)
    (verification,) = CaseVerification.objects.all()
    assert (verification.state, verification.differing) == ("failed", 0)
    assert verification.problem.startswith("It could not be verified")


def test_an_export_that_is_cancelled_while_it_verifies_has_no_file(
    case: Case, alice: User, copy: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = exports.start(format="csv", by=alice, case=case)
    find = case_verification.EvidenceComparison.__init__

    def cancel_first(self: case_verification.EvidenceComparison) -> None:
        exports.cancel(export=made, by=alice)
        find(self)

    monkeypatch.setattr(case_verification.EvidenceComparison, "__init__", cancel_first)
    exports.write_export(made.pk)
    made.refresh_from_db()
    assert (made.state, made.verification) == ("cancelled", None)
    assert CaseVerification.objects.get().problem == "It could not be verified: the export was stopped."


def test_a_viewer_gets_403(client: Client, rae: User, button: str) -> None:
    client.force_login(rae)
    assert client.post(button).status_code == 403


def test_a_stranger_gets_404(client: Client, charlie: User, page: str, button: str) -> None:
    client.force_login(charlie)
    assert [client.get(page).status_code, client.post(button).status_code] == [404, 404]


def test_anonymous_goes_to_sign_in(client: Client, page: str, button: str) -> None:
    assert at_sign_in(client.get(page), page)
    assert at_sign_in(client.post(button))


def test_other_methods_are_refused(client: Client, alice: User, page: str, button: str) -> None:
    client.force_login(alice)
    assert [client.post(page).status_code, client.get(button).status_code] == [405, 405]
