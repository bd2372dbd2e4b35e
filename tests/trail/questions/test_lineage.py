"""A token's lineage: every descendant is found and no stranger, however it was derived, and each says what became of it."""

import itertools
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.factories.events import event, issue, revoke, use, write
from trail.connection import Trail
from trail.errors import BadQuery
from trail.questions import parse_token_ref
from trail.questions.lineage import CHILDREN, LEVELS, Lineage, ask_lineage
from trail.questions.lineage_tree import LineageTree
from trail.search import execute
from trail.search import lineage as following
from trail.search.bodies.query import build_query
from trail.search.lineage import Edge, TooLarge, follow_ancestors, follow_family
from trail.search.spec import WHOLE_TRAIL, Filter, Search

A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
_trees = itertools.count(1)


def _of(trail: Trail, ref: str, **more: object) -> Lineage:
    return ask_lineage(trail, parse_token_ref(ref), WHOLE_TRAIL, now=NOW, **more)  # type: ignore[arg-type]


def _asked(trail: Trail) -> int:
    return int(trail.client.transport.get_connection().pool.num_requests)


def _family(trail: Trail) -> None:
    """A, which B was made from unseen, which C was made from on record, by which D was issued under another id."""
    write(
        trail,
        issue("t", "svc", token__fingerprint=A, token__caveats__json="[]", at="2026-01-01T00:00:00Z"),
        use("t", token__fingerprint=A, token__caveats__json="[]", at="2026-02-01T00:00:00Z"),
        use("t", token__fingerprint=B, token__caveats__json='["org"]', at="2026-02-02T00:00:00Z"),
        use(
            "t",
            token__fingerprint=C,
            token__caveats__json='["org","read"]',
            token__parent_fingerprint=B,
            at="2026-02-03T00:00:00Z",
            source__ip="203.0.113.9",
        ),
        issue("n", "svc", token__fingerprint=D, token__parent_fingerprint=C, at="2026-02-04T00:00:00Z"),
        use("n", token__fingerprint=D, at="2026-02-05T00:00:00Z"),
        use("n", token__fingerprint=D, at="2026-03-02T00:00:00Z", event__outcome="failure"),
        use("elsewhere", at="2026-02-01T00:00:00Z"),
    )


def test_the_tree_says_what_each_edge_added_and_how_each_was_used(trail: Trail) -> None:
    _family(trail)
    found = _of(trail, "t")
    assert [(node.fingerprint, node.depth, node.source, node.added) for node in found.nodes] == [
        (A, 0, None, ()),
        (B, 1, "inferred", ('"org"',)),
        (C, 2, "recorded", ('"read"',)),
        (D, 3, "recorded", None),
    ]
    uses = [node.use for node in found.nodes]
    assert [(use.uses, use.refused) for use in uses if use] == [(1, 0), (1, 0), (1, 0), (2, 1)]
    assert uses[2] is not None
    assert [(one.value, one.count) for one in uses[2].addresses] == [("203.0.113.9", 1)]
    assert (found.tokens, found.alive, [node.descendants for node in found.nodes]) == (4, 4, [3, 2, 1, 0])
    assert execute.count(trail, found.search, WHOLE_TRAIL) == 7


def test_from_a_fingerprint_one_walks_down_and_up(trail: Trail) -> None:
    _family(trail)
    found = _of(trail, C)
    assert [node.fingerprint for node in found.ancestors] == [A, B]
    assert [node.fingerprint for node in found.nodes] == [C, D]
    assert [node.fingerprint for node in _of(trail, "n").ancestors] == [A, B, C]
    assert follow_family(trail, parse_token_ref(B), WHOLE_TRAIL).token_ids == {"n"}


@pytest.mark.parametrize("ref", ["n", D, "t", C])
def test_a_token_whose_events_name_one_parent_has_one(trail: Trail, ref: str) -> None:
    _family(trail)
    answer = _of(trail, ref)
    issued = next(node for node in answer.nodes if node.fingerprint == D)
    assert (issued.parents, issued.source) == ((C,), "recorded")
    assert all(len(node.parents) <= 1 for node in (*answer.nodes, *answer.ancestors))


