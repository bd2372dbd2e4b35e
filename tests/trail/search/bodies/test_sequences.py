"""What OpenSearch is asked about writers' numbers: whole bodies."""

from datetime import UTC, datetime

from trail.search.bodies import sequences


def test_writers_are_listed_with_what_tells_whether_a_number_is_missing() -> None:
    composite = {"size": 500, "sources": [{"writer": {"terms": {"field": "writer.id"}}}]}
    aggregation = {
        "composite": composite,
        "aggs": {"numbers": {"stats": {"field": "event.sequence"}}, "last": {"max": {"field": "event.ingested"}}},
    }
    assert sequences.build_writers() == {
        "query": {"exists": {"field": "event.sequence"}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {"writers": aggregation},
    }
    after = sequences.build_writers(after={"writer": "w"}, size=2)["aggs"]["writers"]["composite"]
    assert after == composite | {"size": 2, "after": {"writer": "w"}}


def test_a_writers_numbers_are_counted_in_blocks_or_read_in_order() -> None:
    between = {"range": {"event.sequence": {"gte": 7, "lte": 30}}}
    query = {"bool": {"filter": [{"term": {"writer.id": "w"}}, between]}}
    histogram = {"field": "event.sequence", "interval": 5, "offset": 2, "min_doc_count": 1}
    assert sequences.build_number_blocks("w", 7, 30, block=5) == {
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
    assert sequences.build_numbers("w", 7, 30) == read
    assert sequences.build_numbers("w", 7, 30, after=[9, "x"]) == read | {"search_after": [9, "x"]}


def test_only_numbers_after_those_that_are_known_are_counted() -> None:
    body = sequences.build_later_numbers({"a": 4, "b": -1})
    each = [
        {"bool": {"filter": [{"term": {"writer.id": writer}}, {"range": {"event.sequence": {"gte": first}}}]}}
        for writer, first in (("a", 5), ("b", 0))
    ]
    assert body["query"] == {"bool": {"filter": [{"bool": {"should": each}}]}}
    assert body["aggs"]["writers"]["composite"]["size"] == 2
    assert body["aggs"]["writers"]["aggs"] == sequences.build_writers()["aggs"]["writers"]["aggs"]


def test_newcomers_have_begun_to_count_or_were_heard_of() -> None:
    body = sequences.build_new_writers(datetime(2026, 11, 25, tzinfo=UTC), after={"writer": "w"}, size=2)
    heard = {"range": {"event.ingested": {"gte": "2026-11-25T00:00:00.000000Z"}}}
    begun = {"bool": {"should": [{"term": {"event.sequence": 0}}, heard]}}
    assert body["query"] == {"bool": {"filter": [{"exists": {"field": "event.sequence"}}, begun]}}
    assert body["aggs"]["writers"] == {
        "composite": {"size": 2, "sources": [{"writer": {"terms": {"field": "writer.id"}}}], "after": {"writer": "w"}}
    }
