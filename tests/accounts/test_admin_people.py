"""People, as an admin keeps them."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import PasswordLink, User
from core.errors import Refused
from operations.incidents.response import resolve_incident
from operations.models import Incident
from tests.support.cast import PASSWORD
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail

# A change of people is on record, or it does not happen.
pytestmark = pytest.mark.usefixtures("trail")

NEW_PASSWORD = "another horse battery"
LIST = "/admin/accounts/user/"
NEW = {"username": "dora", "name": "Dora", "email": "", "role": "analyst", "is_active": "on"}


def _change(person: User) -> str:
    return f"{LIST}{person.pk}/change/"


def _words(person: User, **wanted: str) -> dict[str, str]:
    present = {"name": person.name, "email": person.email, "role": person.role, "is_active": "on"}
    return {name: value for name, value in (present | wanted).items() if value != "off"}


def _take_link(response: HttpResponse) -> str:
    """The link that the page shows, as an address of this console."""
    shown = re.search(r"http://testserver(/accounts/password/link/[^<]+)", response.content.decode())
    assert shown is not None
    return shown.group(1)


def _issue_link(client: Client, person: User) -> str:
    return _take_link(client.post(f"{LIST}{person.pk}/password-link/"))


def test_an_admin_makes_somebody_who_chooses_a_password_by_a_link_and_signs_in(client: Client, ada: User) -> None:
    client.force_login(ada)
    response = client.post(f"{LIST}add/", NEW)
    dora = User.objects.get(username="dora")
    assertRedirects(response, f"{LIST}{dora.pk}/password-link/")
    assert (dora.role, dora.is_active, dora.has_usable_password()) == ("analyst", True, False)
    link = _issue_link(client, dora)
    hers = Client()
    assertContains(hers.get(link), "dora")
    assertRedirects(hers.post(link, {"password": NEW_PASSWORD, "again": NEW_PASSWORD}), "/accounts/login/")
    assert hers.post("/accounts/login/", {"login": "dora", "password": NEW_PASSWORD}).status_code == 302


def test_a_password_link_works_once_and_an_older_one_not_at_all(client: Client, ada: User, alice: User) -> None:
    client.force_login(ada)
    older, link = _issue_link(client, alice), _issue_link(client, alice)
    assert client.get(older).status_code == 404
    short = client.post(link, {"password": "short", "again": "short"})
    assertContains(short, "at least 12 characters", status_code=400)
    client.post(link, {"password": NEW_PASSWORD, "again": NEW_PASSWORD})
    for response in (client.get(link), client.post(link, {"password": PASSWORD, "again": PASSWORD})):
        assert response.status_code == 404
    alice.refresh_from_db()
    assert alice.check_password(NEW_PASSWORD)


def test_a_password_link_ends_after_a_day_and_with_its_person(client: Client, ada: User, alice: User) -> None:
    client.force_login(ada)
    link = _issue_link(client, alice)
    PasswordLink.objects.update(expires_at=timezone.now())
    assert client.get(link).status_code == 404
    link = _issue_link(client, alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get(link).status_code == 404
    assertContains(client.post(f"{LIST}{alice.pk}/password-link/"), "alice is shut out; let them in first.")


def test_no_form_of_the_admin_takes_a_password_for_somebody_else(client: Client, ada: User, alice: User) -> None:
    client.force_login(ada)
    assert "password" not in list(client.get(_change(alice)).context["adminform"].form.fields)
    sent = {"new_password": NEW_PASSWORD, "password": NEW_PASSWORD, "password1": NEW_PASSWORD}
    client.post(_change(alice), _words(alice) | sent)
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_the_link_and_the_password_are_on_record_and_the_link_itself_is_not(
    client: Client, ada: User, alice: User, trail: Trail
) -> None:
    client.force_login(ada)
    link = _issue_link(client, alice)
    Client().post(link, {"password": NEW_PASSWORD, "again": NEW_PASSWORD})
    (issued,), (chosen,) = audit_log(trail, "user.link.issue"), audit_log(trail, "user.password.change")
    assert (issued["user"]["id"], issued["resource"]["id"]) == ("ada", "alice")
    assert (chosen["user"]["id"], chosen["labels"]["link_of"]) == ("alice", "ada")
    token = link.rstrip("/").rpartition("/")[2]
    assert token not in str(audit_log(trail, "*"))


def test_making_somebody_a_lead_is_told_to_all_leads_and_not_resolved_by_who_did_it(
    client: Client, ada: User, alice: User, lea: User
) -> None:
    client.force_login(ada)
    client.post(_change(alice), _words(alice, role="lead"))
    told = Incident.objects.get()
    assert (told.kind, told.subject, told.what, told.state) == ("privilege", "alice", "ada made alice a lead.", "over")
    with pytest.raises(Refused, match="You gave these rights yourself"):
        resolve_incident(incident=told, by=ada, text="fine")
    resolve_incident(incident=told, by=lea, text="agreed")
    told.refresh_from_db()
    assert told.state == "resolved"


def test_a_link_to_a_leads_password_is_told_to_all_leads(client: Client, ada: User, lea: User, alice: User) -> None:
    client.force_login(ada)
    _issue_link(client, alice)
    assert not Incident.objects.exists()
    _issue_link(client, lea)
    assert Incident.objects.get().what == "ada made a link by which lea chooses another password."


def test_the_only_admin_of_a_console_without_leads_makes_another_and_judges_it(
    client: Client, ada: User, alice: User
) -> None:
    client.force_login(ada)
    client.post(_change(alice), _words(alice, role="admin"))
    alice.refresh_from_db()
    assert alice.role == "admin"
    resolve_incident(incident=Incident.objects.get(), by=ada, text="there is nobody else")


@pytest.mark.parametrize(
    ("page", "leads_to"), [("password_change", "/accounts/password/change/"), ("logout", "/accounts/logout/")]
)
def test_the_admins_pages_for_oneself_are_the_consoles_which_are_held_up(
    client: Client, ada: User, page: str, leads_to: str
) -> None:
    client.force_login(ada)
    assertRedirects(client.get(f"/admin/{page}/"), leads_to)


def test_guessing_ones_own_password_is_held_up(client: Client, ada: User) -> None:
    client.force_login(ada)
    guess = {"oldpassword": "guess", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    statuses = [client.post("/accounts/password/change/", guess).status_code for _ in range(8)]
    assert statuses[-1] == 429


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"username": "x"}, "Use 2 to 64 letters, digits"),
        ({"username": "do ra"}, "Use 2 to 64 letters, digits"),
        ({"username": "ADA"}, "one_person_of_a_username"),
        ({"role": "king"}, "not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said(client: Client, ada: User, wrong: dict[str, str], sentence: str) -> None:
    client.force_login(ada)
    assertContains(client.post(f"{LIST}add/", NEW | wrong), sentence)
    assert User.objects.get() == ada


def test_a_role_changes_and_the_password_stays_when_none_is_typed(client: Client, ada: User, alice: User) -> None:
    client.force_login(ada)
    assertRedirects(client.post(_change(alice), _words(alice, role="lead")), LIST)
    alice.refresh_from_db()
    assert (alice.role, alice.check_password(PASSWORD)) == ("lead", True)


def test_a_lost_password_is_chosen_anew_and_ends_the_sessions(client: Client, ada: User, alice: User) -> None:
    hers = Client()
    hers.force_login(alice)
    client.force_login(ada)
    Client().post(_issue_link(client, alice), {"password": NEW_PASSWORD, "again": NEW_PASSWORD})
    alice.refresh_from_db()
    assert alice.check_password(NEW_PASSWORD)
    assert at_sign_in(hers.get("/accounts/profile/"))


def test_a_name_in_the_trail_is_for_ever(client: Client, ada: User, alice: User) -> None:
    client.force_login(ada)
    client.post(_change(alice), _words(alice) | {"username": "malice"})
    alice.refresh_from_db()
    assert alice.username == "alice"


def test_somebody_shut_out_is_out_at_once(client: Client, ada: User, alice: User) -> None:
    hers = Client()
    hers.force_login(alice)
    client.force_login(ada)
    client.post(_change(alice), _words(alice, is_active="off"))
    assert at_sign_in(hers.get("/accounts/profile/"))


@pytest.mark.parametrize("change", [{"role": "lead"}, {"is_active": "off"}])
def test_the_only_admin_stays_one(client: Client, ada: User, change: dict[str, str]) -> None:
    client.force_login(ada)
    response = client.post(_change(ada), _words(ada, **change))
    assertContains(response, "ada is the only admin; make somebody else an admin first.")
    ada.refresh_from_db()
    assert (ada.role, ada.is_active) == ("admin", True)


def test_nobody_is_deleted(client: Client, ada: User, alice: User) -> None:
    client.force_login(ada)
    assert client.post(f"{LIST}{alice.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(LIST, {"action": "delete_selected", "_selected_action": alice.pk, "post": "yes"})
    assert User.objects.filter(pk=alice.pk).exists()


@pytest.mark.parametrize("name", ["rae", "alice", "lea"])
def test_nobody_else_gets_in(client: Client, name: str, request: pytest.FixtureRequest) -> None:
    person: User = request.getfixturevalue(name)
    client.force_login(person)
    for page in ("/admin/", LIST, f"{LIST}add/", _change(person), f"{LIST}{person.pk}/password-link/"):
        assert client.get(page).status_code in (302, 403)
    client.post(_change(person), _words(person, role="admin"))
    client.post(f"{LIST}{person.pk}/password-link/")
    assert not PasswordLink.objects.exists()
    person.refresh_from_db()
    assert person.role != "admin"


def test_anonymous_goes_to_the_consoles_own_sign_in(client: Client, db: None) -> None:
    for page in ("/admin/", LIST, f"{LIST}add/"):
        response = client.get(page, follow=True)
        assert response.redirect_chain[-1][0].startswith("/accounts/login/")
