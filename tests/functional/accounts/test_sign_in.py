"""Signing in and out."""

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from tests.cast import PASSWORD
from tests.functional.reading import at_sign_in
from trail.connection import Trail

PAGE = "/accounts/login/"


def test_the_right_password_leads_back_to_where_one_was_going(client: Client, alice: User) -> None:
    response = client.post(f"{PAGE}?next=/cases/", {"login": "alice", "password": PASSWORD, "next": "/cases/"})
    assertRedirects(response, "/cases/")
    assert client.get("/accounts/profile/").status_code == 200


@pytest.mark.parametrize("name", ["ALICE", "alice"])
def test_a_name_is_the_same_in_capitals(client: Client, alice: User, name: str) -> None:
    assert client.post(PAGE, {"login": name, "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize(("name", "password"), [("alice", "wrong"), ("nobody", PASSWORD)])
def test_a_wrong_password_and_an_unknown_name_get_the_same_sentence(
    client: Client, alice: User, name: str, password: str
) -> None:
    response = client.post(PAGE, {"login": name, "password": password})
    assertContains(response, "The username and/or password you specified are not correct.")
    assert at_sign_in(client.get("/accounts/profile/"))


def test_somebody_shut_out_does_not_come_in(client: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    client.post(PAGE, {"login": "alice", "password": PASSWORD})
    assert at_sign_in(client.get("/accounts/profile/"))


def test_guessing_is_held_up(client: Client, alice: User) -> None:
    for _ in range(6):
        client.post(PAGE, {"login": "alice", "password": "guess"})
    assertContains(client.post(PAGE, {"login": "alice", "password": PASSWORD}), "Too many failed login attempts")
    assert at_sign_in(client.get("/accounts/profile/"))


def test_a_queue_that_is_down_is_said_to_be_down(client: Client, alice: User, settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    response = client.post(PAGE, {"login": "alice", "password": PASSWORD})
    assertContains(response, "The queue (Redis) does not answer", status_code=503)


def test_it_never_leads_to_another_site(client: Client, alice: User, trail: Trail) -> None:
    for where in ("https://evil.example/", "//evil.example"):
        response = client.post(PAGE, {"login": "alice", "password": PASSWORD, "next": where})
        assert "evil" not in response.headers.get("Location", "")
        client.logout()


def test_signing_out_ends_it(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/accounts/logout/").status_code == 200  # a question, for a link must not sign anybody out
    assert client.get("/accounts/profile/").status_code == 200
    client.post("/accounts/logout/")
    assert at_sign_in(client.get("/accounts/profile/"))


def test_accounts_are_an_admins_to_make(client: Client, db: None) -> None:
    for page in ("/accounts/signup/", "/accounts/password/reset/", "/accounts/email/"):
        assertContains(client.get(page), "Ask an admin")
        assert client.post(page, {"username": "intruder", "password1": PASSWORD}).status_code == 405
    assert not User.objects.exists()


def test_everybody_changes_their_own_password(client: Client, alice: User) -> None:
    client.force_login(alice)
    page, new = "/accounts/password/change/", "another horse battery"
    wrong = client.post(page, {"oldpassword": "wrong", "password1": new, "password2": new})
    assertContains(wrong, "type your current password")
    short = client.post(page, {"oldpassword": PASSWORD, "password1": "short", "password2": "short"})
    assertContains(short, "at least 12 characters")
    client.post(page, {"oldpassword": PASSWORD, "password1": new, "password2": new})
    alice.refresh_from_db()
    assert alice.check_password(new)
