"""The editor of a filter."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from pytest_django.asserts import assertContains

from accounts.models import User
from tests.support.pages import at_sign_in
from trail.search.spec import Filter

SECRET = "fm2_" + "lJPECAAAAAAAAbcd" * 4


def asked(client: Client, **form: str | list[str]) -> dict[str, list[str]]:
    """Where the form leads, as parameters."""
    response = client.post("/search/filter/", form)
    assert response.status_code == 302, response.content[:3000]
    return parse_qs(urlsplit(response["Location"]).query)


@pytest.mark.parametrize(
    ("form", "chip"),
    [
        ({"how": "is", "values": " alice "}, "user.id:alice"),
        ({"how": "is_not", "values": "alice"}, "-user.id:alice"),
        ({"how": "one_of", "values": "alice\r\nbob\r\n\r\nalice"}, "user.id:alice|bob"),
        ({"how": "not_one_of", "values": "a|b\r\nc"}, "-user.id:a\\|b|c"),
        ({"how": "exists"}, "user.id"),
        ({"how": "not_exists", "disabled": "on"}, "~-user.id"),
        ({"how": "between", "low": "a", "high": ""}, "user.id(between):a|"),
        ({"field": "source.ip", "how": "network", "values": "10.0.0.0/8\r\n192.0.2.0/24"}, "source.ip(network):10.0.0.0/8|192.0.2.0/24"),
        ({"how": "is", "values": "a\\u000ab"}, "user.id:a\\u000ab"),
        ({"field": "novelty", "how": "is", "values": "any"}, "novelty:any"),
    ],
)  # fmt: skip
def test_it_leads_to_the_search_with_the_filter(client: Client, alice: User, form: dict[str, str], chip: str) -> None:
    client.force_login(alice)
    given = {
        "q": "token.id:$t",
        "p.t": "x",
        "f": "event.outcome:failure",
        "from": "now-1d",
        "case": "abc",
        "stack": "user.id",
    }
    found = asked(client, **(given | {"field": "user.id"} | form))
    assert found.pop("f") == ["event.outcome:failure", chip]
    assert found == {"q": ["token.id:$t"], "p.t": ["x"], "from": ["now-1d"], "case": ["abc"], "stack": ["user.id"]}


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"field": "usr.id", "how": "is", "values": "x"}, "There is no field"),
        ({"field": "", "how": "is", "values": "x"}, "Name the field"),
        ({"field": "user.id", "how": "is", "values": " \r\n"}, "Write a value."),
        ({"field": "user.id", "how": "is", "values": "a\r\nb"}, "These are 2 values"),
        ({"field": "user.id", "how": "between"}, "needs at least one end"),
        ({"field": "source.ip", "how": "is", "values": "house"}, "holds addresses"),
        ({"field": "user.id", "how": "network", "values": "10.0.0.0/8"}, "holds no addresses"),
        ({"field": "user.id", "how": "one_of", "values": "\r\n".join(map(str, range(501)))}, "at most 500 values"),
        ({"field": "user.id", "how": "one_of", "values": "\r\n".join("x" * 20 + str(n) for n in range(400))}, "too long for an address"),
        ({"field": "token.id", "how": "is", "values": SECRET}, "treat the token as leaked"),
        ({"field": "user.id", "how": "is", "values": "x", "from": "yesterday"}, "is not a time"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_a_sentence_and_what_was_typed_stays(
    client: Client, alice: User, form: dict[str, str], sentence: str
) -> None:
    client.force_login(alice)
    response = client.post("/search/filter/", {"q": "kept-words"} | form)
    assertContains(response, sentence, status_code=400)
    assertContains(response, 'name="q" value="kept-words"', status_code=400)


def test_it_begins_with_the_filter_that_is_changed_and_puts_the_other_in_its_place(client: Client, alice: User) -> None:
    client.force_login(alice)
    old = str(Filter("user.id", ("a\nb", "c"), negated=True))
    response = client.get("/search/filter/", {"q": "x", "f": [old, "event.action"], "edit": old})
    assertContains(response, "a\\u000ab\nc</textarea>")
    assertContains(response, '<option value="not_one_of" selected>')
    found = asked(client, q="x", f=[old, "event.action"], edit=old, field="user.id", how="is", values="z")
    assert found["f"] == ["user.id:z", "event.action"]


def test_it_begins_with_a_field_that_was_chosen_from_the_list(client: Client, rae: User) -> None:
    client.force_login(rae)
    assertContains(client.get("/search/filter/", {"field": "user.id"}), 'name="field" value="user.id"')


def test_htmx_gets_the_panel_and_is_then_shown_the_search_in_place(client: Client, alice: User) -> None:
    client.force_login(alice)
    headers = {"HX-Request": "true", "HX-Target": "filter-panel"}
    assert b"<html" not in client.get("/search/filter/", headers=headers).content
    response = client.post("/search/filter/", {"field": "user.id", "how": "exists"}, headers=headers)
    assert '"path": "/?f=user.id"' in response["HX-Location"]


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/search/filter/"), "/search/filter/")
