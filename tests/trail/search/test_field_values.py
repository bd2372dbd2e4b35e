"""Values that begin as typed, out of a real trail, within what a person may find."""

from collections.abc import Iterator

import pytest

from tests.support.factories.events import event, use, write
from trail.connection import Trail
from trail.errors import BadQuery
from trail.search import field_values
from trail.search.spec import WHOLE_TRAIL, Scope, Search

EVIL = 'a"b\\c\n\u202e* OR x:'


@pytest.fixture
def filled(trail: Trail) -> Trail:
    write(
        trail,
        use("t", user__id="Alice", source__ip="10.1.2.3", user_agent__original="curl/8.1", at="2026-01-01T00:00:00Z"),
        use(
            "t",
            user__id="alan",
            source__ip="10.20.0.1",
            event__sequence=412,
            labels={"team": "Red"},
            user__roles=["admin"],
        ),
        use(
            "t",
            user__id="alan",
            source__ip="2001:db8::1",
            event__sequence=77,
            raw={"a": {"b": ["x1", "x2"]}, "n": 5},
            event__original='{"a":{"b":["x1","x2"]},"n":5}',
        ),
        use("t", user__id=EVIL, user__roles=["auditor", "boss"]),
        event(event__dataset="console", user__id="allie", resource__type="case", resource__id="secret-case"),
    )
    return trail


def test_values_begin_as_typed_whatever_they_are(filled: Trail) -> None:
    asked = {
        ("user.id", "al"): [("alan", 2), ("Alice", 1)],
        ("user.id", "ALI"): [("Alice", 1)],
        ("user.id", 'a"b\\'): [(EVIL, 1)],
        ("user.id", "zz"): [],
        ("user.roles", "a"): [("admin", 1), ("auditor", 1)],
        ("source.ip", "10."): [("10.1.2.3", 1), ("10.20.0.1", 1)],
        ("source.ip", "10.2"): [("10.20.0.1", 1)],
        ("source.ip", "10.16.0.0/12"): [("10.20.0.1", 1)],
        ("source.ip", "2001:db8:"): [("2001:db8::1", 1)],
        ("source.ip", "house"): [],
        ("event.sequence", "4"): [("412", 1)],
        ("user_agent.original", "CURL"): [("curl/8.1", 1)],
        ("labels.team", "R"): [("Red", 1)],
        ("raw.a.b", "x"): [("x1", 1), ("x2", 1)],
    }
    own = Scope(user_id="stranger")
    answers = {
        (name, typed): list(field_values.suggest_values(filled, name, typed, Search(), own).values)
        for name, typed in asked
    }
    assert answers == asked


def test_a_stranger_is_offered_no_value_of_a_case(filled: Trail) -> None:
    def offered(scope: Scope) -> list[str]:
        return [value for value, _ in field_values.suggest_values(filled, "resource.id", "sec", Search(), scope).values]

    assert offered(Scope(user_id="stranger")) == []
    assert offered(Scope(user_id="member", cases=("secret-case",))) == ["secret-case"]
    assert field_values.suggest_values(filled, "user.id", "all", Search(), Scope(user_id="stranger")).values == ()


def test_values_are_of_the_time_that_is_searched(filled: Trail) -> None:
    late = Search(start="2026-06-01T00:00:00Z")
    assert field_values.suggest_values(filled, "user.id", "ali", late, WHOLE_TRAIL).values == ()


def test_names_below_labels_and_the_source_record_are_found(filled: Trail) -> None:
    assert field_values.suggest_names(filled, "labels.t", Search(), WHOLE_TRAIL).values == (("labels.team", 1),)
    assert set(field_values.suggest_names(filled, "raw.", Search(), WHOLE_TRAIL).values) == {
        ("raw.a.b", 2),
        ("raw.n", 1),
    }


@pytest.fixture
def no_counting(filled: Trail) -> Iterator[None]:
    """An engine that answers, and that gives up on every count of values."""
    client = filled.client
    client.cluster.put_settings(body={"transient": {"search.max_buckets": 1}})
    yield
    client.cluster.put_settings(body={"transient": {"search.max_buckets": None}})


@pytest.mark.lone
def test_what_cannot_be_counted_in_time_is_of_the_newest_events_and_says_so(filled: Trail, no_counting: None) -> None:
    answer = field_values.suggest_values(filled, "user.id", "al", Search(), WHOLE_TRAIL)
    assert answer.values == (("alan", 2), ("Alice", 1), ("allie", 1))
    assert answer.sample == 4


def test_an_empty_trail_and_an_unknown_field_have_none(trail: Trail) -> None:
    assert field_values.suggest_values(trail, "user.id", "a", Search(), WHOLE_TRAIL).values == ()
    with pytest.raises(BadQuery, match="There is no field"):
        field_values.suggest_values(trail, "user.idd", "a", Search(), WHOLE_TRAIL)
