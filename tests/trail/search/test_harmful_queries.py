"""Queries that would hurt the engine: refused before anything is sent, or bounded and answered."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.factories.events import event, use, write
from tests.support.search_bounds import expect_bounded, leaves
from trail.connection import Trail, connect
from trail.errors import BadQuery
from trail.schema import BY_NAME
from trail.search import execute
from trail.search.bodies.query import build_query
from trail.search.language import cost, parser
from trail.search.spec import WHOLE_TRAIL, Filter, Search

CORPUS = Path(__file__).parents[2] / "data" / "harmful-queries.txt"
_REPEATED = re.compile("⟦(.*?)×(\\d+)⟧")
_SIGNS = {"␀": "\0", "�": "\ud800", "¶": "\n"}


@dataclass(frozen=True)
class Harmful:
    """A line of the corpus: `reason` is None for a query that is bounded."""

    reason: str | None
    kind: str
    text: str

    def search(self) -> Search:
        """The search it means. Raises BadQuery where one cannot even be made of it."""
        text = _REPEATED.sub(
            lambda match: "".join(match[1].replace("#", str(n)) for n in range(int(match[2]))), self.text
        )
        for sign, meant in _SIGNS.items():
            text = text.replace(sign, meant)
        if self.kind == "q":
            return Search(text=text)
        if self.kind == "f":
            return Search(filters=(Filter.parse(text),))
        return Search(text=self.kind.removeprefix("p "), parameters=(("x", tuple(text.split("\n"))),))


def _corpus() -> list[Harmful]:
    lines = [line for line in CORPUS.read_text().splitlines() if line and not line.startswith("#")]
    parts = [re.split(" [|] ", line, maxsplit=2) for line in lines]
    return [Harmful(verdict.partition("refused: ")[2] or None, kind, text) for verdict, kind, text in parts]


REFUSED = [one for one in _corpus() if one.reason]
BOUNDED = [one for one in _corpus() if not one.reason]


@pytest.fixture(scope="module")
def nowhere() -> Trail:
    """A trail that cannot be asked: whoever tries gets another error."""
    return connect("http://127.0.0.1:1", prefix="nowhere")


@pytest.mark.parametrize("harmful", REFUSED, ids=lambda one: one.text[:60])
def test_it_is_refused_with_the_reason_and_the_place_before_anything_is_sent(harmful: Harmful, nowhere: Trail) -> None:
    with pytest.raises(BadQuery, match=re.escape(harmful.reason or "")) as refused:
        execute.read_page(nowhere, harmful.search(), WHOLE_TRAIL)
    position = refused.value.position
    # A filter has no place in the text.
    assert (position is None and harmful.kind == "f") or (position is not None and 0 <= position <= 8_000)
    assert len(refused.value.message) < 1_000


@pytest.mark.parametrize("harmful", BOUNDED, ids=lambda one: one.text[:60])
def test_it_is_bounded(harmful: Harmful) -> None:
    expect_bounded(build_query(harmful.search(), WHOLE_TRAIL))


def test_the_engine_answers_every_one_that_is_bounded(trail: Trail) -> None:
    write(
        trail,
        use("t", user__id="ada", url__path="/v1/tokens/", labels={"team": "ops"}),
        event(
            message="no such key", event__original='{"request":{"user":"admin"}}', raw={"request": {"user": "admin"}}
        ),
    )
    wrong = []
    for harmful in BOUNDED:
        query = build_query(harmful.search(), WHOLE_TRAIL)
        checked = trail.client.indices.validate_query(
            index=trail.events, body={"query": query}, params={"explain": "true"}
        )
        if not checked["valid"]:
            wrong.append((harmful.text[:60], checked["explanations"][0].get("error", "")[:200]))
        else:
            execute.count(trail, harmful.search(), WHOLE_TRAIL)
    assert wrong == []


def test_a_search_costs_what_its_parts_cost_together_and_what_is_set_aside_costs_nothing() -> None:
    words = " ".join("w" + str(number) for number in range(cost.BUDGET // (cost.WORD + 1)))
    build_query(Search(text=words), WHOLE_TRAIL)
    chips = tuple(Filter("url.path", (f"/{number}",)) for number in range(cost.WORD))
    with pytest.raises(BadQuery, match="more than is looked up at once") as refused:
        build_query(Search(text=words, filters=chips), WHOLE_TRAIL)
    assert words[refused.value.position :].startswith("w")
    build_query(Search(text=words, filters=tuple(Filter(c.field, c.values, disabled=True) for c in chips)), WHOLE_TRAIL)


_NAMES = st.sampled_from([*BY_NAME, "raw.a.b", "labels.x", "token.discharges.outcome", "_id", "use*"])
_VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["*", "*a*", "ab*", "a?b*", "/x/", "10.0.0.0/8", "2026-11-24", "now-1d", "true", "7"]),
)
_QUERIES = st.recursive(
    st.one_of(st.text(max_size=60), st.builds("{}:{}".format, _NAMES, _VALUES), st.builds("{}:[{} TO {}}}".format, _NAMES, _VALUES, _VALUES)),
    lambda inner: st.one_of(st.builds("({} OR {})".format, inner, inner), st.builds("NOT {}".format, inner), st.builds("{} {}".format, inner, inner)),
    max_leaves=12,
)  # fmt: skip


@given(_QUERIES, st.lists(_VALUES, max_size=3))
@example("ab*c????????", [])
def test_any_text_whatever_is_bounded_or_refused(text: str, values: list[str]) -> None:
    try:
        query = build_query(Search(text=text, parameters=(("x", tuple(values)),)), WHOLE_TRAIL)
    except BadQuery as refused:
        assert 0 <= refused.position <= len(text)
        return
    expect_bounded(query)


@given(_NAMES, st.lists(st.text(max_size=30), max_size=3), st.sampled_from(["is", "exists", "between", "network"]))
def test_any_filter_whatever_is_bounded_or_refused(name: str, values: list[str], operator: str) -> None:
    try:
        chip = Filter(name, tuple(values), operator=operator)  # type: ignore[arg-type]
        query = build_query(Search(filters=(chip,)), WHOLE_TRAIL)
    except BadQuery:
        return
    expect_bounded(query)


@given(_QUERIES)
def test_a_query_becomes_no_more_than_it_is_reckoned_to_cost(text: str) -> None:
    try:
        asked = len(list(leaves(build_query(Search(text=text), WHOLE_TRAIL))))
    except BadQuery:
        return
    clause = parser.parse(text)
    assert asked <= max(cost.expect_affordable(clause, (), {}), 1)
