"""Novelty as a filter: whatever takes a search finds the same firsts, exactly, and shows the trail's own events."""

import uuid
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tests.support.factories.events import event, use, write
from tests.support.factories.firsts import by_hand, keep
from trail.connection import Trail, connect
from trail.documents import get
from trail.errors import BadQuery, Incomplete
from trail.first_seen import coverage
from trail.mapping import install
from trail.pairs import PAIRS
from trail.search import execute
from trail.search.bodies.first_seen import build_kind_counts, read_kind_counts
from trail.search.bodies.query import build_hidden_from, build_query
from trail.search.spec import WHOLE_TRAIL, Filter, Scope, Search

STRANGER = Scope(user_id="charlie")


def _first(*kinds: str, **more: object) -> Search:
    return Search(filters=(Filter("novelty", kinds),), **more)  # type: ignore[arg-type]


def _ids(hits: object) -> list[str]:
    return [hit.event_id for hit in hits]  # type: ignore[attr-defined]


Full = tuple[Trail, dict[str, set[str]], dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def full(node: str) -> Iterator[Full]:
    """300 events of few people, tokens and places over three months, with their firsts as anybody can work them out."""
    random = Random(5)
    documents = [
        use(
            f"t{random.randrange(20)}",
            id=f"e{n:03d}",
            user__id=f"u{random.randrange(9)}",
            event__sequence=n,
            source__ip=f"192.0.2.{random.randrange(9)}",
            service__name=random.choice(("api", "edge")),
            user_agent__name=random.choice(("curl", "firefox")),
            raw={"n": str(n)},
            event__original=f'{{"n":"{n}"}}',
            at=f"2026-{random.randrange(9, 12):02d}-{random.randrange(1, 28):02d}T00:00:00Z",
        )
        for n in range(300)
    ]
    trail = connect(node, prefix=f"firsts-{uuid.uuid4().hex[:8]}")
    install(trail)
    write(trail, *documents)
    keep(trail)
    yield trail, by_hand(documents), {document["event"]["id"]: document for document in documents}
    trail.client.indices.delete(index=[*trail.client.indices.get(index=f"{trail.prefix}-*")])
    trail.client.indices.delete_index_template(name=trail.events)
    trail.client.close()


def test_everything_that_takes_a_search_finds_the_same_firsts(full: Full) -> None:
    trail, firsts, documents = full
    for search, wanted in (
        *((_first(pairing.name), {pairing.name}) for pairing in PAIRS),
        (_first("user_address", "token_service"), {"user_address", "token_service"}),
        (_first("any"), {pairing.name for pairing in PAIRS}),
    ):
        expected = {event_id for event_id, found in firsts.items() if found & wanted}
        assert 0 < len(expected) < 300
        page = execute.read_page(trail, search, WHOLE_TRAIL, size=500)
        assert set(_ids(page.hits)) == expected
        assert page.total == sum(bar.total for bar in page.bars) == len(expected)
        services = Counter(get(documents[event_id], "service.name") for event_id in expected)
        assert dict(page.facets["service.name"].values) == services
        assert execute.count(trail, search, WHOLE_TRAIL) == len(expected)
        scanned = [hit for batch in execute.scan(trail, search, WHOLE_TRAIL, batch=7) for hit in batch.hits]
        assert _ids(scanned) == _ids(page.hits)
        ids = [event_id for batch in execute.scan_ids(trail, search, WHOLE_TRAIL, batch=7) for _, event_id in batch.ids]
        assert sorted(ids) == sorted(expected)
    counted = read_kind_counts(execute.ask(trail, build_kind_counts(build_query(Search(), WHOLE_TRAIL))))
    assert counted == {p.name: len([one for one in firsts.values() if p.name in one]) for p in PAIRS}


def test_what_is_shown_is_the_event_itself_and_not_its_copy(full: Full) -> None:
    trail, _, _ = full
    trail.client.update_by_query(
        index=f"{trail.prefix}-firsts",
        params={"refresh": "true"},
        body={"query": {"exists": {"field": "novelty.kinds"}}, "script": "ctx._source.user.name = 'forged'"},
    )
    search = Search(text="user.name:forged", filters=(Filter("novelty", ("any",)),))
    for hit in execute.read_page(trail, search, WHOLE_TRAIL).hits:
        event = execute.find_event(trail, hit.event_id, WHOLE_TRAIL)
        assert event is not None
        assert (hit.document, hit.index, hit.number) == (event.document, event.index, event.number)
        assert hit.index.startswith(f"{trail.prefix}-events-")
        assert "name" not in hit.document["user"]


def test_firsts_are_narrowed_like_any_search(full: Full) -> None:
    trail, firsts, documents = full

    def found(text: str, *chips: Filter, **more: object) -> set[str]:
        search = Search(text=text, filters=chips, **more)  # type: ignore[arg-type]
        return set(_ids(execute.read_page(trail, search, WHOLE_TRAIL, size=500).hits))

    def those(*wanted: str) -> set[str]:
        return {event_id for event_id, kinds in firsts.items() if set(wanted) <= kinds}

    both = found("novelty:user_address AND novelty:user_client")
    assert both == those("user_address", "user_client")
    assert found("novelty:user_address", Filter("novelty", ("user_client",))) == both
    assert found("novelty:* AND NOT novelty:user_address") == set(firsts) - those("user_address")
    assert found("", Filter("novelty", ("any",)), Filter("novelty", ("user_address",), negated=True)) == set(
        firsts
    ) - those("user_address")
    assert found("novelty:user_address OR novelty:user_client") == those("user_address") | those("user_client")
    assert found("novelty:(token_service) user.id:u1") == {
        one for one in those("token_service") if documents[one]["user"] == {"id": "u1"}
    }
    assert found("novelty:any raw.n:12*") == {one for one in firsts if documents[one]["raw"]["n"].startswith("12")}
    whole = execute.read_page(trail, Search(), WHOLE_TRAIL).total
    assert (
        execute.read_page(trail, Search(filters=(Filter("novelty", ("any",), disabled=True),)), WHOLE_TRAIL).total
        == whole
    )


def test_a_page_says_which_of_its_events_are_firsts(full: Full) -> None:
    trail, firsts, _ = full
    seen: list[str] = []
    for search in (Search(sort=("user.id", "asc")), Search(text="token.id:t7"), _first("token_service")):
        after = None
        while (page := execute.read_page(trail, search, WHOLE_TRAIL, size=40, after=after)).hits:
            here = {
                event_id: kinds
                for event_id, kinds in page.first_seen.kinds_by_event.items()
                if event_id in _ids(page.hits)
            }
            assert {one: set(found) for one, found in here.items()} == {
                one: firsts[one] for one in _ids(page.hits) if one in firsts
            }
            seen, after = [*seen, *here], list(page.hits[-1].sort)
    assert set(firsts) <= set(seen)
    assert coverage.read_kinds(trail, ["e001", "nobody"]).keys() == {"e001"} & firsts.keys()
    assert coverage.read_kinds(trail, []) == {}


def test_a_stranger_learns_nothing_of_a_case_by_its_firsts(trail: Trail) -> None:
    """Even if the index of what is first seen held the console's own events, which it does not."""
    write(
        trail,
        event(
            id="of the case",
            event__dataset="console",
            resource__type="case",
            resource__id="c1",
            user__id="ann",
            source__ip="192.0.2.1",
            at="2026-01-01T00:00:00Z",
        ),
    )
    write(trail, use("t", id="plain", user__id="ann", source__ip="192.0.2.1", at="2026-02-01T00:00:00Z"))
    keep(trail)
    for scope in (STRANGER, WHOLE_TRAIL):
        page = execute.read_page(trail, _first("user_address"), scope)
        assert _ids(page.hits) == ["plain"]
        assert page.first_seen.kinds_by_event["plain"] == ("user_address", "token_address")
    assert build_hidden_from(STRANGER)[0] in build_query(_first("any"), STRANGER)["bool"]["must_not"]
    assert (
        build_hidden_from(STRANGER)[0]
        in build_kind_counts(build_query(Search(), STRANGER))["query"]["bool"]["must_not"]
    )


def test_before_anything_is_known_a_search_for_firsts_is_an_error_and_others_are_not(trail: Trail) -> None:
    write(trail, use("t", id="e"))
    page = execute.read_page(trail, Search(), WHOLE_TRAIL)
    assert (page.total, page.first_seen.kinds_by_event, page.first_seen.coverage.until) == (1, {}, None)
    for ask in (
        execute.read_page,
        execute.count,
        lambda *about: list(execute.scan(*about)),
        lambda *about: list(execute.scan_ids(*about)),
    ):
        with pytest.raises(Incomplete, match="not known yet"):
            ask(trail, _first("any"), WHOLE_TRAIL)


def test_an_event_that_the_trail_does_not_show_any_more_is_no_smaller_answer(trail: Trail) -> None:
    write(trail, use("t", id="e"))
    keep(trail)
    trail.client.indices.delete(index=f"{trail.prefix}-events-2026.11")
    with pytest.raises(Incomplete, match="does not show 1 of the events that were found, e first"):
        execute.read_page(trail, _first("any"), WHOLE_TRAIL)


def test_a_page_is_one_round_trip_and_of_firsts_one_more_for_the_events_themselves(trail: Trail) -> None:
    write(trail, use("t", id="e"))
    keep(trail)
    execute.read_page(trail, Search(), WHOLE_TRAIL)  # where the trail begins and ends is asked once
    pool = trail.client.transport.get_connection().pool
    for search, trips in ((Search(), 1), (_first("any"), 2)):
        before = pool.num_requests
        assert execute.read_page(trail, search, WHOLE_TRAIL).total == 1
        assert pool.num_requests - before == trips


@pytest.mark.parametrize("text", ["NOT novelty:any", "novelty:any OR user.id:x", "user.id:x (NOT novelty:user_client)"])
def test_what_the_index_of_firsts_cannot_answer_is_refused_where_it_stands(text: str) -> None:
    with pytest.raises(BadQuery, match="joined by AND") as caught:
        build_query(Search(text=text), WHOLE_TRAIL)
    assert text[: caught.value.position].endswith("novelty:")


@pytest.mark.parametrize(
    "search",
    [
        Search(filters=(Filter("novelty", ("any",), negated=True),)),
        Search(filters=(Filter("novelty", (), negated=True, operator="exists"),)),
        Search(filters=(Filter("novelty", ("nothing",)),)),
        Search(filters=(Filter("novelty", ("a", "b"), operator="between"),)),
        Search(filters=(Filter("novelty", ("192.0.2.0/24",), operator="network"),)),
        Search(text="novelty:nothing"),
        Search(text="novelty:user_*"),
        Search(text="novelty:[a TO b]"),
    ],
)
def test_what_novelty_does_not_mean_is_refused(search: Search) -> None:
    with pytest.raises(BadQuery, match="novelty"):
        build_query(search, WHOLE_TRAIL)


def test_a_parameter_can_stand_for_a_kind() -> None:
    search = Search(text="novelty:$kind", parameters=(("kind", ("user_client",)),))
    assert {"term": {"novelty.kinds": "user_client"}} in build_query(search, WHOLE_TRAIL)["bool"]["filter"]


def test_a_body_says_where_it_is_asked_however_deep_its_query_was_put() -> None:
    from trail.search import first_seen_index

    inner = build_query(_first("any"), WHOLE_TRAIL)
    wrapped = {"query": {"bool": {"filter": [{"bool": {"filter": inner}}, {"term": {"user.id": "x"}}]}}}
    assert first_seen_index.choose_index("p", wrapped) == "p-firsts"
    assert first_seen_index.choose_index("p", {"query": build_query(Search(), WHOLE_TRAIL)}) == "p-events-*"
    assert first_seen_index.choose_index("p", {}) == "p-events-*"
