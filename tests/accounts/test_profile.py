"""A person's own page."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains

from accounts.models import User
from accounts.roles import DUTIES, Role
from tests.support.pages import at_sign_in


@pytest.mark.parametrize("name", ["rae", "alice", "lea", "ada"])
def test_it_says_who_one_is_and_what_one_may(client: Client, name: str, request: pytest.FixtureRequest) -> None:
    person: User = request.getfixturevalue(name)
    client.force_login(person)
    response = client.get("/accounts/profile/")
    assertContains(response, person.name)
    assertContains(response, person.get_role_display())
    for duty in DUTIES[Role(person.role)]:
        assertContains(response, duty)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/accounts/profile/"), "/accounts/profile/")


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post("/accounts/profile/").status_code == 405