def test_a_parent_that_is_recorded_and_inferred_counts_once_as_recorded() -> None:
    edges = [Edge(A, C, "inferred"), Edge(B, C, "recorded"), Edge(A, C, "recorded"), Edge(A, C, "recorded")]
    tree = LineageTree([], edges)
    assert tree.tokens[C].parents == [Edge(A, C, "recorded"), Edge(B, C, "recorded")]


def test_what_a_revocation_reaches_is_dead_with_all_that_came_of_it(trail: Trail) -> None:
    _family(trail)
    write(trail, revoke("n", at="2026-03-01T00:00:00Z"))
    assert [node.status.state for node in _of(trail, "t").nodes] == ["alive", "alive", "alive", "revoked"]
    revoked = revoke("t", id="end", at="2026-02-28T00:00:00Z", user__id="sec")
    write(trail, revoked)
    found = _of(trail, "t")
    through = [(node.status.since, node.status.ending and node.status.ending.through) for node in found.nodes]
    assert through == [("2026-02-28T00:00:00Z", name) for name in ("itself", "itself", "itself", "ancestor")]
    assert (found.alive, [node.status.state for node in found.ancestors]) == (0, [])
    assert _of(trail, D).nodes[0].status.since == "2026-02-28T00:00:00Z"
    write(trail, event(token__id="t", token__operation="token.restore", at="2026-03-05T00:00:00Z"))
    assert [node.status.state for node in _of(trail, "t").nodes] == ["alive", "alive", "alive", "revoked"]


def test_an_end_of_one_attenuation_is_not_the_end_of_what_it_came_from(trail: Trail) -> None:
    _family(trail)
    ended = {"token__operation": "token.revoke", "event__action": "token.revoke", "token__revocation__scope": "token"}
    write(trail, event(token__fingerprint=B, at="2026-03-01T00:00:00Z", **ended))
    assert [node.status.state for node in _of(trail, "t").nodes] == ["alive", "revoked", "revoked", "revoked"]


def test_an_attenuation_ends_in_time_with_what_it_was_made_from(trail: Trail) -> None:
    ends = {"token__expires_at": "2026-03-01T00:00:00Z"}
    write(
        trail,
        issue("t", "svc", token__fingerprint=A, token__caveats__json="[]", at="2026-01-01T00:00:00Z", **ends),
        use("t", token__fingerprint=B, token__caveats__json='["org"]', at="2026-02-02T00:00:00Z"),
    )
    assert [node.status.state for node in _of(trail, "t").nodes] == ["expired", "expired"]


def test_events_that_know_only_an_id_or_only_a_fingerprint_make_tokens_as_well(trail: Trail) -> None:
    write(
        trail,
        use("plain", at="2026-01-01T00:00:00Z"),
        event(
            token__fingerprint=B,
            token__parent_fingerprint=A,
            token__operation="token.verify",
            at="2026-01-02T00:00:00Z",
        ),
        use("t", token__fingerprint=A, at="2026-01-01T00:00:00Z"),
        use("t", at="2026-01-01T00:00:00Z"),
    )
    assert [(node.token_id, node.fingerprint) for node in _of(trail, "plain").nodes] == [("plain", None)]
    found = _of(trail, "t")
    assert [(node.token_id, node.fingerprint) for node in found.nodes] == [("t", A), (None, B)]
    assert execute.count(trail, found.search, WHOLE_TRAIL) == 3


def test_a_circle_that_somebody_invented_is_cut_and_shown_once(trail: Trail) -> None:
    write(
        trail,
        *(
            use("t", token__fingerprint=one, token__parent_fingerprint=of, at=f"2026-01-0{number}T00:00:00Z")
            for number, (one, of) in enumerate(((A, C), (B, A), (C, B), (D, D)), 1)
        ),
    )
    assert sorted(node.fingerprint or "" for node in _of(trail, "t").nodes) == [A, B, C, D]
    assert _of(trail, A).tokens == 3


