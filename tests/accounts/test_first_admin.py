"""The one-time link that makes the first admin."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertRedirects

from accounts import services
from accounts.models import FirstAdminLink, User
from trail.connection import Trail

# A change of people is on record, or it does not happen.
pytestmark = pytest.mark.usefixtures("trail")

WORDS = {"username": "root", "name": "The Root", "password": "correct horse battery", "again": "correct horse battery"}


@pytest.fixture
def page(db: None, quick_passwords: None) -> str:
    return f"/accounts/first-admin/{services.issue_first_admin_link()}/"


def test_the_link_makes_one_admin_who_is_signed_in(client: Client, page: str, trail: Trail) -> None:
    assertContains(client.get(page), "Make the first admin")
    assertRedirects(client.post(page, WORDS), "/home/")
    admin = User.objects.get()
    assert (admin.username, admin.role, admin.check_password(WORDS["password"])) == ("root", "admin", True)
    assert client.get("/admin/").status_code == 200


def test_it_works_once(client: Client, page: str) -> None:
    client.post(page, WORDS)
    client.logout()
    assert [client.get(page).status_code, client.post(page, WORDS | {"username": "second"}).status_code] == [404, 404]
    assert User.objects.count() == 1


def test_it_is_over_when_there_is_an_admin(client: Client, page: str, ada: User) -> None:
    assert client.get(page).status_code == 404
    assert services.issue_first_admin_link() is None


def test_it_grows_old(client: Client, page: str) -> None:
    FirstAdminLink.objects.update(expires_at=timezone.now())
    assert client.get(page).status_code == 404


def test_a_new_link_ends_the_one_before(client: Client, page: str) -> None:
    services.issue_first_admin_link()
    assert client.get(page).status_code == 404


def test_only_its_digest_is_kept(page: str) -> None:
    assert page.split("/")[-2] not in str(FirstAdminLink.objects.values())


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"username": "a b"}, "Use 2 to 64 letters, digits"),
        ({"again": "correct horse"}, "The two passwords differ."),
        ({"password": "short", "again": "short"}, "at least 12 characters"),
        ({"password": "password1234", "again": "password1234"}, "too common"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_and_the_link_still_holds(
    client: Client, page: str, wrong: dict[str, str], sentence: str
) -> None:
    response = client.post(page, WORDS | wrong)
    assertContains(response, sentence, status_code=400)
    assertContains(response, (WORDS | wrong)["username"], status_code=400)
    assert not User.objects.exists()
    assert client.get(page).status_code == 200


def test_a_guessed_link_is_404(client: Client, page: str) -> None:
    assert client.get("/accounts/first-admin/guess/").status_code == 404


def test_a_name_that_is_taken_makes_no_admin(client: Client, page: str, alice: User) -> None:
    assertContains(client.post(page, WORDS | {"username": "Alice"}), "There is somebody named Alice", status_code=400)
    assert client.get(page).status_code == 200


def test_the_command_prints_a_link_that_works(client: Client, db: None) -> None:
    said = StringIO()
    call_command("first_admin", stdout=said)
    link = said.getvalue().split()[-1]
    assert client.get(link[link.index("/accounts/") :]).status_code == 200


def test_the_command_makes_no_second_admin(ada: User) -> None:
    with pytest.raises(CommandError, match="There is an admin already"):
        call_command("first_admin")
