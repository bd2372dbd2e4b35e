"""How the values of a field are spread over a search."""

from collections.abc import Iterator

import pytest

from tests.support.factories.events import event, use, write
from trail.connection import Trail
from trail.errors import BadQuery
from trail.questions.field_statistics import CountedValue, ask_statistics
from trail.search.bodies import field_statistics
from trail.search.spec import WHOLE_TRAIL, Filter, Scope, Search


@pytest.fixture
def spread(trail: Trail) -> Iterator[Trail]:
    """Sixty people over two months: person n acts n+1 times; every second event is numbered."""
    write(
        trail,
        *(
            event(
                id=f"e{person}-{n}",
                user__id=f"u{person:02}",
                at=f"2026-{10 + n % 2}-01T00:00:{person:02}Z",
                **({"event__sequence": n} if n % 2 else {}),
            )
            for person in range(60)
            for n in range(person + 1)
        ),
    )
    return trail


def test_the_commonest_and_the_rarest_are_exact_and_so_is_their_number(spread: Trail) -> None:
    found = ask_statistics(spread, Search(), WHOLE_TRAIL, "user.id")
    assert (found.events, found.having, found.distinct, found.exact) == (1830, 1830, 60, True)
    assert found.top[0] == CountedValue("u59", 60)
    assert found.rarest is not None
    assert found.rarest[:2] == [CountedValue("u00", 1), CountedValue("u01", 2)]
    assert (found.others, found.error) == (sum(range(1, 11)), 0)


def test_it_speaks_of_what_the_search_finds(spread: Trail) -> None:
    found = ask_statistics(spread, Search(filters=(Filter("user.id", ("u03",)),)), WHOLE_TRAIL, "user.id")
    assert (found.events, found.top, found.rarest) == (4, [CountedValue("u03", 4)], [CountedValue("u03", 4)])


def test_numbers_and_times_have_ends(spread: Trail) -> None:
    numbers = ask_statistics(spread, Search(text="user.id:u05"), WHOLE_TRAIL, "event.sequence")
    assert (numbers.events, numbers.having, numbers.least, numbers.greatest, numbers.mean) == (6, 3, "1", "5", 3.0)
    times = ask_statistics(spread, Search(text="user.id:u05"), WHOLE_TRAIL, "@timestamp")
    assert (times.least, times.greatest) == ("2026-10-01T00:00:05.000Z", "2026-11-01T00:00:05.000Z")
    assert (times.distinct, times.top, times.rarest) == (None, [], None)


def test_rare_ones_are_not_named_where_not_all_were_read(spread: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(field_statistics, "RARE_AMONG", 55)
    found = ask_statistics(spread, Search(), WHOLE_TRAIL, "user.id")
    assert (found.rarest, found.exact, found.distinct) == (None, False, 60)


def test_an_empty_trail_has_no_values(trail: Trail) -> None:
    found = ask_statistics(trail, Search(), WHOLE_TRAIL, "user.id")
    assert (found.events, found.having, found.top, found.rarest, found.distinct) == (0, 0, [], None, None)


@pytest.mark.parametrize("name", ["message", "raw", "labels.team", "event.original", "token.discharges", "nothing"])
def test_what_has_no_values_to_count_is_refused(trail: Trail, name: str) -> None:
    with pytest.raises(BadQuery):
        ask_statistics(trail, Search(), WHOLE_TRAIL, name)


def test_what_is_hidden_is_not_counted(trail: Trail) -> None:
    write(trail, use("t", user__id="ada"), event(event__dataset="console", user__id="bob"))
    found = ask_statistics(trail, Search(), Scope("alice"), "user.id")
    assert [one.value for one in found.top] == ["ada"]
