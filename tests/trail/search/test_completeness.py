"""A month that does not answer is never left out in silence: every answer equals the truth, says it is partial, or is an error."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from random import Random
from typing import Any

import pytest

from tests.support import missing_months
from tests.support.factories.events import event, issue, revoke, use, write
from tests.support.missing_months import HARMLESS, LOSSES, Month
from trail.connection import Trail
from trail.errors import Incomplete, TrailUnavailable
from trail.first_seen import coverage as first_seen_coverage
from trail.first_seen import index as first_seen_index
from trail.first_seen import keeper
from trail.questions import absence, coverage
from trail.questions.comparison import compare_searches
from trail.questions.compromise import ask_compromise, list_affected
from trail.questions.entity import KINDS, ask_entity, search_by
from trail.questions.field_statistics import ask_statistics
from trail.questions.further_facets import ask_further_facets
from trail.questions.indicator_list import parse_indicators
from trail.questions.indicators import look_up_indicators
from trail.questions.lineage import ask_lineage
from trail.questions.token import ask_token
from trail.questions.user import ask_tokens_issued, ask_user
from trail.search import completeness, execute, field_values, paging
from trail.search.lineage import TokenRef
from trail.search.spec import WHOLE_TRAIL, Filter, Search
from trail.times import format_datetime

NOW = datetime(2026, 11, 30, tzinfo=UTC)
EVERYTHING = Search(ingested_until=format_datetime(datetime(2100, 1, 1, tzinfo=UTC)))
TOKEN = TokenRef("token.id", "t")
FIRSTS = Search(text="novelty:any")


@pytest.fixture
def months(trail: Trail) -> list[Month]:
    """Three months of a token's life, and what has come late to the first of them."""
    by_month = {
        "2026.09": (issue("t", "ann", at="2026-09-01T00:00:00Z"), use("t", at="2026-09-02T00:00:00Z", user__id="ann")),
        "2026.10": tuple(use("t", at=f"2026-10-0{day}T00:00:00Z", user__id="ann") for day in range(1, 5)),
        "2026.11": (revoke("t", at="2026-11-01T00:00:00Z", user__id="ann"), event(at="2026-11-02T00:00:00Z")),
    }
    for events in by_month.values():
        write(trail, *events)
    return [Month(trail, f"{trail.prefix}-events-{month}", events) for month, events in by_month.items()]


@pytest.fixture
def sealed(trail: Trail, months: list[Month]) -> Trail:
    """The trail as whoever knows what is sealed asks it."""
    counts = {month.index: len(month.events) for month in months} | {"other-events-2026.10": 7}
    while keeper.run_step(trail).waits:
        pass
    trail.client.indices.refresh(index=f"{trail.prefix}-*")
    return replace(trail, read_sealed=lambda: counts, recent={})


def _read_page(trail: Trail) -> tuple[Any, str]:
    page = execute.read_page(trail, Search(), WHOLE_TRAIL)
    return (page.total, [hit.event_id for hit in page.hits], page.facets, page.first, page.last), page.missing


def _read_listing(trail: Trail) -> tuple[Any, str]:
    listing = execute.read_listing(trail, Search(), WHOLE_TRAIL, size=3)
    return (listing.total, [hit.event_id for hit in listing.hits]), listing.missing


def _read_further_page(trail: Trail) -> Any:
    first = execute.read_listing(trail, Search(), WHOLE_TRAIL, size=1)
    if not first.hits:
        raise Incomplete(first.missing)
    return [
        hit.event_id for hit in paging.read_page(trail, EVERYTHING, WHOLE_TRAIL, after=list(first.hits[0].sort)).hits
    ]


