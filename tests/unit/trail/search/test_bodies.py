"""What OpenSearch is sent: whole bodies, and values that stay values."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.errors import BadQuery
from trail.search import bodies
from trail.search.spec import WHOLE_TRAIL, Filter, Scope, Search


def test_an_empty_search_is_everything_newest_first() -> None:
    assert bodies.hits(Search(), WHOLE_TRAIL) == {
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
    assert bodies.query(search, WHOLE_TRAIL) == {
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
                {
                    "bool": {
                        "should": [{"term": {"service.name": "api"}}, {"term": {"service.name": "dns"}}],
                        "minimum_should_match": 1,
                    }
                }
            ],
        }
    }


def test_a_persons_scope_hides_the_consoles_events_of_others() -> None:
    body = bodies.query(Search(), Scope("alice", cases=("abc",)))
    assert body["bool"]["must_not"] == [bodies.hidden_from(Scope("alice", cases=("abc",)))]


@given(st.text(min_size=1, max_size=40))
def test_a_parameter_is_a_value_whatever_it_says(value: str) -> None:
    body = bodies.query(Search(text="user.id:$x", parameters=(("x", (value,)),)), WHOLE_TRAIL)
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
    ],
)
def test_what_the_engine_would_refuse_or_choke_on_is_refused_before(text: str, says: str) -> None:
    with pytest.raises(BadQuery, match=says):
        bodies.query(Search(text=text), WHOLE_TRAIL)


def test_a_known_range_gets_bars_of_a_round_length() -> None:
    day = Search(start="2026-11-01T00:00:00Z", end="2026-11-02T00:00:00Z")
    assert bodies.step_of(day) == 1800
    assert bodies.histogram(day)["date_histogram"]["fixed_interval"] == "1800s"
    assert bodies.step_of(Search(start="now-1d", end="now")) is None


def test_a_network_is_no_end_of_a_range() -> None:
    with pytest.raises(BadQuery, match="one address"):
        bodies.query(Search(text="source.ip:[10.0.0.0/8 TO *]"), WHOLE_TRAIL)


def test_writers_are_listed_with_what_tells_whether_a_number_is_missing() -> None:
    composite = {"size": 500, "sources": [{"writer": {"terms": {"field": "writer.id"}}}]}
    aggregation = {
        "composite": composite,
        "aggs": {"numbers": {"stats": {"field": "event.sequence"}}, "last": {"max": {"field": "event.ingested"}}},
    }
    assert bodies.writers() == {
        "query": {"exists": {"field": "event.sequence"}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {"writers": aggregation},
    }
    after = bodies.writers(after={"writer": "w"}, size=2)["aggs"]["writers"]["composite"]
    assert after == composite | {"size": 2, "after": {"writer": "w"}}


def test_a_writers_numbers_are_counted_in_blocks_or_read_in_order() -> None:
    between = {"range": {"event.sequence": {"gte": 7, "lte": 30}}}
    query = {"bool": {"filter": [{"term": {"writer.id": "w"}}, between]}}
    histogram = {"field": "event.sequence", "interval": 5, "offset": 2, "min_doc_count": 1}
    assert bodies.number_blocks("w", 7, 30, block=5) == {
        "query": query,
        "size": 0,
        "track_total_hits": False,
        "aggs": {"blocks": {"histogram": histogram, "aggs": {"numbers": {"stats": {"field": "event.sequence"}}}}},
    }
    read = {
        "query": query,
        "size": 5_000,
        "track_total_hits": False,
        "_source": False,
        "sort": [{"event.sequence": "asc"}, {"event.id": "asc"}],
    }
    assert bodies.numbers("w", 7, 30) == read
    assert bodies.numbers("w", 7, 30, after=[9, "x"]) == read | {"search_after": [9, "x"]}
