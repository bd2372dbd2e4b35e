"""What mends a query is offered only where the query is understood after it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.errors import BadQuery
from trail.search.language.parser import parse
from trail.search.language.repair import find_repair

WORDS = st.sampled_from(
    [
        "a",
        "user.id:x",
        "usr.id:x",
        "event.outcome:",
        "(",
        ")",
        '"',
        "AND",
        "OR",
        "NOT",
        "-",
        "x~2",
        "y^3",
        "\\",
        "[1 TO 2]",
        "é",
    ]
)


def _fault(text: str) -> int | None:
    try:
        parse(text)
    except BadQuery as error:
        return error.position
    return None


@pytest.mark.parametrize(
    ("text", "words", "mended"),
    [
        ("(user.id:a OR user.id:b", "Close it", "(user.id:a OR user.id:b)"),
        ('user.name:"Ada L', "Close it", 'user.name:"Ada L"'),
        ("user.idd:ada", "Use user.id", "user.id:ada"),
        ("a AND usr.id:ada b", "Use user.id", "a AND user.id:ada b"),
        ("zzzz.qqqq:1 b", "Search for it as text", '"zzzz.qqqq:1" b'),
        ("user.id:", "Any user.id", "user.id:*"),
        ("a AND ", "Leave the last word out", "a"),
        ("a)", "Leave it out", "a"),
        ("token~2 b", "Leave it out", "token b"),
    ],
)
def test_one_change_mends_a_common_slip(text: str, words: str, mended: str) -> None:
    position = _fault(text)
    assert position is not None
    repair = find_repair(text, position)
    assert repair is not None
    assert (repair.words, repair.text) == (words, mended)


@given(st.lists(WORDS, max_size=7).map(" ".join))
def test_what_is_offered_is_understood(text: str) -> None:
    position = _fault(text)
    if position is not None and (repair := find_repair(text, position)):
        parse(repair.text)


def test_what_no_one_change_mends_is_offered_nothing() -> None:
    assert find_repair("((a", 0) is None
