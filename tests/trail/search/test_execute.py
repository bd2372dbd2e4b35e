"""Searching the real engine: exact, complete, in order, within what a person may find, or an error."""

import time
from dataclasses import replace

import pytest

from tests.support.factories.events import event, issue, use, write
from tests.support.found_events import scan_all
from trail.connection import Trail
from trail.errors import TrailUnavailable
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Filter, Scope, Search


def test_an_empty_trail_is_an_empty_page(trail: Trail) -> None:
    page = execute.read_page(trail, Search(), WHOLE_TRAIL)
    assert (page.hits, page.total, page.bars) == ([], 0, [])
    assert list(execute.scan(trail, Search(), WHOLE_TRAIL)) == []
    assert list(execute.scan_ids(trail, Search(), WHOLE_TRAIL)) == []


def test_a_page_counts_exactly_and_its_parts_agree(full: Trail) -> None:
    page = execute.read_page(full, Search(text="user.id:u1"), WHOLE_TRAIL)
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
    page = execute.read_page(full, Search(stack="user.id"), WHOLE_TRAIL)
    assert sum(bar.counts.get("u1", 0) for bar in page.bars) == len([n for n in range(500) if n % 7 == 1])


def test_bars_follow_the_events_where_a_word_of_the_search_matches_every_event(full: Trail) -> None:
    # The engine's own choice of steps answers one year for this.
    page = execute.read_page(
        full, Search(text="event.dataset:*", filters=(Filter("event.outcome", ("success", "failure")),)), WHOLE_TRAIL
    )
    assert [bar.start[:7] for bar in page.bars if bar.total] == ["2026-09", "2026-10", "2026-11"]
    assert sum(bar.total for bar in page.bars) == 500


def test_pages_follow_each_other_without_gap_or_repeat(full: Trail) -> None:
    for direction in ("asc", "desc"):
        search, seen, after = Search(sort=("@timestamp", direction)), [], None
        while hits := execute.read_page(full, search, WHOLE_TRAIL, size=33, after=after).hits:
            seen += hits
            after = list(hits[-1].sort)
        assert len(seen) == len({hit.event_id for hit in seen}) == 500
        places = [execute.sort_key(hit) for hit in seen]
        assert places == sorted(places, reverse=direction == "desc")


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_a_scan_of_events_and_one_of_ids_bring_everything_once_in_order(full: Trail, direction: str) -> None:
    search = Search(sort=("@timestamp", direction))
    hits = [hit for batch in execute.scan(full, search, WHOLE_TRAIL, batch=70) for hit in batch.hits]
    ids = [pair for batch in execute.scan_ids(full, search, WHOLE_TRAIL, batch=40) for pair in batch.ids]
    assert [(hit.index, hit.event_id) for hit in hits] == ids
    assert len(set(ids)) == 500
    places = [execute.sort_key(hit) for hit in hits]
    assert places == sorted(places, reverse=direction == "desc")


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
    message="no such key here", labels={"team": "red"}, raw={"deep": {"field": "value"}}, event__original='{"deep":{"field":"value"}}',
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
    assert [hit.event_id for hit in execute.read_page(trail, Search(text=text), WHOLE_TRAIL).hits] == ["the-one"]


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
    def audit_record(id: str, user: str, **fields: object) -> dict[str, object]:
        return event(id=id, user__id=user, event__dataset="console", **fields)

    write(
        trail,
        event(id="platform", user__id="bob"),
        audit_record("own", "alice"),
        audit_record("others", "bob"),
        audit_record("my-case", "bob", resource__type="case", resource__id="mine"),
        audit_record("left-case", "alice", resource__type="case", resource__id="left"),
    )
    alice = Scope("alice", cases=("mine",))
    found = {hit.event_id for hit in execute.read_page(trail, Search(), alice).hits}
    assert found == {"platform", "own", "my-case"}
    assert execute.count(trail, Search(), alice) == 3
    assert set(execute.find(trail, ["own", "others", "left-case"], alice)) == {"own"}
    assert execute.find_event(trail, "others", alice) is None
    assert {hit.event_id for hit in scan_all(trail, scope=alice)} == found
    assert execute.count(trail, Search(), WHOLE_TRAIL) == 5


def test_events_are_fetched_in_the_order_asked_and_none_vanishes(full: Trail) -> None:
    ids = [(f"{full.prefix}-events-2026.{9 + n % 3:02d}", f"e{n:03d}") for n in (400, 3, 77)]
    assert [hit.event_id for hit in execute.fetch(full, ids, WHOLE_TRAIL)] == ["e400", "e003", "e077"]
    with pytest.raises(TrailUnavailable, match="does not show 1"):
        execute.fetch(full, [*ids, (ids[0][0], "nobody")], WHOLE_TRAIL)
    with pytest.raises(TrailUnavailable, match="x is gone"):
        execute.fetch(full, [*ids, ("x", "nobody")], WHOLE_TRAIL)


def test_an_event_that_stands_in_two_months_pushes_no_other_out(trail: Trail) -> None:
    months = {name: f"{trail.prefix}-events-2026.{month}" for name, month in (("first", "01"), ("second", "02"))}
    twice = event(id="twice", at="2026-01-05T00:00:00Z")
    write(trail, twice, event(id="other", at="2026-02-05T00:00:00Z"), event(id="once", at="2026-03-05T00:00:00Z"))
    # Something wrote around the writer.
    trail.client.create(index=months["second"], id="twice", body=twice, params={"refresh": "true"})
    assert set(execute.find(trail, ["twice", "once"], WHOLE_TRAIL)) == {"twice", "once"}
    assert execute.find_event(trail, "twice", WHOLE_TRAIL) is not None
    for index in months.values():
        pairs = [(index, "twice"), (f"{trail.prefix}-events-2026.03", "once")]
        assert [hit.index for hit in execute.fetch(trail, pairs, WHOLE_TRAIL)] == [index, pairs[1][0]]
        assert execute.find_numbers(trail, [*pairs, ("", "other")], WHOLE_TRAIL).keys() == {"twice", "once", "other"}


def test_filters_narrow_and_exclude(trail: Trail) -> None:
    write(trail, issue("t1", "ada"), use("t1"), use("t2"))
    named = Search(filters=(Filter("token.id", ("t1",)),))
    assert execute.count(trail, named, WHOLE_TRAIL) == 2
    assert execute.count(trail, Search(filters=(Filter("token.id", ("t1",), negated=True),)), WHOLE_TRAIL) == 1
    assert execute.count(trail, Search(filters=(Filter("user.id", (), operator="exists"),)), WHOLE_TRAIL) == 1


def test_a_facet_knows_who_is_common_over_all_months_and_leads_in_none(trail: Trail) -> None:
    months = [f"2026-{month:02d}" for month in range(1, 4)]
    names = [*(f"loud-{n}" for n in range(30)), "quiet"]
    write(
        trail,
        *(
            use("t", user__name=name if name == "quiet" else f"{name}-{month}", at=f"{month}-01T00:00:00Z")
            for month in months
            for name in names
            for _ in range(5 if name == "quiet" else 6)
        ),
    )
    facet = execute.read_page(trail, Search(), WHOLE_TRAIL).facets["user.name"]
    assert facet.values[0] == ("quiet", 15)
    assert (facet.others, facet.error) == (3 * 30 * 6 - 5 * 6, 0)
