"""People, as an admin keeps them."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from tests.cast import PASSWORD
from tests.functional.reading import at_sign_in

# A change of people is on record, or it does not happen.
pytestmark = pytest.mark.usefixtures("trail")

LIST = "/admin/accounts/user/"
NEW = {"username": "dora", "name": "Dora", "email": "", "role": "analyst", "is_active": "on", "new_password": PASSWORD}


def _change(person: User) -> str:
    return f"{LIST}{person.pk}/change/"


def _words(person: User, **wanted: str) -> dict[str, str]:
    present = {"name": person.name, "email": person.email, "role": person.role, "is_active": "on", "new_password": ""}
    return {name: value for name, value in (present | wanted).items() if value != "off"}


def test_an_admin_makes_somebody_who_then_signs_in(client: Client, ada: User) -> None:
    client.force_login(ada)
    assertRedirects(client.post(f"{LIST}add/", NEW), LIST)
    dora = User.objects.get(username="dora")
    assert (dora.role, dora.is_active, dora.check_password(PASSWORD)) == ("analyst", True, True)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"new_password": ""}, "A new person needs a password"),
        ({"new_password": "short"}, "at least 12 characters"),
        ({"new_password": "password1234"}, "too common"),
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


def test_a_lost_password_is_set_anew_and_ends_the_sessions(client: Client, ada: User, alice: User) -> None:
    hers = Client()
    hers.force_login(alice)
    client.force_login(ada)
    client.post(_change(alice), _words(alice, new_password="another horse battery"))
    alice.refresh_from_db()
    assert alice.check_password("another horse battery")
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
    for page in ("/admin/", LIST, f"{LIST}add/", _change(person)):
        assert client.get(page).status_code in (302, 403)
    client.post(_change(person), _words(person, role="admin"))
    person.refresh_from_db()
    assert person.role != "admin"


def test_anonymous_goes_to_the_consoles_own_sign_in(client: Client, db: None) -> None:
    for page in ("/admin/", LIST, f"{LIST}add/"):
        response = client.get(page, follow=True)
        assert response.redirect_chain[-1][0].startswith("/accounts/login/")
