"""What people type: understood, or refused at the character at fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.errors import BadQuery
from trail.search.language.parser import (
    MAX_CLAUSES,
    All,
    Any_,
    Exists,
    Not,
    Placeholder,
    Range,
    Term,
    list_placeholders,
    parse,
)


def test_words_beside_each_other_must_all_hold_and_or_binds_less() -> None:
    assert parse("a b OR c") == Any_((All((Term(None, "a", 0), Term(None, "b", 2))), Term(None, "c", 7)))


def test_fields_groups_negation_ranges_and_parameters() -> None:
    assert parse("user.id:(alice OR bob)") == Any_((Term("user.id", "alice", 9), Term("user.id", "bob", 18)))
    assert parse("-user.id:x") == Not(Term("user.id", "x", 9))
    assert parse("event.sequence:[1 TO 5}") == Range("event.sequence", "1", "5", True, False, 15)
    assert parse("event.sequence:>=5") == Range("event.sequence", "5", None, True, False, 15)
    assert parse("user.id:*") == Exists("user.id", 8)
    assert parse("token.id:$token") == Placeholder("token.id", "token", 9)
    assert parse('"no such key"') == Term(None, "no such key", 0, phrase=True)
    assert parse("url.path:/v1/*") == Term("url.path", "/v1/*", 9, pattern=True)
    assert parse("event.sequence:<5") == Range("event.sequence", None, "5", False, False, 15)
    assert parse("a && b || c") == Any_((All((Term(None, "a", 0), Term(None, "b", 5))), Term(None, "c", 10)))
    assert parse("+a") == Term(None, "a", 1)
    assert parse("*") == All(())
    assert parse("   ") is None


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("user.idd:x", 0, "did you mean user.id"),
        ("(a", 0, "never closed"),
        ('a "b', 2, "never closed"),
        ("a AND", 5, "ends where a word was expected"),
        ("OR a", 0, "needs something before"),
        ("a~2", 1, "Fuzzy"),
        ("/x/", 0, "Regular expressions"),
        ("event.original:x", 0, "not searchable"),
        ("user.id:", 8, "followed by nothing"),
        ("[1 TO 2]", 0, "needs a field"),
        (")", 0, "Did not expect"),
        ("token.discharges:x", 0, "cannot be searched as a whole"),
        ("source.geo.location:x", 0, "cannot be searched as a whole"),
        ("token.discharges.nothing:x", 0, "There is no field"),
        ("event.sequence:[1 5]", 15, "A range is written"),
    ],
)
def test_a_fault_is_told_where_it_is(text: str, position: int, says: str) -> None:
    with pytest.raises(BadQuery, match=says.replace("(", r"\(").replace(")", r"\)")) as caught:
        parse(text)
    assert caught.value.position == position


def test_queries_have_an_end() -> None:
    with pytest.raises(BadQuery, match="more than"):
        parse(" ".join("x" * 1 for _ in range(MAX_CLAUSES + 1)))
    with pytest.raises(BadQuery, match="nested deeper"):
        parse("(" * 500 + "a" + ")" * 500)
    with pytest.raises(BadQuery, match="longer than"):
        parse("x" * 8_001)


def test_placeholders_are_named_once_in_order() -> None:
    assert list_placeholders("user.id:$b AND (token.id:$a OR NOT user.id:$b)") == ("b", "a")


@given(st.text(alphabet=st.sampled_from(list('ab:."()[]{}*?\\$-+!<>=~^/ &|ANDORNOTTO\u202e\x00é')), max_size=60))
def test_any_text_is_understood_or_refused_within_it(text: str) -> None:
    try:
        parse(text)
    except BadQuery as error:
        assert 0 <= error.position <= len(text)
        assert error.message