# Each gives what it says, and beside it what it says is missing; without that, silence.
ANSWERS: dict[str, Callable[[Trail], Any]] = {
    "page": _read_page,
    "listing": _read_listing,
    "further page": _read_further_page,
    "count": lambda trail: execute.count(trail, Search(), WHOLE_TRAIL),
    "count of one month": lambda trail: execute.count(trail, Search(start="2026-10-01", end="2026-11-01"), WHOLE_TRAIL),
    "scan": lambda trail: [hit.event_id for batch in execute.scan(trail, Search(), WHOLE_TRAIL) for hit in batch.hits],
    "scan of ids": lambda trail: [batch.ids for batch in execute.scan_ids(trail, Search(), WHOLE_TRAIL)],
    "scan of firsts": lambda trail: [batch.ids for batch in execute.scan_ids(trail, FIRSTS, WHOLE_TRAIL)],
    "count of firsts": lambda trail: execute.count(trail, FIRSTS, WHOLE_TRAIL),
    "newer": lambda trail: paging.count_newer(trail, Search(), WHOLE_TRAIL, since="2020-01-01T00:00:00Z", now=NOW),
    "coverage": lambda trail: coverage.read_coverage(execute.ask(trail, coverage.build_coverage(WHOLE_TRAIL)), NOW),
    "token": lambda trail: ask_token(trail, TOKEN, WHOLE_TRAIL, now=NOW),
    "lineage": lambda trail: ask_lineage(trail, TOKEN, WHOLE_TRAIL, now=NOW),
    "compromise": lambda trail: ask_compromise(trail, TOKEN, WHOLE_TRAIL, at="2026-10-01T00:00:00Z", now=NOW),
    "affected": lambda trail: list(list_affected(trail, Search(), WHOLE_TRAIL)),
    "user": lambda trail: ask_user(trail, "ann", WHOLE_TRAIL, now=NOW),
    "tokens issued": lambda trail: ask_tokens_issued(trail, "ann", WHOLE_TRAIL, now=NOW),
    "address": lambda trail: ask_entity(
        trail, KINDS["address"], search_by(KINDS["address"], "192.0.2.7"), WHOLE_TRAIL, now=NOW
    ),
    "statistics": lambda trail: ask_statistics(trail, Search(), WHOLE_TRAIL, "event.action"),
    "further facets": lambda trail: ask_further_facets(trail, Search(), WHOLE_TRAIL),
    "values": lambda trail: field_values.suggest_values(trail, "user.id", "a", Search(), WHOLE_TRAIL),
    "comparison": lambda trail: compare_searches(
        trail, Search(end="2026-10-01"), Search(start="2026-10-01"), WHOLE_TRAIL
    ),
    "indicators": lambda trail: look_up_indicators(
        trail, parse_indicators("ann\nnobody").indicators, WHOLE_TRAIL, now=NOW
    ),
    "absence": lambda trail: absence.count_events(
        trail, Search(filters=(Filter("user.id", ("nobody",)),)), WHOLE_TRAIL, within=WHOLE_TRAIL, now=NOW
    ),
}


def _ask(trail: Trail, name: str) -> tuple[Any, str]:
    """What an answer says, and what it says is missing, which an error does too."""
    try:
        answer = ANSWERS[name](trail)
    except TrailUnavailable as error:
        return None, str(error)
    return answer if name in ("page", "listing") else (answer, "")


def _ask_all(trail: Trail) -> dict[str, tuple[Any, str]]:
    return {name: _ask(trail, name) for name in ANSWERS}


def _expect_no_silence(trail: Trail, truth: dict[str, tuple[Any, str]]) -> Counter[str]:
    """How many answers were whole and how many said what is missing; fails for one that is neither."""
    kinds: Counter[str] = Counter()
    for name, (answer, missing) in _ask_all(trail).items():
        assert missing or answer == truth[name][0], f"{name} says {answer}, and the truth is {truth[name][0]}"
        kinds["in part" if missing else "whole"] += 1
    return kinds


@pytest.fixture
def truth(sealed: Trail) -> dict[str, tuple[Any, str]]:
    answers = _ask_all(sealed)
    assert [name for name, (_, missing) in answers.items() if missing] == []
    return answers


def test_no_answer_leaves_out_a_month_in_silence(
    sealed: Trail, months: list[Month], truth: dict[str, tuple[Any, str]]
) -> None:
    for fault in LOSSES:
        fault(months[1])
        assert _expect_no_silence(sealed, truth) == {"in part": len(ANSWERS)}, fault
        page, missing = _read_page(sealed)
        assert (months[1].index in missing, page[0] < truth["page"][0][0]) == (True, True), fault
        months[1].heal()


def test_what_is_done_to_the_alias_or_hides_an_index_takes_no_event_from_any_answer(
    sealed: Trail, months: list[Month], truth: dict[str, tuple[Any, str]]
) -> None:
    for month, fault in zip(cycle(months), HARMLESS):  # each is done beside those before
        fault(month)
        assert _expect_no_silence(sealed, truth) == {"whole": len(ANSWERS)}, fault


@pytest.mark.lone
def test_a_month_that_no_node_holds_is_said_to_be_missing(
    sealed: Trail, months: list[Month], truth: dict[str, tuple[Any, str]]
) -> None:
    missing_months.unassign(months[1])
    assert _expect_no_silence(sealed, truth) == {"in part": len(ANSWERS)}
    assert "1 of 3 shards did not answer" in _read_page(sealed)[1]


def test_a_random_month_fails_in_a_random_way_and_comes_back(
    sealed: Trail, months: list[Month], truth: dict[str, tuple[Any, str]]
) -> None:
    chance = Random(5)
    for _ in range(5):
        month, fault = chance.choice(months), chance.choice(LOSSES + HARMLESS)
        fault(month)
        _expect_no_silence(sealed, truth)
        month.heal()
        healed = _ask_all(sealed)
        assert healed["count"] == truth["count"]
        truth = healed  # the trail took the month's events anew, and says when


def test_all_months_gone_is_no_empty_trail(sealed: Trail, months: list[Month]) -> None:
    for month in months:
        missing_months.delete(month)
    for name in ANSWERS:
        assert _ask(sealed, name)[1], name


def test_an_index_beside_a_month_counts_too(sealed: Trail, months: list[Month]) -> None:
    late = f"{months[0].index}-late"
    known = replace(sealed, read_sealed=lambda: {late: 1}, recent={})
    with pytest.raises(Incomplete, match=f"{late} shows 0 of its 1 events"):
        execute.count(known, Search(), WHOLE_TRAIL)


