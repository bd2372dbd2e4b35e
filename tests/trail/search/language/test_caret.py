"""What is being typed at the caret, and that what is put there is understood by the parser as it was meant."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trail.errors import BadQuery
from trail.search.language.caret import (
    asked_of_the_trail,
    find_fault,
    find_names,
    find_spot,
    list_known_values,
    list_names,
)
from trail.search.language.escapes import as_line, from_line, quote
from trail.search.language.parser import All, Any_, Clause, Not, Placeholder, Range, Term, parse


@pytest.mark.parametrize(
    ("text", "what", "prefix", "field", "replaced"),
    [
        ("|", "word", "", None, ""),
        ("us|", "word", "us", None, "us"),
        ("us|er.id:x", "field", "us", None, "user.id:"),
        ("user.id:|", "value", "", "user.id", ""),
        ("user.id:al|", "value", "al", "user.id", "al"),
        ("user.id:al|ice OR b", "value", "al", "user.id", "alice"),
        ('user.id:"al ic|', "value", "al ic", "user.id", '"al ic'),
        ('user.id:"al ic|e" b', "value", "al ic", "user.id", '"al ice"'),
        ('user.id:"al ic| OR b', "value", "al ic", "user.id", '"al ic'),
        ("user.id:(alice OR b|)", "value", "b", "user.id", "b"),
        ("user.id:(alice OR |)", "value", "", "user.id", ""),
        ("(user.id:a) |", "word", "", None, ""),
        ("a AND|", "word", "AND", None, "AND"),
        ("NOT -sou|", "word", "sou", None, "sou"),
        ("token.id:$to|", "parameter", "to", "token.id", "$to"),
        ("event.sequence:[1 T|", "nothing", "", "event.sequence", "[1 T"),
        ("event.sequence:>=|4", "nothing", "", "event.sequence", ">=4"),
        (r"user.id:a\:b|", "value", "a:b", "user.id", r"a\:b"),
        (") : a|", "word", "a", None, "a"),
    ],
)
def test_what_is_typed_is_known_by_the_grammar(
    text: str, what: str, prefix: str, field: str | None, replaced: str
) -> None:
    caret = text.index("|")
    text = text.replace("|", "")
    found = find_spot(text, caret)
    assert (found.what, found.prefix, found.field, text[found.start : found.end]) == (what, prefix, field, replaced)


def test_an_operator_may_follow_something_and_precede_no_other() -> None:
    assert [find_spot(text, len(text)).follows for text in ("", "a ", "a AND ", "(a) ", "(", "NOT ")] == [
        False,
        True,
        False,
        True,
        False,
        False,
    ]
    assert find_spot("a  OR b", 2).followed
    assert not find_spot("a  b", 2).followed


# --- Law: what is chosen is what is searched -------------------------------------------------------------------------

hostile = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20) | st.text(
    alphabet='"\\*?:()[]{}$/-+!~^ \n\r\u202eANDORT', min_size=1, max_size=9
)
words = st.sampled_from(
    ["alice", "a", "OR1", "ANDREW", "10.0.0.1", r"x\:y", "-", "a&&b", "$who", '"two words"', "ali*"]
)
fields = st.sampled_from(["user.id", "token.id", "labels.team", "message"])
plain = words | st.builds("{}:{}".format, fields, words) | st.sampled_from(["event.sequence:[1 TO 5}", "user.id:>=5"])
queries = st.recursive(
    plain,
    lambda inner: (
        st.builds("{}{}{}".format, inner, st.sampled_from([" ", " AND ", " OR ", "  &&  ", "\n||\n"]), inner)
        | st.builds("{}{}".format, st.sampled_from(["NOT ", "-", "!", "+"]), inner)
        | st.builds("({})".format, inner)
        | st.builds("{}:({})".format, fields, st.builds("{} OR {}".format, words, words))
    ),
    max_leaves=6,
)


def _terms(clause: Clause | None) -> list[Term | Placeholder | Range]:
    match clause:
        case All(clauses=inner) | Any_(clauses=inner):
            return [term for one in inner for term in _terms(one)]
        case Not(clause=one):
            return _terms(one)
        case Term() | Placeholder() | Range():
            return [clause]
    return []


def _put(text: str, caret: int, new: str) -> tuple[str, int]:
    """As the page does it: the choice in the place of what it replaces, apart from what comes after."""
    found = find_spot(text, caret)
    behind = text[found.end :]
    return text[: found.start] + new + ("" if behind[:1] in ("", " ", "\n", ")") else " ") + behind, found.start


@given(queries, st.integers(0, 200), hostile)
def test_a_chosen_value_is_searched_exactly_where_it_was_put(text: str, caret: int, value: str) -> None:
    caret = caret % (len(text) + 1)
    try:
        parse(text)
    except BadQuery:
        assume(False)
    found = find_spot(text, caret)
    assume(found.what in ("word", "value"))
    changed, start = _put(text, caret, quote(value))
    put = [term for term in _terms(parse(changed)) if term.position == start]
    assert [(term.value, term.pattern, term.field) for term in put if isinstance(term, Term)] == [
        (value, False, found.field)
    ]


@given(queries, st.integers(0, 200), st.sampled_from([name.name for name in list_names()]), hostile)
def test_a_chosen_field_takes_a_value_then(text: str, caret: int, name: str, value: str) -> None:
    caret = caret % (len(text) + 1)
    try:
        parse(text)
    except BadQuery:
        assume(False)
    found = find_spot(text, caret)
    assume(found.what == "word" or (found.what == "field" and found.end < len(text)))
    if found.what == "field":
        changed = text[: found.start] + f"{name}:" + text[found.end :]
        assert find_spot(changed, found.start + len(name) + 1).field == name
        return
    changed, start = _put(text, caret, f"{name}:{quote(value)}")
    assert find_spot(changed, start + len(name) + 1).field == name
    assert [term.field for term in _terms(parse(changed)) if term.position == start + len(name) + 1] == [name]


@given(queries, st.sampled_from(["AND", "OR", "AND NOT"]))
def test_an_operator_is_offered_only_where_it_may_stand(text: str, operator: str) -> None:
    try:
        parse(text)
    except BadQuery:
        assume(False)
    for caret in range(len(text) + 1):
        found = find_spot(text, caret)
        if found.what in ("word", "value") and found.follows and not found.followed:
            changed, _ = _put(text, caret, operator)
            parse(changed if text[found.end :].strip() else f"{changed} x")


@given(
    st.text(alphabet=st.sampled_from(list('ab:."()[]{}*?\\$-+!<>=~^/ &|ANDORNOTTO\u202e\x00é\n')), max_size=60),
    st.integers(),
)
def test_any_text_with_the_caret_anywhere_has_a_spot_around_it(text: str, caret: int) -> None:
    found = find_spot(text, caret)
    assert 0 <= found.start <= min(max(caret, 0), len(text)) <= found.end <= len(text)


@given(hostile)
def test_a_value_comes_back_from_how_it_is_written(value: str) -> None:
    assert from_line(as_line(value)) == value
    assert not set(as_line(value)) & set("\n\r\u202e")
    assert parse(f"user.id:{quote(value)}") == Term("user.id", value, 8, phrase=quote(value)[0] == '"')


def test_an_escaped_number_is_a_character_in_a_pattern_too() -> None:
    assert parse(r"user.id:a\u0042\u002a*") == Term("user.id", r"aB\**", 8, pattern=True)
    assert parse(r"user.id:\ud800x") == Term("user.id", "ud800x", 8)


# --- What is offered -------------------------------------------------------------------------------------------------


def test_fields_that_begin_so_come_first_then_parts_then_meanings() -> None:
    assert [name.name for name in find_names("user.i")] == ["user.id"]
    assert find_names("tok")[0].name == "token.operation"
    found = [name.name for name in find_names("ip")]
    assert found[0] == "source.ip"
    assert "user_agent.original" in [name.name for name in find_names("client")]
    assert find_names("nothing like it") == []


def test_only_what_can_be_searched_is_offered() -> None:
    offered = [name.name for name in list_names()]
    assert "token.discharges.location" in offered
    assert not {"event.original", "token.discharges", "source.geo.location"} & set(offered)


def test_what_is_known_needs_no_asking() -> None:
    assert [value for value, _ in list_known_values("event.outcome") or ()] == ["success", "failure", "unknown"]
    assert [value for value, _ in list_known_values("token.cache_hit") or ()] == ["true", "false"]
    assert list_known_values("user.id") is None
    for name in ("@timestamp", "event.outcome", "token.operation", "token.cache_hit"):
        for value, _ in list_known_values(name) or ():
            parse(f"{name}:{value}")
    assert asked_of_the_trail("token.lineage") == "token.id"
    assert [
        asked_of_the_trail(name) for name in ("user.id", "labels.team", "event.outcome", "message", "labels", "no")
    ] == [
        "user.id",
        "labels.team",
        None,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "position", "part"),
    [
        ("user.nmae:x", 0, "user.nmae"),
        ("a OR", 2, "OR"),
        ("source.ip:house b", 10, "house"),
        ("(a", 0, "("),
        ("a", 1, ""),
    ],
)
def test_the_part_at_fault_is_a_name_a_word_or_a_sign(text: str, position: int, part: str) -> None:
    start, end = find_fault(text, position)
    assert text[start:end] == part
