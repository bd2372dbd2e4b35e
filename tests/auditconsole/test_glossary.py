"""The glossary: one page for people and code, with every word once."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains

from accounts.models import User
from auditconsole.glossary import read_glossary
from tests.support.pages import at_sign_in


def test_every_word_is_defined_once_and_none_is_the_wrong_word_for_another() -> None:
    words = [word for section in read_glossary().values() for word in section]
    terms = [word.term for word in words]
    assert len(terms) > 30
    assert len(set(terms)) == len(terms)
    assert all(word.meaning for word in words)
    wrong = {name.strip() for word in words for name in word.instead_of.split(",") if name.strip()}
    assert wrong & set(terms) == set()


@pytest.mark.parametrize("name", ["rae", "alice", "ada"])
def test_whoever_is_signed_in_can_look_a_word_up(client: Client, name: str, request: pytest.FixtureRequest) -> None:
    client.force_login(request.getfixturevalue(name))
    response = client.get("/words/")
    assertContains(response, "first seen")
    assertContains(response, "<td>novelty, firsts, pairing, mark</td>")
    assertContains(response, 'id="token-status"')
    assert "](" not in response.content.decode()


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/words/"), "/words/")


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post("/words/").status_code == 405
