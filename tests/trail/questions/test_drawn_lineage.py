"""A lineage as it is drawn: every event stands in a bar or a list once, whoever is chosen and whatever time is drawn."""

from datetime import UTC, datetime

import pytest

from tests.support.factories.events import issue, use, write
from trail.connection import Trail
from trail.errors import BadQuery
from trail.questions import parse_token_ref
from trail.questions.drawn_lineage import DrawnLineage, ask_drawn_lineage
from trail.search.bodies.lifeline import LISTED_OF_A_LANE, LifelineRequest
from trail.search.spec import WHOLE_TRAIL

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ROOT, CHILD = "a" * 64, "b" * 64
AWAY = "address:203.0.113.9"
ENDS = ("2026-02-01T00:00:00Z", "2026-11-24T00:00:00Z")


def _ask(trail: Trail, *, actor: str = "", start: str | None = None, end: str | None = None) -> DrawnLineage:
    return ask_drawn_lineage(
        trail,
        parse_token_ref("t"),
        WHOLE_TRAIL,
        lambda search: LifelineRequest(search, "token.id", start=start, end=end, ends=ENDS),
        now=NOW,
        actor=actor,
    )


def _family(trail: Trail) -> None:
    home, away = {"source__ip": "10.0.0.1"}, {"source__ip": "203.0.113.9"}
    child = {"token__fingerprint": CHILD, "token__parent_fingerprint": ROOT}
    write(
        trail,
        issue("t", "ada", token__fingerprint=ROOT, at="2026-02-01T00:00:00Z", **home),
        *(
            use("t", token__fingerprint=ROOT, at=f"2026-03-{day:02}T00:00:0{n}Z", **home)
            for day in range(1, 26)
            for n in range(2)
        ),
        *(
            use("t", token__fingerprint=ROOT, at=f"2026-04-{day:02}T00:00:0{n}Z", **away)
            for day in range(1, 24)
            for n in range(2)
        ),
        use("t", at="2026-05-01T00:00:00Z", **child, **away),
        use("t", at="2026-05-02T00:00:00Z", event__outcome="failure", **child, **away),
        use("t", at="2026-05-03T00:00:00Z", event__outcome="failure", **child, **home),
    )


def _count(drawn: DrawnLineage, ref: str) -> tuple[int, int]:
    """How many events of a token its bars hold, and how many those of the actor."""
    acted = drawn.acted.get(ref)
    of_all, of_actor = drawn.lanes[ref].bins, acted.bins if acted else ()
    return sum(part.count for part in of_all), sum(part.count for part in of_actor)


@pytest.mark.parametrize(
    ("actor", "root", "child"), [("", (97, 0), (3, 0)), (AWAY, (51, 46), (2, 1))], ids=["everyone", "chosen"]
)
def test_every_event_of_a_token_is_in_one_bar(
    trail: Trail, actor: str, root: tuple[int, int], child: tuple[int, int]
) -> None:
    _family(trail)
    drawn = _ask(trail, actor=actor)
    assert (_count(drawn, ROOT), _count(drawn, CHILD)) == (root, child)
    assert (drawn.lanes[ROOT].count, drawn.lanes[ROOT].accepted, drawn.lanes[CHILD].denied) == (97, 96, 2)
    assert sum(part.count for part in drawn.overview.bins) == drawn.events == 100


def test_of_whom_is_chosen_few_events_are_listed_and_many_are_not(trail: Trail) -> None:
    _family(trail)
    acted = _ask(trail, actor=AWAY).acted
    assert (acted[ROOT].total, len(acted[ROOT].moments), acted[ROOT].is_listed) == (46, LISTED_OF_A_LANE, False)
    assert (acted[CHILD].total, [moment.kind for moment in acted[CHILD].moments]) == (1, ["accepted"])


def test_a_part_of_the_time_is_drawn_and_all_of_it_is_counted(trail: Trail) -> None:
    _family(trail)
    drawn = _ask(trail, actor=AWAY, start="2026-04-02T00:00:00Z", end="2026-05-03T00:00:00Z")
    assert _count(drawn, ROOT) == (0, 44)
    assert (drawn.acted[ROOT].count, drawn.acted[ROOT].total) == (46, 44)
    assert (drawn.denied[CHILD].count, drawn.denied[CHILD].total, len(drawn.denied[CHILD].moments)) == (2, 1, 1)
    assert (drawn.lanes[ROOT].count, drawn.lanes[ROOT].accepted, drawn.events) == (97, 96, 100)


def test_who_used_the_family_can_be_chosen_from(trail: Trail) -> None:
    _family(trail)
    actors = _ask(trail).actors
    assert [(value.value, value.count) for value in actors.before["source.ip"].values] == [
        ("10.0.0.1", 51),
        ("203.0.113.9", 48),
    ]
    assert actors.total == 99
    with pytest.raises(BadQuery, match="names nobody"):
        _ask(trail, actor="somebody")