def test_a_page_of_the_tree_is_bounded_and_says_what_it_leaves_off(trail: Trail) -> None:
    many = CHILDREN + 7
    chain = [f"{number:064x}" for number in range(LEVELS + 3)]
    write(
        trail,
        issue("t", "svc", token__fingerprint=A, at="2026-01-01T00:00:00Z"),
        *(
            use("t", token__fingerprint=f"c{number:063x}", token__parent_fingerprint=A, at="2026-01-03T00:00:00Z")
            for number in range(many)
        ),
        *(
            use("t", token__fingerprint=child, token__parent_fingerprint=of, at="2026-01-02T00:00:00Z")
            for of, child in itertools.pairwise([A, *chain])
        ),
    )
    found = _of(trail, "t")
    assert (found.tokens, found.nodes[0].left_off, len(found.nodes)) == (1 + many + len(chain), 8, CHILDREN + LEVELS)
    deepest = max(found.nodes, key=lambda node: node.depth)
    assert (deepest.depth, deepest.shown, deepest.left_off) == (LEVELS, False, 1)
    rest = _of(trail, "t", under=A, start=CHILDREN)
    assert [node.depth for node in rest.nodes] == [0, *([1] * 8)]
    assert not {node.fingerprint for node in rest.nodes[1:]} & {node.fingerprint for node in found.nodes}
    with pytest.raises(BadQuery, match="does not descend"):
        _of(trail, "t", under=D)


def test_a_family_that_is_too_large_is_refused_and_never_shown_in_part(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MAX_TOKENS", 3)
    write(trail, *(use("t", token__fingerprint=f"{number:064x}") for number in range(4)))
    with pytest.raises(TooLarge, match="More than 3 tokens"):
        _of(trail, "t")


def test_a_lineage_takes_as_many_round_trips_for_forty_attenuations_as_for_two(trail: Trail) -> None:
    took = []
    for name, number in (("few", 2), ("many", 40)):
        write(
            trail,
            *(
                use(
                    name, token__fingerprint=f"{name.encode().hex():0<16}{n:048x}", token__caveats__json=json.dumps([n])
                )
                for n in range(number)
            ),
        )
        before = _asked(trail)
        assert _of(trail, name).tokens == number
        took.append(_asked(trail) - before)
    assert took[0] == took[1] <= 4


def test_what_arrived_later_is_no_part_of_the_family_of_then(trail: Trail) -> None:
    _family(trail)
    then = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    write(trail, use("t", token__fingerprint="e" * 64, token__parent_fingerprint=B, at="2026-02-09T00:00:00Z"))
    assert len(follow_family(trail, parse_token_ref("t"), WHOLE_TRAIL).fingerprints) == 5
    assert len(follow_family(trail, parse_token_ref("t"), WHOLE_TRAIL, until=then).fingerprints) == 4


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (Search(filters=(Filter("token.lineage", ("t",)),)), 7),
        (Search(filters=(Filter("token.lineage", (C,)),)), 4),
        (Search(filters=(Filter("token.lineage", ("elsewhere", "n")),)), 4),
        (Search(filters=(Filter("token.lineage", ("t",), negated=True),)), 1),
        (Search(text=f"token.lineage:{C} AND event.outcome:success"), 3),
        (Search(text="NOT token.lineage:t OR token.lineage:$token", parameters=(("token", ("n",)),)), 4),
        (Search(filters=(Filter("token.lineage", ("nothing",)),)), 0),
    ],
)
def test_a_search_within_a_lineage_finds_the_same_however_it_is_asked(trail: Trail, search: Search, found: int) -> None:
    _family(trail)
    assert execute.count(trail, search, WHOLE_TRAIL) == found
    assert execute.read_page(trail, search, WHOLE_TRAIL).total == found
    assert sum(len(batch.hits) for batch in execute.scan(trail, search, WHOLE_TRAIL)) == found
    assert sum(len(batch.ids) for batch in execute.scan_ids(trail, search, WHOLE_TRAIL)) == found
    assert Search.from_query(search.to_query()) == search


