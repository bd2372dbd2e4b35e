"""What other tokens has this user ever been issued? The question leads to the user's page, which answers it."""

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.support.pages import at_sign_in
from trail.connection import Trail

PAGE = "/questions/tokens-issued/"


def test_it_leads_to_the_page_of_the_user(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assertContains(client.get(PAGE), "User id")
    for user, page in (("mallory", "/users/mallory/#tokens"), ("a/b <c>", "/users/~YS9iIDxjPg==/#tokens")):
        response = client.get(PAGE, {"user": user})
        assert (response.status_code, response["Location"]) == (302, page)


def test_a_token_itself_is_refused_and_not_shown_again(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    secret = f"ghp_{'a' * 36}"
    response = client.get(PAGE, {"user": secret})
    assertContains(response, "looks like a token itself", status_code=400)
    assertNotContains(response, secret, status_code=400)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get(PAGE), PAGE)


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post(PAGE).status_code == 405
