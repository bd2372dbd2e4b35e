"""Searching the real engine: exact, complete, in order, within what a person may find, or an error."""

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.factories.events import event, issue, use, write
from trail.connection import Trail, connect
from trail.errors import BadQuery, Incomplete, TrailUnavailable
from trail.search import answers, bodies, execute
from trail.search.answers import whole
from trail.search.spec import WHOLE_TRAIL, Filter, Scope, Search
from trail.search.under_way import UnderWay, cancel, under_way


@pytest.fixture
def full(trail: Trail) -> Trail:
    """500 events over three months, many at the same nanosecond."""
    write(trail, *(
        event(id=f"e{n:03d}", at=f"2026-{9 + n % 3:02d}-01T00:00:00.{n // 50:09d}Z", user__id=f"u{n % 7}",
              event__outcome="failure" if n % 5 == 0 else "success", event__sequence=n)
        for n in range(500)
    ))  # fmt: skip
    return trail


def test_an_empty_trail_is_an_empty_page(trail: Trail) -> None:
    page = execute.page(trail, Search(), WHOLE_TRAIL)
    assert (page.hits, page.total, page.bars) == ([], 0, [])
    assert list(execute.scan(trail, Search(), WHOLE_TRAIL)) == []
    assert list(execute.stream(trail, Search(), WHOLE_TRAIL)) == []


def test_a_page_counts_exactly_and_its_parts_agree(full: Trail) -> None:
    page = execute.page(full, Search(text="user.id:u1"), WHOLE_TRAIL)
    expected = len([n for n in range(500) if n % 7 == 1])
    assert page.total == expected
    assert sum(bar.total for bar in page.bars) == expected
    assert sum(bar.counts.get("failure", 0) for bar in page.bars) == len(
        [n for n in range(500) if n % 7 == 1 and n % 5 == 0]
    )
    assert (
        page.facets["event.outcome"].values == [("success", expected - 15), ("failure", 15)]
        or sum(count for _, count in page.facets["event.outcome"].values) == expected
    )


def test_bars_are_stacked_by_any_field_that_has_values(full: Trail) -> None:
    page = execute.page(full, Search(stack="user.id"), WHOLE_TRAIL)
    assert sum(bar.counts.get("u1", 0) for bar in page.bars) == len([n for n in range(500) if n % 7 == 1])


def test_bars_follow_the_events_where_a_word_of_the_search_matches_every_event(full: Trail) -> None:
    # The engine's own choice of steps answers one year for this.
    page = execute.page(
        full, Search(text="event.dataset:*", filters=(Filter("event.outcome", ("success", "failure")),)), WHOLE_TRAIL
    )
    assert [bar.start[:7] for bar in page.bars if bar.total] == ["2026-09", "2026-10", "2026-11"]
    assert sum(bar.total for bar in page.bars) == 500


def test_a_page_that_lacks_a_shard_says_so_and_is_never_taken_for_a_whole_one(full: Trail) -> None:
    assert execute.page(full, Search(), WHOLE_TRAIL).missing == ""
    properties = {"event": {"properties": {"outcome": {"type": "match_only_text"}}}}
    full.client.indices.create(index=f"{full.prefix}-events-strange", body={"mappings": {"properties": properties}})
    write(full, event(id="e-after"))
    page = execute.page(full, Search(), WHOLE_TRAIL)
    assert page.missing.startswith("1 of 4 shards did not answer (")
    assert page.total == 501
    with pytest.raises((Incomplete, BadQuery)):
        execute.ask_all(full, bodies.page(Search(), WHOLE_TRAIL))


def test_pages_follow_each_other_without_gap_or_repeat(full: Trail) -> None:
    for direction in ("asc", "desc"):
        search, seen, after = Search(sort=("@timestamp", direction)), [], None
        while hits := execute.page(full, search, WHOLE_TRAIL, size=33, after=after).hits:
            seen += hits
            after = list(hits[-1].sort)
        assert len(seen) == len({hit.event_id for hit in seen}) == 500
        places = [execute.place(hit) for hit in seen]
        assert places == sorted(places, reverse=direction == "desc")


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_a_scan_and_a_sliced_stream_bring_everything_once_in_order(full: Trail, direction: str) -> None:
    search = Search(sort=("@timestamp", direction))
    scanned = [hit.event_id for batch in execute.scan(full, search, WHOLE_TRAIL, batch=70) for hit in batch.hits]
    streamed = [hit.event_id for hit in execute.stream(full, search, WHOLE_TRAIL, slices=3, batch=40)]
    assert scanned == streamed
    assert len(set(scanned)) == 500


def test_a_scan_goes_on_from_any_place(full: Trail) -> None:
    search = Search(sort=("user.id", "asc"))
    batches = list(execute.scan(full, search, WHOLE_TRAIL, batch=100))
    rest = [
        h.event_id for b in execute.scan(full, search, WHOLE_TRAIL, batch=100, after=batches[1].after) for h in b.hits
    ]
    assert rest == [hit.event_id for batch in batches[2:] for hit in batch.hits]


