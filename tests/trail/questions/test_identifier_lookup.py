"""What an identifier of an unknown kind is to the trail, on the real engine, in one round trip."""

from collections.abc import Callable

import pytest

from tests.support.factories.events import use
from trail.connection import Trail
from trail.questions.identifier_lookup import FieldMatch, look_up_identifier
from trail.search.spec import WHOLE_TRAIL, Scope


@pytest.fixture(scope="module")
def filled(trail_of: Callable[..., Trail]) -> Trail:
    return trail_of(
        use("tok_1", at="2026-01-01T00:00:00Z", user__id="ann", source__ip="198.51.100.7", id="e1"),
        use("tok_1", at="2026-02-01T00:00:00Z", user__id="ann", source__ip="198.51.100.7"),
        use("tok_2", at="2026-02-01T00:00:00Z", user__id="tok_2", source__ip="198.51.100.9"),
        use("tok_9", at="2026-03-03T00:00:00Z", event__dataset="console", user__id="somebody"),
    )


@pytest.mark.parametrize(
    ("text", "field", "events"),
    [("tok_1", "token.id", 2), ("ann", "user.id", 2), ("198.51.100.7", "source.ip", 2), ("e1", "event.id", 1)],
)
def test_it_is_named_by_the_field_in_which_it_stands(filled: Trail, text: str, field: str, events: int) -> None:
    (match,) = look_up_identifier(filled, text, WHOLE_TRAIL).exact
    assert (match.field, match.value, match.events) == (field, text, events)


def test_it_may_stand_in_several_fields_each_with_its_times(filled: Trail) -> None:
    at = "2026-02-01T00:00:00.000Z"
    assert look_up_identifier(filled, "tok_2", WHOLE_TRAIL).exact == (
        FieldMatch("token.id", "tok_2", 1, at, at),
        FieldMatch("user.id", "tok_2", 1, at, at),
    )


def test_what_begins_like_it_is_offered_and_what_is_not_there_is_not(filled: Trail) -> None:
    matches = look_up_identifier(filled, "TOK_", Scope(user_id="ann"))
    assert matches.exact == ()
    assert [(match.field, match.value) for match in matches.beginning] == [
        ("token.id", "tok_1"),
        ("token.id", "tok_2"),
        ("user.id", "tok_2"),
    ]
    addresses = look_up_identifier(filled, "198.51.100.", WHOLE_TRAIL).beginning
    assert [match.value for match in addresses if match.field == "source.ip"] == ["198.51.100.7", "198.51.100.9"]


def test_one_letter_is_looked_up_and_not_completed(filled: Trail) -> None:
    assert look_up_identifier(filled, "t", WHOLE_TRAIL).beginning == ()
