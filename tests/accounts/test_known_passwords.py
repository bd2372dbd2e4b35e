"""The demonstration's password lets somebody in at the machine itself alone."""

import os
import subprocess
import sys

import pytest
from django.conf import settings as configured
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains

from accounts import services
from accounts.known_passwords import DEMONSTRATION, SENTENCE
from accounts.models import User
from tests.support.pages import at_sign_in


@pytest.fixture
def lea_of_the_demonstration(db: None) -> User:
    return services.create_user(username="lea", password=DEMONSTRATION, role="lead", name="Lea")


def test_at_the_machine_itself_it_lets_in(client: Client, lea_of_the_demonstration: User) -> None:
    assert configured.LISTENS_ON_LOOPBACK
    client.post("/accounts/login/", {"login": "lea", "password": DEMONSTRATION})
    assert client.get("/accounts/profile/").status_code == 200


def test_from_elsewhere_it_lets_nobody_in_and_says_why(
    client: Client, lea_of_the_demonstration: User, settings: Settings
) -> None:
    settings.LISTENS_ON_LOOPBACK = False
    for name in ("lea", "nobody"):  # the sentence tells nothing of who is there
        answer = client.post("/accounts/login/", {"login": name, "password": DEMONSTRATION})
        assertContains(answer, SENTENCE, html=True)
    assert at_sign_in(client.get("/accounts/profile/"))


def test_no_other_page_lets_it_in_either(client: Client, ada: User, settings: Settings) -> None:
    settings.LISTENS_ON_LOOPBACK = False
    ada.set_password(DEMONSTRATION)
    ada.save()
    assert authenticate(None, username="ada", password=DEMONSTRATION) is None
    client.post("/admin/login/", {"username": "ada", "password": DEMONSTRATION})
    assert "_auth_user_id" not in client.session


def test_its_people_are_not_made_where_others_reach_the_console(db: None, settings: Settings) -> None:
    settings.LISTENS_ON_LOOPBACK = False
    with pytest.raises(CommandError, match="a password that everybody knows"):
        call_command("demo_people")
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("environment", "is_local"),
    [
        ({}, True),
        ({"WEB_HOST": "::1"}, True),
        ({"WEB_HOST": "0.0.0.0"}, False),
        ({"WEB_HOST": "10.0.0.7"}, False),
        ({"BEHIND_TLS": "1", "TRUSTED_PROXIES": "10.0.0.1"}, False),
        ({"TRUSTED_PROXIES": "127.0.0.1"}, False),
        ({"ALLOWED_HOSTS": "localhost,audit.example.org"}, False),
        ({"ALLOWED_HOSTS": "*"}, False),
    ],
)
def test_what_reaches_it_is_told_by_where_it_listens_and_under_which_names(
    environment: dict[str, str], is_local: bool
) -> None:
    program = "from auditconsole import settings; print(settings.LISTENS_ON_LOOPBACK)"
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=configured.BASE_DIR,
        env={name: value for name, value in os.environ.items() if name not in ("WEB_HOST", "ALLOWED_HOSTS")}
        | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.strip() == str(is_local)
