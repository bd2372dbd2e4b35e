"""What OpenSearch is sent: whole bodies, and values that stay values."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.errors import BadQuery
from trail.search.bodies.page import build_hits
from trail.search.bodies.query import build_hidden_from, build_query
from trail.search.spec import WHOLE_TRAIL, Filter, Scope, Search


def test_an_empty_search_is_everything_newest_first() -> None:
    assert build_hits(Search(), WHOLE_TRAIL) == {
        "query": {"bool": {"filter": [{"match_all": {}}]}},
        "sort": [{"@timestamp": {"order": "desc", "numeric_type": "date_nanos"}}, {"event.id": {"order": "desc"}}],
        "size": 50,
        "track_total_hits": False,
    }


def test_text_filters_and_time_become_clauses() -> None:
    search = Search(
        text="user.id:$who NOT source.ip:10.0.0.0/8",
        filters=(Filter("event.outcome", ("failure",)), Filter("service.name", ("api", "dns"), negated=True)),
        start="2026-11-01T00:00:00Z",
        parameters=(("who", ("alice", "bob")),),
        ingested_until="2026-11-24T00:00:00Z",
    )
    assert build_query(search, WHOLE_TRAIL) == {
        "bool": {
            "filter": [
                {
                    "bool": {
                        "filter": [
                            {"terms": {"user.id": ["alice", "bob"]}},
                            {"bool": {"must_not": [{"term": {"source.ip": "10.0.0.0/8"}}]}},
                        ]
                    }
                },
                {"range": {"@timestamp": {"gte": "2026-11-01T00:00:00Z"}}},
                {"range": {"event.ingested": {"lte": "2026-11-24T00:00:00Z"}}},
                {"term": {"event.outcome": "failure"}},
            ],
            "must_not": [
                {"terms": {"service.name": ["api", "dns"]}},
            ],
        }
    }


def _chip(chip: Filter) -> object:
    (clause,) = build_query(Search(filters=(chip,)), WHOLE_TRAIL)["bool"]["filter"]
    return clause


def test_chips_ask_between_ends_and_in_networks_and_not_when_they_are_set_aside() -> None:
    between = Filter("event.sequence", ("3", ""), operator="between")
    assert _chip(between) == {"range": {"event.sequence": {"gte": 3}}}
    networks = Filter("source.ip", ("10.0.0.0/8", "2001:db8::/32"), operator="network")
    assert _chip(networks) == _chip(Filter("source.ip", networks.values))
    assert _chip(Filter("user.id", ("ada",), disabled=True)) == {"match_all": {}}
    with pytest.raises(BadQuery, match="no addresses"):
        _chip(Filter("user.id", ("10.0.0.0/8",), operator="network"))
    with pytest.raises(BadQuery, match="no order"):
        _chip(Filter("message", ("a", "b"), operator="between"))


def test_a_persons_scope_hides_the_consoles_events_of_others() -> None:
    body = build_query(Search(), Scope("alice", cases=("abc",)))
    assert body["bool"]["must_not"] == build_hidden_from(Scope("alice", cases=("abc",)))


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_a_parameter_is_a_value_whatever_it_says(value: str) -> None:
    body = build_query(Search(text="user.id:$x", parameters=(("x", (value,)),)), WHOLE_TRAIL)
    assert body == {"bool": {"filter": [{"term": {"user.id": value}}]}}
    assert json.loads(json.dumps(body)) == body


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("source.ip:elsewhere", "holds addresses"),
        ("event.sequence:many", "whole numbers"),
        ("token.cache_hit:perhaps", "true or false"),
        ("@timestamp:[yesterday TO now]", "holds times"),
        ("user.id:*x", "begin with what"),
        ("url.path:*a*b*c*d*e*f*g*h*i*", "at most eight"),
        ("user.id:$x", "has no value"),
        ("message:[a TO b]", "no order"),
        ("source.ip:10.*", "write a network"),
        ("event.sequence:1*", "cannot be searched by"),
        ("url.path:*a*", "at least two characters"),
        ("user.id:a*", "at least two characters"),
        ("*x", "begin with two characters"),
        ("event.sequence:99999999999999999999", "at most 64 bits"),
        ("@timestamp:2026-13-01T00:00:00Z", "holds times"),
    ],
)
def test_what_the_engine_would_refuse_or_choke_on_is_refused_before(text: str, says: str) -> None:
    with pytest.raises(BadQuery, match=says):
        build_query(Search(text=text), WHOLE_TRAIL)


def test_a_network_is_no_end_of_a_range() -> None:
    with pytest.raises(BadQuery, match="one address"):
        build_query(Search(text="source.ip:[10.0.0.0/8 TO *]"), WHOLE_TRAIL)


def _query(text: str, **parameters: tuple[str, ...]) -> object:
    (clause,) = build_query(Search(text=text, parameters=tuple(parameters.items())), WHOLE_TRAIL)["bool"]["filter"]
    return clause


def test_each_kind_of_field_is_asked_in_its_own_way() -> None:
    assert _query("*") == {"match_all": {}}
    assert _query("user.id:*") == {"exists": {"field": "user.id"}}
    assert _query("token.cache_hit:true") == {"term": {"token.cache_hit": True}}
    assert _query("event.sequence:7") == {"term": {"event.sequence": 7}}
    assert _query('message:"no such key"') == {"match_phrase": {"message": "no such key"}}
    assert _query("@timestamp:2026-11-24") == {"range": {"@timestamp": {"gte": "2026-11-24", "lte": "2026-11-24"}}}
    assert _query("event.sequence:[1 TO 5}") == {"range": {"event.sequence": {"gte": 1, "lt": 5}}}
    assert _query("event.sequence:[* TO *]") == {"exists": {"field": "event.sequence"}}
    assert _query("url.path:/v1/*") == {"wildcard": {"url.path": {"value": "/v1/*"}}}
    assert _query("token.discharges.outcome:failure") == {
        "nested": {"path": "token.discharges", "query": {"term": {"token.discharges.outcome": "failure"}}}
    }


def test_a_word_is_looked_for_everywhere_and_an_address_among_the_addresses() -> None:
    def fields(text: str) -> set[str]:
        should = _query(text)["bool"]["should"]  # type: ignore[index]
        return {name for one in should for body in one.values() for name in body}

    assert {"user.id", "message", "raw", "labels", "url.path"} <= fields("mallory")
    assert "source.ip" not in fields("mallory")
    assert "source.ip" in fields("192.0.2.7") & fields("192.0.2.0/24")
    assert "url.path" not in fields("ab"), "two letters inside any path would be a scan"
    assert fields("mal*") <= {
        "user.id",
        "user.name",
        "user.email",
        "token.id",
        "service.name",
        "resource.id",
        "event.action",
    }


def test_many_values_without_a_field_are_each_looked_for() -> None:
    assert len(_query("$who", who=("alice", "bob"))["bool"]["should"]) == 2  # type: ignore[index]


def test_a_filter_says_there_is_a_value_and_refuses_what_cannot_be_searched() -> None:
    found = build_query(Search(filters=(Filter("user.email", operator="exists"),)), WHOLE_TRAIL)
    assert found == {"bool": {"filter": [{"exists": {"field": "user.email"}}]}}
    for name, says in (("event.original", "not searchable"), ("nobody.knows", "no field")):
        with pytest.raises(BadQuery, match=says):
            build_query(Search(filters=(Filter(name, ("x",)),)), WHOLE_TRAIL)
