"""A timeline is narrowed with the editor, the completion and the facets of the search page, of this case's evidence alone."""

import re
from collections import Counter
from contextlib import ExitStack
from importlib import import_module

import orjson
import pytest
from django.apps import apps
from django.conf import settings as limits
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.http import urlencode
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core.concurrency import hold_place
from core.errors import Busy
from investigations import admission
from investigations.evidence.records import add_evidence
from investigations.evidence.services import withdraw
from investigations.evidence_search import values
from investigations.evidence_search.counts import count_commonest
from investigations.evidence_search.facets import FIELDS, count_facets
from investigations.models import Case, Evidence, EvidenceFactValue
from investigations.timeline.evidence_filter import EvidenceFilter
from tests.support.counts_anew import assert_counted_anew
from tests.support.factories.cases import open_case, pin
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


@pytest.fixture
def several(case: Case, alice: User, trail: Trail) -> list[str]:
    """Events with more than one address; the attacker's is the first of none but one."""
    pin(
        trail,
        case,
        alice,
        use("tok_5", user__id="eve", source__ip=["10.0.0.1", "203.0.113.9"]),
        use("tok_6", user__id="eve", source__ip=["203.0.113.9", "10.0.0.2", "203.0.113.7"]),
        use("tok_7", source__ip="203.0.113.9"),
        use("tok_8", user__id="gone", source__ip=["10.0.0.1", "203.0.113.99"]),
    )
    withdraw(evidence=case.evidence.get(number=7), reason="Not ours", by=alice)
    return ["E4", "E5", "E6"]


def test_an_event_counts_under_each_of_its_addresses(
    client: Client, case: Case, alice: User, several: list[str]
) -> None:
    client.force_login(alice)
    at = f"/cases/{case.public_id}/"
    page = client.get(f"{at}facets/")
    (facet,) = [facet for facet in page.context["facets"] if facet.name == "source.ip"]
    counts = {value.value: value.count for value in facet.values}
    assert (counts["203.0.113.9"], counts["203.0.113.7"], counts["10.0.0.2"]) == (3, 2, 1)
    assert "203.0.113.99" not in counts
    assert counts["10.0.0.1"] == 1
    assert sum(counts.values()) + facet.others == 9
    (chosen,) = [value for value in facet.values if value.value == "203.0.113.9"]
    assert re.findall(r'id="(E\d+)"', text_of(client.get(chosen.include)))[:3] == several
    narrowed = client.get(f"{at}facets/", {"f": "user.id:eve"})
    (facet,) = [facet for facet in narrowed.context["facets"] if facet.name == "source.ip"]
    assert {value.value: value.count for value in facet.values} == {
        "203.0.113.9": 2,
        "10.0.0.1": 1,
        "10.0.0.2": 1,
        "203.0.113.7": 1,
    }


def test_an_address_that_is_never_the_first_is_offered(
    client: Client, case: Case, alice: User, several: list[str]
) -> None:
    client.force_login(alice)
    assert _offer(client, case, "source.ip:203.")[1:] == ["203.0.113.9", "203.0.113.7"]
    assert "10.0.0.2" in _offer(client, case, "source.ip:10.")


def test_the_picture_says_in_which_lane_an_event_with_several_addresses_stands(
    client: Client, case: Case, alice: User, several: list[str]
) -> None:
    client.force_login(alice)
    at = f"/cases/{case.public_id}/"
    assertContains(client.get(at, {"lanes": "addresses"}), "stands in the lane of the first one")
    assertNotContains(client.get(at, {"lanes": "users"}), "stands in the lane of the first one")
    alone = client.get(at, {"lanes": "addresses", "f": "user.id:ada"})
    assertNotContains(alone, "stands in the lane of the first one")


