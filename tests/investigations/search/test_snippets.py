"""Pieces of queries that a person keeps for themselves."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.models import Snippet
from investigations.search import snippets
from tests.support.concurrency import at_once
from tests.support.pages import at_sign_in

SECRET = "fm2_" + "lJPECAAAAAAAAbcd" * 4


def test_the_text_of_the_bar_is_kept_in_one_step_and_the_search_stays(client: Client, alice: User) -> None:
    client.force_login(alice)
    response = client.post(
        "/snippets/keep/", {"q": "user.id:ann  OR b", "f": "event.outcome:failure", "csrfmiddlewaretoken": "x"}
    )
    assert response["Location"] == "/?q=user.id%3Aann++OR+b&f=event.outcome%3Afailure"
    assert [(one.owner, one.name, one.text) for one in Snippet.objects.all()] == [
        (alice, "user.id:ann OR b", "user.id:ann  OR b")
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "no query to keep"), ("user.id:", "is followed by nothing"), (f"token.id:{SECRET}", "never kept")],
)
def test_what_cannot_be_kept_is_said(client: Client, alice: User, no_trail: None, text: str, sentence: str) -> None:
    client.force_login(alice)
    response = client.post("/snippets/keep/", {"q": text})
    assert SECRET not in response["Location"]
    assertContains(client.get("/snippets/"), sentence)
    assertContains(client.post("/snippets/", {"name": "n", "text": text}), sentence, status_code=400)
    assert not Snippet.objects.exists()


def test_they_are_changed_and_thrown_away_by_their_owner(client: Client, alice: User) -> None:
    one, other = (snippets.keep(owner=alice, text=text, name=text) for text in ("user.id:a", "user.id:b"))
    client.force_login(alice)
    client.post("/snippets/", {"snippet": one.pk, "name": "Ann", "text": "user.id:ann"})
    assertContains(client.get("/snippets/"), "user.id:ann")
    assert Snippet.objects.get(name="Ann").text == "user.id:ann"
    response = client.post("/snippets/", {"snippet": other.pk, "name": "Ann", "text": "typed"})
    assertContains(response, "another snippet named Ann", status_code=400)
    assertContains(response, "typed</textarea>", status_code=400)
    client.post("/snippets/", {"snippet": other.pk, "action": "delete"})
    assert [one.name for one in Snippet.objects.all()] == ["Ann"]


def test_they_are_nobody_elses(client: Client, alice: User, lea: User) -> None:
    own = snippets.keep(owner=alice, text="user.id:suspect")
    client.force_login(lea)
    assertNotContains(client.get("/snippets/"), "suspect")
    for form in ({"action": "delete"}, {"name": "x", "text": "y"}):
        assert client.post("/snippets/", {"snippet": own.pk} | form).status_code == 404
    assert Snippet.objects.get().text == "user.id:suspect"


def test_there_is_an_end_to_how_many(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snippets, "MOST", 1)
    snippets.keep(owner=alice, text="a")
    client.force_login(alice)
    assertContains(client.post("/snippets/", {"text": "b"}), "throw some away", status_code=400)
    assert client.post("/snippets/", {"name": "a", "text": "again"}).status_code == 302
    assertContains(client.post("/snippets/", {"name": "n" * 81, "text": "b"}), "at most 80", status_code=400)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/snippets/"), "/snippets/")
    assert at_sign_in(client.post("/snippets/keep/"), "/snippets/keep/")


def test_keeping_is_no_link(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/snippets/keep/").status_code == 405


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_keep_the_same_name_at_once_make_one_snippet(transactional_db: None, alice: User) -> None:
    at_once(*[lambda: snippets.keep(owner=alice, text="user.id:mallory")] * 4)
    assert Snippet.objects.filter(owner=alice).count() == 1