def test_what_arrives_later_stays_out_of_a_search_that_is_bound(full: Trail) -> None:
    bound = replace(Search(), ingested_until=time.strftime("%Y-%m-%dT%H:%M:%S.999999Z", time.gmtime()))
    before = execute.count(full, bound, WHOLE_TRAIL)
    time.sleep(1.1)
    write(full, event())
    assert execute.count(full, bound, WHOLE_TRAIL) == before == 500
    assert execute.count(full, Search(), WHOLE_TRAIL) == 501


LANGUAGE = event(
    id="the-one", user__id="ada", source__ip="10.1.2.3", user_agent__original="Mozilla/5.0 (X11)", url__path="/v1/apps",
    message="no such key here", labels={"team": "red"}, raw={"deep": {"field": "value"}}, event__original="{}",
    event__sequence=41, token__cache_hit=True, at="2026-11-01T10:00:00.000000001Z",
    token__discharges=[{"location": "https://auth", "outcome": "success"}],
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "user.id:ada", "ada", "source.ip:10.0.0.0/8", "10.1.2.3", "10.1.0.0/16", "user_agent.original:*X11*", "X11", "url.path:/v1/*",
        '"no such key"', 'message:"such key"', "labels.team:red", "raw.deep.field:value", "event.sequence:[40 TO 41]",
        "event.sequence:>40", "token.cache_hit:true", "@timestamp:[2026-11-01 TO 2026-11-02}", "user.email:* OR user.id:*",
        "NOT user.id:bob", "-user.id:bob", "(user.id:bob OR user.id:ada) AND event.outcome:success", "user.id:a?a",
        'token.discharges.location:"https://auth"', "@timestamp:2026-11-01T10:00:00.000000001Z", "event.id:the-one",
    ],
)  # fmt: skip
def test_the_language_finds_the_event(trail: Trail, text: str) -> None:
    write(trail, LANGUAGE)
    assert [hit.event_id for hit in execute.page(trail, Search(text=text), WHOLE_TRAIL).hits] == ["the-one"]


@pytest.mark.parametrize(
    "text",
    [
        "user.id:Ada",
        "source.ip:11.0.0.0/8",
        "NOT user.id:*",
        "event.sequence:>41",
        "message:key",
        "@timestamp:[2026-11-02 TO *]",
    ],
)
def test_the_language_does_not_find_another(trail: Trail, text: str) -> None:
    write(trail, LANGUAGE)
    expected = 1 if text == "message:key" else 0
    assert execute.count(trail, Search(text=text), WHOLE_TRAIL) == expected


def test_the_consoles_own_events_are_found_by_whom_they_concern(trail: Trail) -> None:
    def journal(id: str, user: str, **fields: object) -> dict[str, object]:
        return event(id=id, user__id=user, event__dataset="console", **fields)

    write(
        trail,
        event(id="platform", user__id="bob"),
        journal("own", "alice"),
        journal("others", "bob"),
        journal("my-case", "bob", resource__type="case", resource__id="mine"),
        journal("left-case", "alice", resource__type="case", resource__id="left"),
    )
    alice = Scope("alice", cases=("mine",))
    found = {hit.event_id for hit in execute.page(trail, Search(), alice).hits}
    assert found == {"platform", "own", "my-case"}
    assert execute.count(trail, Search(), alice) == 3
    assert set(execute.find(trail, ["own", "others", "left-case"], alice)) == {"own"}
    assert execute.event(trail, "others", alice) is None
    assert {hit.event_id for hit in execute.stream(trail, Search(), alice)} == found
    assert execute.count(trail, Search(), WHOLE_TRAIL) == 5


def test_events_are_fetched_in_the_order_asked_and_none_vanishes(full: Trail) -> None:
    ids = [(f"{full.prefix}-events-2026.{9 + n % 3:02d}", f"e{n:03d}") for n in (400, 3, 77)]
    assert [hit.event_id for hit in execute.fetch(full, ids, WHOLE_TRAIL)] == ["e400", "e003", "e077"]
    with pytest.raises(TrailUnavailable, match="does not show 1"):
        execute.fetch(full, [*ids, ("x", "nobody")], WHOLE_TRAIL)