def test_a_search_that_is_bound_to_a_moment_follows_the_lineage_of_that_moment(trail: Trail) -> None:
    _family(trail)
    then = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    # It arrives later, and by it an event that was there before belongs to the family.
    write(trail, use("t", token__fingerprint="e" * 64, token__parent_fingerprint=B, at="2026-02-09T00:00:00Z"))
    write(trail, issue("elsewhere", "svc", token__fingerprint="f" * 64, token__parent_fingerprint=B))
    search = Search(filters=(Filter("token.lineage", ("t",)),))
    assert execute.count(trail, search, WHOLE_TRAIL) == 10
    assert execute.count(trail, replace(search, ingested_until=then), WHOLE_TRAIL) == 7


def test_a_lineage_without_a_token_is_no_search() -> None:
    for search in (Search(text="token.lineage:*"), Search(filters=(Filter("token.lineage", (), operator="exists"),))):
        with pytest.raises(BadQuery, match="needs a token"):
            build_query(search, WHOLE_TRAIL)
    with pytest.raises(BadQuery, match="more than is looked up at once"):
        build_query(Search(text=" OR ".join(f"token.lineage:t{number}" for number in range(21))), WHOLE_TRAIL)
    with pytest.raises(BadQuery, match="as a column"):
        Search(columns=("token.lineage",))


# --- A law -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """One macaroon of an invented tree."""

    fingerprint: str
    token_id: str
    parent: int | None
    recorded: bool
    caveats: tuple[str, ...]


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[int, str]]:
    """For each macaroon after the first its parent's number and how it was made."""
    size = draw(st.integers(1, 14))
    kinds = st.sampled_from(("attenuated on record", "attenuated unseen", "issued"))
    return [(draw(st.integers(0, number)), draw(kinds)) for number in range(size)]


def _made(tree: list[tuple[int, str]], name: str) -> list[Made]:
    made = [Made(f"{name:0>32}{0:032x}", name, None, False, ())]
    for number, (parent, kind) in enumerate(tree, 1):
        above = made[parent]
        issued = kind == "issued"
        made.append(
            Made(
                f"{name:0>32}{number:032x}",
                f"{name}-{number}" if issued else above.token_id,
                parent,
                kind != "attenuated unseen",
                () if issued else (*above.caveats, f"c{number}"),
            )
        )
    return made


def _below(made: list[Made], number: int) -> set[str]:
    found = {number}
    for other, one in enumerate(made):
        if one.parent in found:
            found.add(other)
    return {made[one].fingerprint for one in found}


def _up(made: list[Made], number: int) -> set[str]:
    parent = made[number].parent
    return set() if parent is None else {made[parent].fingerprint} | _up(made, parent)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trees(), st.data())
def test_every_descendant_is_found_and_no_stranger(
    trail: Trail, tree: list[tuple[int, str]], data: st.DataObject
) -> None:
    made = _made(tree, f"{next(_trees):x}")  # what was made before is there as strangers
    write(
        trail,
        *(
            use(
                one.token_id,
                token__fingerprint=one.fingerprint,
                token__caveats__json=json.dumps(one.caveats),
                **(
                    {"token__parent_fingerprint": made[one.parent].fingerprint}
                    if one.recorded and one.parent is not None
                    else {}
                ),
            )
            for one in made
        ),
    )
    number = data.draw(st.integers(0, len(made) - 1))
    root = parse_token_ref(made[number].fingerprint)
    found = follow_family(trail, root, WHOLE_TRAIL)
    assert found.fingerprints.keys() == _below(made, number)
    edges = {
        Edge(made[one.parent].fingerprint, one.fingerprint, "recorded" if one.recorded else "inferred")
        for one in made
        if one.parent is not None and one.fingerprint in found.fingerprints and one.fingerprint != root.value
    }
    assert set(found.edges) - edges <= {edge for edge in found.edges if edge.child == root.value}
    assert edges <= found.edges.keys()
    assert set(follow_ancestors(trail, root, WHOLE_TRAIL).fingerprints) == _up(made, number)
    whole = follow_family(trail, parse_token_ref(made[number].token_id), WHOLE_TRAIL)
    of_it = [other for other, one in enumerate(made) if one.token_id == made[number].token_id]
    assert whole.fingerprints.keys() == set().union(*(_below(made, other) for other in of_it))
