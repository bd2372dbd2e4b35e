"""Which of a leaked token's possible names the trail knows, on the real engine: in the right field, and a name opens nothing."""

from collections.abc import Callable

import pytest

from tests.support.factories.events import event, issue, use
from trail.connection import Trail
from trail.errors import BadQuery
from trail.questions import name_lookup
from trail.questions.name_lookup import NameAppearance, TokenName, look_up_names
from trail.search.spec import WHOLE_TRAIL, Scope

PRINT, REMOVED = "ab" * 32, "cd" * 32


@pytest.fixture(scope="module")
def filled(trail_of: Callable[..., Trail]) -> Trail:
    return trail_of(
        issue("t-1", "ann", at="2026-01-01T00:00:00Z", token__fingerprint=PRINT),
        use("t-1", at="2026-02-01T00:00:00Z", user__id="ann"),
        event(event__id="said", at="2026-02-02T00:00:00Z", message=f"a token was sent here: {REMOVED}"),
        event(event__dataset="console", token__id="t-9", at="2026-03-03T00:00:00Z"),
    )


def test_each_name_is_found_where_it_stands_with_its_first_and_last_event(filled: Trail) -> None:
    names = [TokenName.parse(text) for text in ("token.id:t-1", f"token.fingerprint:{PRINT}", "token.id:t-2")]
    assert look_up_names(filled, names, WHOLE_TRAIL) == [
        NameAppearance(names[0], 2, "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"),
        NameAppearance(names[1], 1, "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"),
        NameAppearance(names[2], 0, None, None),
    ]


def test_the_hash_that_an_import_left_in_the_place_of_a_secret_is_found_in_the_message(filled: Trail) -> None:
    (appearance,) = look_up_names(filled, [TokenName.parse(f"removed:{REMOVED}")], WHOLE_TRAIL)
    assert (appearance.events, appearance.first) == (1, "2026-02-02T00:00:00.000Z")


def test_what_others_did_in_the_console_is_not_found(filled: Trail) -> None:
    name = [TokenName.parse("token.id:t-9")]
    assert [look_up_names(filled, name, scope)[0].events for scope in (Scope("alice"), WHOLE_TRAIL)] == [0, 1]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("user.id:ann", "A name is one of token.id, token.fingerprint, removed, a colon and its value."),
        ("token.id:", "A name is one of token.id, token.fingerprint, removed, a colon and its value."),
        ("token.fingerprint:abc", "token.fingerprint is a SHA-256 in hexadecimal."),
        ("token.id:" + "x" * 600, "This is no public id of a token; a token itself is never sent."),
        ("token.id:ghp_" + "a1B2" * 9, "This is no public id of a token; a token itself is never sent."),
    ],
)
def test_what_is_no_name_or_may_be_a_secret_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(BadQuery) as refused:
        TokenName.parse(text)
    assert str(refused.value) == sentence


def test_more_names_than_are_looked_up_at_once_are_refused(filled: Trail) -> None:
    names = [TokenName("token.id", str(number)) for number in range(name_lookup.MOST + 1)]
    with pytest.raises(BadQuery, match="At most 400 names"):
        look_up_names(filled, names, WHOLE_TRAIL)


def test_a_name_is_written_as_it_was_read() -> None:
    assert str(TokenName.parse("token.id:a:b")) == "token.id:a:b"
