"""A search is a value: to a URL and back it stays the same."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.errors import BadQuery
from trail.search.spec import Filter, Search

fields = st.sampled_from(["user.id", "source.ip", "event.action", "labels.team", "raw.a.b"])
values = st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=30).filter(
    lambda text: text.strip() == text
)
flags = {name: st.booleans() for name in ("negated", "disabled", "pinned")}
some = st.lists(values, min_size=1, max_size=3).map(tuple)
filters = (
    st.builds(Filter, fields, some, operator=st.sampled_from(["is", "network"]), **flags)
    | st.builds(Filter, fields, st.tuples(values, values | st.just("")), operator=st.just("between"), **flags)
    | st.builds(Filter, fields, operator=st.just("exists"), **flags)
)
times = st.sampled_from([None, "now-7d", "2026-11-24", "2026-11-24T09:30:00.123456789Z"])
searches = st.builds(
    Search,
    text=values.map(str.strip),
    filters=st.lists(filters, max_size=3).map(tuple),
    start=times,
    end=times,
    sort=st.sampled_from([("@timestamp", "asc"), ("@timestamp", "desc"), ("user.id", "asc")]),
    columns=st.sampled_from([("@timestamp", "user.id"), ("event.action",)]),
    stack=st.sampled_from(["event.outcome", "service.name"]),
    parameters=st.dictionaries(st.sampled_from(["a", "b"]), st.lists(values, min_size=1, max_size=3).map(tuple)).map(
        lambda found: tuple(found.items())
    ),
)


@given(filters)
def test_a_chip_reads_back_as_itself(chip: Filter) -> None:
    assert Filter.parse(str(chip)) == chip


@given(searches)
def test_a_search_reads_back_from_its_address_as_itself(search: Search) -> None:
    assert Search.from_query(search.to_query()) == search
    assert Search.from_json(search.to_json()) == search


def test_relative_times_become_absolute_once() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    fixed = Search(start="now-1d", end="2026-11-24").resolved(now)
    assert (fixed.start, fixed.end) == ("2026-11-23T12:00:00.000000Z", "2026-11-24T00:00:00Z")
    assert fixed.resolved(datetime.now(UTC)) == fixed
    assert Search(start="now-9999y").resolved(now).start == "1970-01-01T00:00:00.000000Z"


def test_a_time_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadQuery, match="after it ends"):
        Search(start="2026-11-02", end="2026-11-01").resolved(datetime.now(UTC))
    with pytest.raises(BadQuery, match="after it ends"):
        Search(start="now", end="now-1d").resolved(datetime.now(UTC))


@pytest.mark.parametrize(
    "query",
    [
        {"from": ["yesterday"]},
        {"from": ["1969-12-31"]},
        {"to": ["9999-12-31"]},
        {"f": ["nobody.knows:x"]},
        {"sort": ["message:asc"]},
        {"sort": ["@timestamp:up"]},
        {"columns": ["x.y"]},
        {"stack": ["message"]},
        {"f": ["event.sequence(between):|"]},
        {"f": ["event.sequence(between):1"]},
    ],
)
def test_what_cannot_be_understood_is_refused(query: dict[str, list[str]]) -> None:
    with pytest.raises(BadQuery):
        Search.from_query(query)


def test_a_search_holds_no_nul() -> None:
    with pytest.raises(BadQuery, match="NUL"):
        Search.from_query({"q": ["user.id:$x"], "p.x": ["a\0"]})