@given(
    events=st.lists(st.lists(st.sampled_from([f"10.0.0.{n}" for n in range(9)]), max_size=3), max_size=12),
    most=st.integers(1, 4),
)
@examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_commonest_values_are_those_that_are_counted_one_by_one(
    alice: User, events: list[list[str]], most: int
) -> None:
    case = open_case(alice)
    add_evidence(case, [_build(case, alice, number, addresses) for number, addresses in enumerate(events, 1)])
    counts = count_commonest(case.facts.not_withdrawn(), "address", most)
    each = Counter(address for addresses in events for address in set(addresses))
    ranked = sorted(each.items(), key=lambda pair: (-pair[1], pair[0]))
    assert list(counts.values) == ranked[:most]
    assert counts.others == sum(number for _, number in ranked[most:])
    assert counts.events == sum(bool(addresses) for addresses in events)


def _build(case: Case, by: User, number: int, addresses: list[str]) -> Evidence:
    at = f"2026-10-01T00:00:{number:02}.000000000Z"
    document = {"@timestamp": at, "event": {"id": f"x{number}"}, "source": {"ip": addresses}}
    return Evidence(
        case=case,
        number=number,
        event_id=f"x{case.pk}-{number}",
        event_index="trail-2026.10",
        event_timestamp=at,
        event_place=at,
        frozen=orjson.dumps(document),
        digest="0" * 64,
        reason="why",
        pinned_by=by,
        pinned_by_name=by.name,
    )


def test_a_value_that_a_column_holds_the_beginning_of_is_offered_nowhere(
    client: Client, case: Case, alice: User, trail: Trail
) -> None:
    long = "curl/" + "x" * 600
    pin(trail, case, alice, *(use("tok_5", user_agent__original=each) for each in (long, long, "wget")))
    client.force_login(alice)
    facets = {facet.name: facet for facet in client.get(f"/cases/{case.public_id}/facets/").context["facets"]}
    facet = facets["user_agent.original"]
    assert ([value.value for value in facet.values], facet.others) == (["wget"], 2)
    assert values.count_values(case, "user_agent.original", "") == ([("wget", 1)], "")


def test_what_was_pinned_before_has_all_its_addresses(case: Case, several: list[str]) -> None:
    before = set(EvidenceFactValue.objects.values_list("fact", "case", "column", "value"))
    assert before
    EvidenceFactValue.objects.all().delete()
    write_values = import_module("investigations.migrations.0047_further_values").write_values
    for _ in range(2):  # applied a second time it changes nothing
        write_values(apps, None)
        assert set(EvidenceFactValue.objects.values_list("fact", "case", "column", "value")) == before
    assert_counted_anew()


def test_each_field_is_counted_by_one_query(case: Case) -> None:
    with CaptureQueriesContext(connection) as queries:
        count_facets(case.facts.not_withdrawn(), EvidenceFilter(), "/")
    assert len(queries) == len(FIELDS) + 1  # whether an event has several addresses


def test_who_asks_as_much_as_one_may_is_told_so_and_nothing_is_counted(
    client: Client, case: Case, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "SHORT_WAIT", 0.0)
    client.force_login(alice)
    with ExitStack() as places:
        for _ in range(limits.ASK_UNDER_WAY):
            places.enter_context(hold_place("person:alice", 100, refusal=Busy("")))
        for text in ("user.id:", "labels.t"):
            page = client.get(f"/cases/{case.public_id}/complete/", {"q": text})
            assertContains(page, "You have 4 searches under way")
            assertNotContains(page, "grace")
        facets = client.get(f"/cases/{case.public_id}/facets/")
        assertContains(facets, "You have 4 searches under way", status_code=429)
        assertNotContains(facets, "grace", status_code=429)
    assertContains(client.get(f"/cases/{case.public_id}/complete/", {"q": "user.id:"}), "grace")


def test_a_stranger_is_told_of_no_such_case(client: Client, case: Case, charlie: User) -> None:
    client.force_login(charlie)
    for name in ("filter", "complete", "facets"):
        assert client.get(f"/cases/{case.public_id}/{name}/").status_code == 404
