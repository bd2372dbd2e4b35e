"""Which tokens of a large lineage are drawn, and which fold into one row."""

from investigations.presentation.lineage_rows import DRAWN_AT_MOST, FoldRow, LineageRow, TokenRow, choose_rows
from trail.questions.answers import FieldValues
from trail.questions.compromise_parts import Actors
from trail.questions.coverage import Coverage
from trail.questions.drawn_lineage import DrawnEvents, DrawnLineage
from trail.questions.lifeline import Overview
from trail.questions.lineage import Lineage, LineageNode, TokenUse
from trail.questions.token_status import ALIVE
from trail.search.bodies.lifeline import LifelineRequest
from trail.search.lineage import TokenRef
from trail.search.spec import Search

AT = "2026-11-01T00:00:00.000000000Z"


def _node(ref: str, depth: int, *, denied: int = 0) -> LineageNode:
    return LineageNode(
        token_id=ref,
        fingerprint=None,
        depth=depth,
        source="recorded" if depth else None,
        parents=("above",) if depth else (),
        caveats=None,
        added=None,
        children=0,
        descendants=0,
        shown=True,
        left_off=0,
        status=ALIVE,
        use=TokenUse(5, denied, AT, AT, (), more=False),
    )


def _draw(*nodes: LineageNode, used: tuple[str, ...] = ()) -> DrawnLineage:
    coverage = Coverage(AT, events=0, earliest=None, ingested_until=None, shards=1, failed=0)
    lineage = Lineage(TokenRef("token.id", "t"), None, 0, nodes, (), len(nodes), len(nodes), Search(), coverage)
    return DrawnLineage(
        lineage=lineage,
        lanes={},
        denied={},
        acted={ref: DrawnEvents(1, 1, ()) for ref in used},
        actor=None,
        actors=Actors(0, 0, {}, {}),
        addresses=FieldValues([]),
        events=0,
        overview=Overview(LifelineRequest(Search(), "token.id"), (), None),
        about={},
    )


def _say(rows: list[LineageRow]) -> list[str]:
    return [row.node.ref if isinstance(row, TokenRow) else f"{row.number} below {row.parent}" for row in rows]


def test_a_dozen_tokens_are_all_drawn() -> None:
    nodes = [_node("root", 0), *(_node(f"c{n}", 1) for n in range(11))]
    assert _say(choose_rows(_draw(*nodes), "", {})) == [node.ref for node in nodes]


def test_of_more_the_plain_ones_fold_below_what_they_hang_from() -> None:
    nodes = [_node("root", 0)]
    for n in range(12):
        nodes += [_node(f"c{n}", 1), _node(f"g{n}", 2, denied=1 if n == 3 else 0)]
    assert _say(choose_rows(_draw(*nodes), "", {})) == ["root", "c3", "g3", "22 below root"]


def test_a_token_that_the_chosen_actor_used_is_drawn() -> None:
    nodes = [_node("root", 0), *(_node(f"c{n}", 1) for n in range(20))]
    assert _say(choose_rows(_draw(*nodes, used=("c7",)), "", {})) == ["root", "c7", "19 below root"]


def test_a_folded_branch_is_opened_by_its_link_and_keeps_what_the_address_says() -> None:
    nodes = [_node("root", 0), *(_node(f"c{n}", 1) for n in range(20))]
    drawn, words = _draw(*nodes), {"scale": "even"}
    (fold,) = (row for row in choose_rows(drawn, "", words) if isinstance(row, FoldRow))
    assert fold.url == "?scale=even&open=root#picture"
    assert len(choose_rows(drawn, "root", words)) == 21


def test_however_many_are_notable_no_more_are_drawn_than_can_be_read() -> None:
    nodes = [_node("root", 0), *(_node(f"c{n}", 1, denied=1) for n in range(140))]
    rows = choose_rows(_draw(*nodes), "", {})
    assert len(rows) == DRAWN_AT_MOST + 1
    assert _say(rows)[-1] == f"{141 - DRAWN_AT_MOST} below root"
