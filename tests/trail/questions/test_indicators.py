"""Many indicators at once, on the real engine: exact, in the right field, in a bounded number of round trips."""

from datetime import UTC, datetime

import pytest

from tests.support.factories.events import event, issue, use, write
from tests.trail.questions.test_round_trips import _asked
from trail.connection import Trail
from trail.questions.indicator_list import MOST, Indicator, IndicatorKind, parse_indicators
from trail.questions.indicators import FieldOccurrence, IndicatorSightings, look_up_indicators
from trail.search.spec import WHOLE_TRAIL, Scope

NOW = datetime(2026, 11, 25, tzinfo=UTC)
PRINT = "ab" * 32


@pytest.fixture
def filled(trail: Trail) -> Trail:
    """Three months, several fields, a console's own event of somebody else."""
    write(
        trail,
        issue("t-1", "ann", at="2026-01-01T00:00:00Z", token__fingerprint=PRINT),
        use("t-1", at="2026-02-01T00:00:00Z", user__id="ann", source__ip="192.0.2.7", event__outcome="failure"),
        use("t-2", at="2026-03-01T00:00:00Z", user__id="ben", source__ip="192.0.2.9", token__parent_fingerprint=PRINT),
        use("t-2", at="2026-03-02T00:00:00Z", user__id="ben", source__ip="2001:db8::5", resource__id="ann"),
        event(event__dataset="console", user__id="zed", at="2026-03-03T00:00:00Z"),
    )
    return trail


def _told(found: IndicatorSightings) -> dict[str, list[tuple[str, int, int]]]:
    return {
        one.indicator.value: [(each.field, each.events, each.failures) for each in one.seen] for one in found.answers
    }


def test_each_is_found_in_the_field_where_it_stands_and_the_others_never(filled: Trail) -> None:
    asked = parse_indicators(
        f"ann\nt-2\n192.0.2[.]7\n192.0.2.0/24\n192.0.0.0/8\n2001:DB8::5\n{PRINT.upper()}\nnobody\n203.0.113.0/24\nzed"
    )
    found = look_up_indicators(filled, asked.indicators, Scope("alice"), now=NOW)
    assert _told(found) == {
        "ann": [("user.id", 2, 1), ("resource.id", 1, 0)],
        "t-2": [("token.id", 2, 0)],
        "192.0.2.7": [("source.ip", 1, 1)],
        "192.0.2.0/24": [("source.ip", 2, 1)],
        "192.0.0.0/8": [("source.ip", 2, 1)],
        "2001:db8::5": [("source.ip", 1, 0)],
        PRINT: [("token.fingerprint", 1, 0), ("token.parent_fingerprint", 1, 0)],
        "nobody": [],
        "203.0.113.0/24": [],
        "zed": [],
    }
    assert found.answers[0].seen[0] == FieldOccurrence(
        "user.id", 2, 1, "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"
    )
    assert (found.never, found.coverage.events, found.coverage.whole) == (3, 4, True)
    assert _told(look_up_indicators(filled, asked.indicators[-1:], WHOLE_TRAIL, now=NOW)) == {
        "zed": [("user.id", 1, 0)]
    }


def test_counts_are_exact_though_each_month_has_other_values(trail: Trail) -> None:
    """A shard that reports only its commonest values would leave the last of these out."""
    write(
        trail,
        *(
            use(f"t-{number}", at=f"2026-{month:02}-01T00:00:00.{number:09}Z")
            for month in (1, 2, 3)
            for number in range(400)
            for _ in range(1 + (number + month) % 2)
        ),
    )
    found = look_up_indicators(
        trail,
        [Indicator(f"t-{number}", IndicatorKind.IDENTIFIER, number) for number in range(400)],
        WHOLE_TRAIL,
        now=NOW,
    )
    assert {one.seen[0].events for one in found.answers} == {4, 5}
    assert sum(one.seen[0].events for one in found.answers) == 1_800


def test_ten_thousand_are_four_round_trips_and_a_list_of_none_is_one(filled: Trail) -> None:
    networks = [Indicator(f"10.{n // 250}.{n % 250}.0/24", IndicatorKind.NETWORK, n) for n in range(2_000)]
    names = [Indicator(f"nobody-{n}", IndicatorKind.IDENTIFIER, n) for n in range(MOST - 2_001)]
    before = _asked(filled)
    found = look_up_indicators(
        filled, [*networks, *names, Indicator("ann", IndicatorKind.IDENTIFIER, 0)], WHOLE_TRAIL, now=NOW
    )
    assert (len(found.answers), found.never) == (MOST, MOST - 1)
    assert _asked(filled) - before == 4
    assert look_up_indicators(filled, [], WHOLE_TRAIL, now=NOW).coverage.events == 5
    assert _asked(filled) - before == 5


def test_an_empty_trail_has_seen_nothing(trail: Trail) -> None:
    found = look_up_indicators(trail, parse_indicators("ann\n10.0.0.0/8").indicators, WHOLE_TRAIL, now=NOW)
    assert (found.never, found.coverage.events) == (2, 0)
