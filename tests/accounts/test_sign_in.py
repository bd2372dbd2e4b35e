"""Signing in and out."""

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from tests.support.cast import PASSWORD
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail
from trail.documents import get

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


def test_everybody_changes_their_own_password_on_record(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    page, new = "/accounts/password/change/", "another horse battery"
    wrong = client.post(page, {"oldpassword": "wrong", "password1": new, "password2": new})
    assertContains(wrong, "type your current password")
    short = client.post(page, {"oldpassword": PASSWORD, "password1": "short", "password2": "short"})
    assertContains(short, "at least 12 characters")
    client.post(page, {"oldpassword": PASSWORD, "password1": new, "password2": new})
    alice.refresh_from_db()
    assert alice.check_password(new)
    (record,) = audit_log(trail, "user.password.change")
    assert (record["user"]["id"], record.get("labels")) == ("alice", None)


def test_a_password_that_cannot_be_put_on_record_stays_as_it_was(client: Client, alice: User) -> None:
    client.force_login(alice)
    new = "another horse battery"
    words = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert client.post("/accounts/password/change/", words).status_code == 503
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_signing_in_failing_to_and_signing_out_are_on_record_with_their_address(
    client: Client, alice: User, trail: Trail
) -> None:
    client.post(PAGE, {"login": "alice", "password": "wrong"}, REMOTE_ADDR="203.0.113.9")
    client.post(PAGE, {"login": "hunter2hunter2", "password": "alice"}, REMOTE_ADDR="203.0.113.9")
    client.post(PAGE, {"login": "alice", "password": PASSWORD}, REMOTE_ADDR="203.0.113.7")
    client.post("/accounts/logout/", REMOTE_ADDR="203.0.113.7")
    records = audit_log(trail, "user.sign_*", whole=True)
    assert [
        (
            get(one, "event.action"),
            get(one, "event.outcome"),
            get(one, "event.reason"),
            get(one, "user.id"),
            get(one, "source.ip"),
        )
        for one in records
    ] == [
        ("user.sign_in", "failure", "wrong_password", "alice", "203.0.113.9"),
        ("user.sign_in", "failure", "unknown_name", "visitor:anonymous", "203.0.113.9"),
        ("user.sign_in", "success", None, "alice", "203.0.113.7"),
        ("user.sign_out", "success", None, "alice", "203.0.113.7"),
    ]
    assert get(records[2], "labels.session") == get(records[3], "labels.session")
    assert "hunter2" not in str(records)


def test_people_sign_in_while_the_trail_is_down_and_that_is_on_record_later(
    client: Client, alice: User, trail: Trail, settings: Settings
) -> None:
    node, settings.OPENSEARCH_URL = settings.OPENSEARCH_URL, "http://127.0.0.1:1"
    assert client.post(PAGE, {"login": "alice", "password": PASSWORD}).status_code == 302
    settings.OPENSEARCH_URL = node
    assert len(audit_log(trail, "user.sign_in")) == 1


def test_nobody_is_signed_in_without_a_record(client: Client, alice: User, settings: Settings) -> None:
    settings.ACCESS_SPOOL_DIR = "/dev/null/nowhere"
    assert client.post(PAGE, {"login": "alice", "password": PASSWORD}).status_code == 503
    assert at_sign_in(client.get("/accounts/profile/"))


def test_a_stranger_elsewhere_locks_nobody_out(client: Client, alice: User) -> None:
    for _ in range(12):
        client.post(PAGE, {"login": "alice", "password": "guess"}, REMOTE_ADDR="203.0.113.66")
    locked = client.post(PAGE, {"login": "alice", "password": PASSWORD}, REMOTE_ADDR="203.0.113.66")
    assertContains(locked, "Too many failed login attempts")
    own = client.post(PAGE, {"login": "alice", "password": PASSWORD}, REMOTE_ADDR="203.0.113.7")
    assert own.status_code == 302


def test_failures_for_one_name_keep_nobody_else_out_of_the_same_office(client: Client, alice: User, bob: User) -> None:
    for _ in range(20):
        client.post(PAGE, {"login": "alice", "password": "guess"}, REMOTE_ADDR="203.0.113.7")
    assert client.post(PAGE, {"login": "bob", "password": PASSWORD}, REMOTE_ADDR="203.0.113.7").status_code == 302


def test_a_network_of_ipv6_is_one_source(client: Client, alice: User) -> None:
    for number in range(6):
        client.post(PAGE, {"login": "alice", "password": "guess"}, REMOTE_ADDR=f"2001:db8::{number}")
    locked = client.post(PAGE, {"login": "alice", "password": PASSWORD}, REMOTE_ADDR="2001:db8::99")
    assertContains(locked, "Too many failed login attempts")


def test_nobody_escapes_the_lock_by_a_header_of_their_own(client: Client, alice: User) -> None:
    for number in range(7):
        header = {"X-Forwarded-For": f"198.51.100.{number}"}
        answer = client.post(PAGE, {"login": "alice", "password": "guess"}, headers=header)
    assertContains(answer, "Too many failed login attempts")


def test_all_guesses_from_one_address_are_held_up_at_last(client: Client, alice: User) -> None:
    for number in range(101):
        answer = client.post(PAGE, {"login": f"name{number}", "password": "guess"})
    assertContains(answer, "Too many failed login attempts")