def test_a_closed_index_of_which_nothing_is_sealed_is_an_error_and_a_line_on_a_page(
    trail: Trail, months: list[Month]
) -> None:
    missing_months.close(months[1])
    with pytest.raises(Incomplete, match=f"{months[1].index} is closed"):
        execute.count(trail, Search(), WHOLE_TRAIL)
    with pytest.raises(Incomplete, match="closed"):
        list(execute.scan(trail, Search(), WHOLE_TRAIL))
    page = execute.read_page(trail, Search(), WHOLE_TRAIL)
    assert (page.total, page.missing) == (4, f"{months[1].index} is closed")


def test_an_event_of_a_month_that_is_gone_is_not_said_to_be_none(sealed: Trail, months: list[Month]) -> None:
    event_id = months[1].events[0]["event"]["id"]
    assert execute.find_event(sealed, event_id, WHOLE_TRAIL) is not None
    missing_months.delete(months[1])
    for ids in ([("", event_id)], [(months[1].index, event_id)]):
        with pytest.raises(Incomplete):
            execute.find_placed(sealed, ids, WHOLE_TRAIL)


def test_a_point_in_time_is_compared_when_it_is_new_and_holds_what_it_held(sealed: Trail, months: list[Month]) -> None:
    first = execute.read_listing(sealed, EVERYTHING, WHOLE_TRAIL, size=2)
    page = paging.read_page(sealed, EVERYTHING, WHOLE_TRAIL, after=list(first.hits[-1].sort), size=2)
    write(sealed, use("t", at="2026-11-03T00:00:00Z"))
    more = replace(sealed, read_sealed=lambda: {months[2].index: len(months[2].events) + 1}, recent={})
    assert page.point
    after = list(page.hits[-1].sort)
    assert len(paging.read_page(more, EVERYTHING, WHOLE_TRAIL, after=after, size=2, point=page.point).hits) == 2


def test_what_is_sealed_is_asked_for_every_two_seconds_at_most(trail: Trail, months: list[Month]) -> None:
    times: list[int] = []

    def read_sealed() -> dict[str, int]:
        times.append(1)
        return {month.index: 1 for month in months}

    known = replace(trail, read_sealed=read_sealed, recent={})
    for _ in range(3):
        execute.count(replace(known, patience=20), Search(), WHOLE_TRAIL)
    assert len(times) == 1
    known.recent["sealed"] = (0.0, {})
    execute.count(known, Search(), WHOLE_TRAIL)
    assert len(times) == 2


def test_a_sentence_names_three_indices_and_counts_the_others() -> None:
    expected = {f"i{number}": 2_000 for number in range(5)}
    assert completeness.describe_lacking(expected, expected) == ""
    assert completeness.describe_lacking(expected, expected | {"i1": 1_999}) == "i1 shows 1,999 of its 2,000 events"
    assert completeness.describe_lacking(expected, {"i0": 2_001}).endswith(
        "i3 shows 0 of its 2,000 events, and events are missing from 1 more"
    )


# --- The index of what is first seen -----------------------------------------------------------------------------------


def test_nothing_is_said_of_firsts_while_their_index_is_closed(sealed: Trail) -> None:
    known = execute.read_page(sealed, Search(), WHOLE_TRAIL)
    assert known.first_seen.coverage.until
    sealed.client.indices.close(index=first_seen_index.name_index(sealed.prefix))
    page = execute.read_page(sealed, Search(), WHOLE_TRAIL)
    assert (page.total, page.missing, page.first_seen.coverage.until) == (known.total, "", None)
    with pytest.raises(TrailUnavailable):
        execute.read_page(sealed, FIRSTS, WHOLE_TRAIL)
    with pytest.raises(TrailUnavailable):
        first_seen_coverage.read_kinds(sealed, [known.hits[0].event_id])
    with pytest.raises(TrailUnavailable):
        paging.read_page(sealed, EVERYTHING, WHOLE_TRAIL, after=list(known.hits[0].sort))
    with pytest.raises(TrailUnavailable):
        list(execute.scan_ids(sealed, FIRSTS, WHOLE_TRAIL))


def test_nothing_is_said_of_firsts_through_an_alias_in_the_place_of_their_index(sealed: Trail) -> None:
    name = first_seen_index.name_index(sealed.prefix)
    indices = sealed.client.indices
    indices.put_settings(index=name, body={"index.blocks.write": True})
    indices.clone(index=name, target=f"{sealed.prefix}-copy")
    indices.delete(index=name)
    indices.put_alias(index=f"{sealed.prefix}-copy", name=name, body={"filter": {"ids": {"values": ["progress"]}}})
    page = execute.read_page(sealed, Search(), WHOLE_TRAIL)
    assert (page.missing, page.first_seen.coverage.until) == ("", None)
    with pytest.raises(Incomplete, match="is an alias of"):
        execute.count(sealed, FIRSTS, WHOLE_TRAIL)
    assert not first_seen_index.is_current(sealed)