def test_cancelling_ends_every_part_of_a_running_page_in_the_engine(full: Trail) -> None:
    ended: list[Exception | None] = []
    slow = {"query": {"script_score": {"query": {"match_all": {}}, "script": {"source": SLOW}}}, "size": 1}

    def ask() -> None:
        try:
            execute._in_part(full, [slow, slow | {"aggs": bodies.page(Search(), WHOLE_TRAIL)[1]["aggs"]}], "page-x")
            ended.append(None)
        except (TrailUnavailable, BadQuery) as error:
            ended.append(error)

    def tasks() -> list[dict[str, Any]]:
        nodes = full.client.tasks.list(params={"actions": "*search*", "detailed": "true"})["nodes"]
        found = [task for node in nodes.values() for task in node["tasks"].values()]
        return [task for task in found if task["headers"].get("X-Opaque-Id") == "page-x"]

    thread = threading.Thread(target=ask)
    thread.start()
    deadline = time.monotonic() + 20
    while not (seen := under_way(full, "page-x")).parts and thread.is_alive() and time.monotonic() < deadline:
        pass
    assert seen.running
    assert 0 < seen.parts <= seen.of == 3
    assert set(seen.indices) <= {f"{full.prefix}-events-2026.{month:02d}" for month in (9, 10, 11)}
    assert cancel(full, "page-x") == 1
    assert all(task["cancelled"] for task in tasks())
    thread.join(60)
    assert isinstance(ended[0], TrailUnavailable | BadQuery)
    assert tasks() == []
    assert cancel(full, "run-nobody") == 0
    assert under_way(full, "page-x") == UnderWay((), 0, 3, False)


def test_an_answer_that_ran_out_of_time_in_the_engine_is_said_to_lack_what_was_not_read(trail: Trail) -> None:
    for part in "ab":  # two segments, for the engine looks at its clock between them
        write(trail, *(event(id=f"{part}{n}") for n in range(50)))
    slow = {"n": {"max": {"script": SLOW.replace("60000", "400000")}}}
    body = {"size": 0, "timeout": "1ms", "track_total_hits": True, "aggs": slow}
    answer = trail.client.search(index=trail.events, body=body, params={"allow_partial_search_results": "true"})
    assert answer["timed_out"]
    assert answers.missing(answer) == "time ran out before everything was read"


SLOW = "double x = 0; for (int i = 0; i < 60000; ++i) { x += Math.sin(i); } return Math.abs(x);"


def test_silence_is_an_error_and_never_an_empty_answer() -> None:
    nobody = connect("http://127.0.0.1:1", timeout=1)
    for attempt in (
        lambda: execute.page(nobody, Search(), WHOLE_TRAIL),
        lambda: execute.count(nobody, Search(), WHOLE_TRAIL),
        lambda: list(execute.stream(nobody, Search(), WHOLE_TRAIL)),
        lambda: cancel(nobody, "x"),
    ):
        with pytest.raises(TrailUnavailable):
            attempt()


def test_filters_narrow_and_exclude(trail: Trail) -> None:
    write(trail, issue("t1", "ada"), use("t1"), use("t2"))
    named = Search(filters=(Filter("token.id", ("t1",)),))
    assert execute.count(trail, named, WHOLE_TRAIL) == 2
    assert execute.count(trail, Search(filters=(Filter("token.id", ("t1",), negated=True),)), WHOLE_TRAIL) == 1
    assert execute.count(trail, Search(filters=(Filter("user.id", (), operator="exists"),)), WHOLE_TRAIL) == 1


def test_a_facet_knows_who_is_common_over_all_months_and_leads_in_none(trail: Trail) -> None:
    months = [f"2026-{month:02d}" for month in range(1, 4)]
    names = [*(f"loud-{n}" for n in range(30)), "quiet"]
    write(trail, *(
        use("t", user__name=name if name == "quiet" else f"{name}-{month}", at=f"{month}-01T00:00:00Z")
        for month in months for name in names for _ in range(5 if name == "quiet" else 6)
    ))  # fmt: skip
    facet = execute.page(trail, Search(), WHOLE_TRAIL).facets["user.name"]
    assert facet.values[0] == ("quiet", 15)
    assert (facet.others, facet.error) == (3 * 30 * 6 - 5 * 6, 0)


@pytest.mark.parametrize("ask", [execute.ask, lambda trail, body: execute.ask_all(trail, [body])])
def test_a_search_that_runs_out_of_time_is_an_error_and_no_part_of_an_answer(full: Trail, ask: Any) -> None:
    source = "double s = 0; for (int i = 0; i < 20000; i++) { s += Math.sin(i) } return Math.abs(s)"
    slow = {"query": {"script_score": {"query": {"match_all": {}}, "script": {"source": source}}}}
    with pytest.raises(TrailUnavailable, match=r"in full: .*(Time exceeded|cancelled|shards failed)|ran out of time"):
        ask(replace(full, patience=0.002), slow)


def test_an_answer_that_ran_out_of_time_is_no_answer() -> None:
    with pytest.raises(TrailUnavailable, match="it ran out of time"):
        whole({"timed_out": True, "_shards": {"failed": 0}})
    with pytest.raises(TrailUnavailable, match="1 of 3 shards failed"):
        whole({"timed_out": False, "_shards": {"failed": 1, "total": 3}})
