"""Two searches side by side: every number as counting by hand gives it, and nothing called new that was only below a cut."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.factories.events import event, write
from trail.connection import Trail
from trail.documents import get
from trail.questions.comparison import Comparison, compare_searches
from trail.search.bodies import comparison
from trail.search.spec import WHOLE_TRAIL, Filter, Scope, Search

FIELDS = ("source.ip", "event.action", "token.id", "user_agent.original", "user.roles")
USERS = ("u0", "u1", "u2", "u3")


def _by(user: str) -> Search:
    return Search(filters=(Filter("user.id", (user,)),))


def _events() -> list[dict[str, object]]:
    """Users with common and rare values of their own, over three months, so that shards disagree about what is common."""
    chance = random.Random(7)
    made = []
    for number in range(240):
        user = chance.choice(USERS)
        made.append(
            event(
                id=f"e{number}",
                at=f"2026-{number % 3 + 1:02d}-01T00:00:00Z",
                user__id=user,
                source__ip=f"192.0.2.{min(int(chance.expovariate(0.3)), 12) + (5 if user == 'u1' else 0)}",
                event__action=chance.choice(["a", "b", "c"] if user != "u2" else ["a", "z"]),
                token__id=f"t{number % 40}",
                user_agent__original=f"agent/{chance.randrange(6)} (x; y)",
                user__roles=chance.sample(["r1", "r2", "r3"], chance.randrange(3)),
            )
        )
    return made


@pytest.fixture(scope="module")
def events() -> list[dict[str, object]]:
    return _events()


def _expect_exact(
    found: Comparison, events: list[dict[str, object]], left: str, right: str, field: str, most: int
) -> None:
    sides = [[one for one in events if get(one, "user.id") == user] for user in (left, right)]
    counts = [Counter(v for one in side for v in _values(one, field)) for side in sides]
    (compared,) = [one for one in found.fields if one.name == field] or [None]
    pairs = compared.pairs if compared else []
    for pair in pairs:
        assert (pair.left, pair.right) == (counts[0][pair.value], counts[1][pair.value])
        assert pair.left_share == pytest.approx(pair.left / len(sides[0]))
        assert (pair.state == "new") == (pair.value not in counts[0])
        assert (pair.state == "gone") == (pair.value not in counts[1])
    if most >= len(counts[0] | counts[1]):
        differing = {v for v in counts[0] | counts[1] if counts[0][v] * len(sides[1]) != counts[1][v] * len(sides[0])}
        assert {pair.value for pair in pairs} == differing
        assert compared is None or (compared.rarer_left, compared.rarer_right) == (0, 0)


def _values(one: dict[str, object], field: str) -> list[str]:
    value = get(one, field)
    return value if isinstance(value, list) else [] if value is None else [value]


def test_every_number_is_what_counting_by_hand_gives_however_few_values_a_side_reports(
    trail: Trail, events: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(trail, *events)

    @settings(max_examples=25)
    @given(
        left=st.sampled_from(USERS), right=st.sampled_from(USERS), most=st.integers(1, 45), of_a_shard=st.integers(0, 5)
    )
    def law(left: str, right: str, most: int, of_a_shard: int) -> None:
        monkeypatch.setattr(comparison, "MOST", most)
        monkeypatch.setattr(comparison, "_OF_A_SHARD", most + of_a_shard)
        before = int(trail.client.transport.get_connection().pool.num_requests)
        found = compare_searches(trail, _by(left), _by(right), WHOLE_TRAIL, FIELDS)
        assert int(trail.client.transport.get_connection().pool.num_requests) - before <= 2
        for field in FIELDS:
            _expect_exact(found, events, left, right, field, most)

    law()


def test_it_is_one_round_trip_when_no_side_has_more_values_than_are_compared(trail: Trail) -> None:
    write(trail, event(user__id="ann", source__ip="192.0.2.1"), event(user__id="bob", source__ip="192.0.2.2"))
    before = int(trail.client.transport.get_connection().pool.num_requests)
    found = compare_searches(trail, _by("ann"), _by("bob"), WHOLE_TRAIL)
    assert int(trail.client.transport.get_connection().pool.num_requests) - before == 1
    (address,) = [one for one in found.fields if one.name == "source.ip"]
    assert [(pair.value, pair.state) for pair in address.pairs] == [("192.0.2.2", "new"), ("192.0.2.1", "gone")]
    assert (found.left.total, found.right.total, len(found.left.bars)) == (1, 1, 1)


def test_what_one_may_not_find_is_compared_with_nothing(trail: Trail) -> None:
    write(trail, event(user__id="bob", event__dataset="console", source__ip="192.0.2.9"), event(user__id="eve"))
    found = compare_searches(trail, _by("eve"), _by("bob"), Scope("alice"))
    assert (found.left.total, found.right.total) == (1, 0)
    assert "192.0.2.9" not in {pair.value for one in found.fields for pair in one.pairs}
