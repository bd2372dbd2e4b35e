"""A timeline is narrowed with the editor, the completion and the facets of the search page, of this case's evidence alone."""

import re

import pytest
from django.test import Client
from django.utils.http import urlencode
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations.evidence_search import values
from investigations.models import Case
from tests.support.factories.cases import pin
from tests.support.factories.events import use, write
from tests.support.pages import text_of
from trail.connection import Trail


@pytest.fixture(autouse=True)
def _pinned(case: Case, alice: User, trail: Trail) -> None:
    pin(
        trail,
        case,
        alice,
        use("tok_1", user__id="ada", source__ip="203.0.113.7", url__path="/a"),
        use("tok_2", user__id="grace", event__outcome="failure", labels={"team": "red"}),
        use("tok_3", user__id="grace", url__path="/ab"),
    )
    write(trail, use("tok_4", user__id="gwen", url__path="/elsewhere", labels={"town": "Berne"}))


def _offer(client: Client, case: Case, text: str) -> list[str]:
    page = text_of(client.get(f"/cases/{case.public_id}/complete/", {"q": text}))
    return re.findall(r'class="option__text mono">(.*?)</bdi>', page)


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("user.id:", ["grace", "ada"]),
        ("user.id:G", ["grace"]),
        ("url.path:/", ["/a", "/ab"]),
        ("labels.t", ["labels.team"]),
        ("labels.team:", ["red"]),
        ("user.id:gw", []),
    ],
)
def test_what_is_typed_is_completed_from_the_case_alone_and_without_the_trail(
    client: Client, case: Case, alice: User, settings: Settings, text: str, offered: list[str]
) -> None:
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    client.force_login(alice)
    shown = _offer(client, case, text)
    assert [word for word in shown if word not in (text,)] == offered


def test_fields_that_the_case_has_are_offered_before_the_others(client: Client, case: Case, alice: User) -> None:
    client.force_login(alice)
    present = values.list_present_fields(case)
    ranks = [name not in present for name in _offer(client, case, "token.") if name != "token."]
    assert ranks == sorted(ranks)
    assert set(ranks) == {True, False}


def test_values_of_a_field_without_facts_are_of_a_sample_that_is_said(
    client: Client, case: Case, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "READ", 2)
    client.force_login(alice)
    page = client.get(f"/cases/{case.public_id}/complete/", {"q": "url.path:"})
    assertContains(page, "As the first 2 of 3 events of this case have it.")
    assertNotContains(client.get(f"/cases/{case.public_id}/complete/", {"q": "user.id:"}), "As the first")


def test_the_editor_makes_a_filter_and_keeps_what_else_is_chosen(client: Client, case: Case, alice: User) -> None:
    client.force_login(alice)
    at = f"/cases/{case.public_id}/"
    page = client.get(f"{at}filter/", {"q": "token.id:*", "relevance": "key"})
    assertContains(page, '<input type="hidden" name="q" value="token.id:*">')
    assertNotContains(page, "Pin it")
    words = {"q": "token.id:*", "relevance": "key", "field": "user.id", "how": "not_one_of", "values": "ada\nbob"}
    answer = client.post(f"{at}filter/", words)
    chosen = urlencode([("relevance", "key"), ("q", "token.id:*"), ("f", "-user.id:ada|bob")])
    assertRedirects(answer, f"{at}?{chosen}", fetch_redirect_response=False)


def test_the_editor_changes_a_filter_in_its_place(client: Client, case: Case, alice: User) -> None:
    client.force_login(alice)
    at = f"/cases/{case.public_id}/"
    words = {"f": ["user.id:ada", "token.kind:x"], "edit": "user.id:ada"}
    assertContains(client.get(f"{at}filter/", words), "Change a filter")
    changed = {**words, "field": "user.id", "how": "is", "values": "grace", "disabled": "on"}
    answer = client.post(f"{at}filter/", changed)
    chosen = urlencode([("f", "~user.id:grace"), ("f", "token.kind:x")])
    assertRedirects(answer, f"{at}?{chosen}", fetch_redirect_response=False)
    wrong = client.post(f"{at}filter/", {**words, "field": "nosuch", "how": "is", "values": "x"})
    assertContains(wrong, "no field", status_code=400)


def test_an_editor_in_the_page_leads_to_its_timeline(client: Client, case: Case, alice: User) -> None:
    client.force_login(alice)
    words = {"field": "user.id", "how": "is", "values": "ada"}
    answer = client.post(
        f"/cases/{case.public_id}/filter/", words, headers={"HX-Request": "true", "HX-Target": "filter-panel"}
    )
    assert '"target": "#timeline"' in answer.headers["HX-Location"]


def test_facets_count_what_the_timeline_shows_and_lead_to_less_of_it(client: Client, case: Case, alice: User) -> None:
    client.force_login(alice)
    at = f"/cases/{case.public_id}/"
    page = client.get(f"{at}facets/")
    facets = {facet.name: [(value.value, value.count) for value in facet.values] for facet in page.context["facets"]}
    assert facets["user.id"] == [("grace", 2), ("ada", 1)]
    assert facets["event.outcome"] == [("success", 2), ("failure", 1)]
    narrowed = client.get(f"{at}facets/", {"f": "user.id:grace"})
    (value,) = next(facet for facet in narrowed.context["facets"] if facet.name == "user.id").values
    assert value.active
    assert value.include == f"{at}?"
    (first, _) = next(facet for facet in page.context["facets"] if facet.name == "user.id").values
    for address, labels in ((first.include, ["E2", "E3"]), (first.exclude, ["E1"])):
        assert re.findall(r'id="(E\d+)"', text_of(client.get(address))) == labels


def test_a_stranger_is_told_of_no_such_case(client: Client, case: Case, charlie: User) -> None:
    client.force_login(charlie)
    for name in ("filter", "complete", "facets"):
        assert client.get(f"/cases/{case.public_id}/{name}/").status_code == 404
