"""Estimates what a query costs the engine, before anything is sent to it.

The unit is one lookup of one term in one field, which is a clause to the engine; it takes 1,024 of these in a query and gives up
on more. Each thing that can be typed has a price, never less than the clauses it becomes:

    a value of a field, a range of numbers or times, exists      1
    a list of a field's values                                   1, and 1 for every 1,000
    a phrase in `message`                                        1, and 1 for each of its words
    a pattern, a range of text                                   10: it stands for every term that fits
    a pattern of a client or a path                              50: each event that holds its pieces is looked at (a second for
                                                                 each million of them)
    a token with everything derived from it                      50: the family is looked up first, level by level
    a pattern without a field                                    10 for each field that is looked into
    a word without a field                                       1 for each field it may stand in, 10 for each it may stand within

The whole must not be above 1,000: where it gets there, the query is refused at that character, and says why.
"""

import re
from collections.abc import Iterable, Mapping

from trail.errors import BadQuery
from trail.schema import FIELDS, Kind, field_of
from trail.search.language.parser import All, Any_, Clause, Not, Placeholder, Range, Term, parse
from trail.search.spec import Filter

BUDGET = 1_000
WIDE = 10
DEEP = 50
PATTERN_FIELDS = 7
WITHIN = 2  # fields that a word is looked for within: clients and paths
WORD = sum(field.kind is Kind.KEYWORD for field in FIELDS) + 4 + WITHIN * WIDE
MAX_VALUES = 65_536  # the engine's own limit on one list
MAX_VALUE = 32_766  # bytes; no term of the trail is longer
_WORDS = re.compile(r"[^\x00-\x7f]|[A-Za-z0-9_]+")  # never fewer than the engine makes of a text
Parameters = Mapping[str, tuple[str, ...]]


def expect_affordable(clause: Clause | None, filters: Iterable[Filter], parameters: Parameters) -> int:
    """What a search costs. Raises BadQuery at the part of the text, or for the filter, with which it gets too dear."""
    spent = 0
    for chip in filters:
        spent += _of_filter(chip)
        _expect_within(spent, 0)
    stack = [clause] if clause is not None else []
    while stack:
        match stack.pop():
            case Not(clause=inner):
                stack.append(inner)
            case All(clauses=()):
                spent += 1
            case All(clauses=clauses) | Any_(clauses=clauses):
                stack.extend(reversed(clauses))
            case leaf:
                spent += _of_leaf(leaf, parameters)
                _expect_within(spent, leaf.position)
    return spent


def estimate_cost(text: str, filters: Iterable[Filter], parameters: Parameters) -> int:
    """What a search costs; nothing for one that is not understood or too dear, which is refused when it is asked."""
    try:
        return expect_affordable(parse(text), filters, parameters)
    except BadQuery:
        return 0


def _expect_within(spent: int, position: int) -> None:
    if spent > BUDGET:
        raise BadQuery(
            f"From here on this asks for more than is looked up at once ({spent:,} of {BUDGET:,}: a word without a field "
            f"counts {WORD}, a pattern {WIDE} or {DEEP}); name the fields, put words that belong together in quotes, or ask in "
            "parts.",
            position,
        )


def _of_filter(chip: Filter) -> int:
    if chip.disabled:
        return 0
    if chip.operator == "between":
        return _of_range(chip.field)
    return _of_values(chip.field, chip.values, 0) or 1


def _of_leaf(leaf: Clause, parameters: Parameters) -> int:
    match leaf:
        case Term(field=None, pattern=True, value=value, position=position):
            _expect_short(value, position)
            return PATTERN_FIELDS * WIDE
        case Term(field=str(name), pattern=True, value=value, position=position):
            _expect_short(value, position)
            field = field_of(name)
            return DEEP if field is not None and field.kind is Kind.WILDCARD else WIDE
        case Term(field=name, value=value, position=position):
            return _of_values(name, (value,), position)
        case Placeholder(field=name, name=parameter, position=position):
            return _of_values(name, parameters.get(parameter, ()), position)
        case Range(field=name):
            return _of_range(name)
    return 1


def _of_range(name: str) -> int:
    field = field_of(name)
    return WIDE if field is not None and field.kind is Kind.KEYWORD else 1


def _of_values(name: str | None, values: tuple[str, ...], position: int) -> int:
    if len(values) > MAX_VALUES:
        raise BadQuery(
            f"At most {MAX_VALUES:,} values are looked up at once, not {len(values):,}; ask in parts.", position
        )
    for value in values:
        _expect_short(value, position)
    if name is None:
        return sum(WORD + len(_WORDS.findall(value)) for value in values)
    field = field_of(name)
    if field is not None and field.kind is Kind.TEXT:
        return sum(1 + len(_WORDS.findall(value)) for value in values)
    if field is not None and field.kind is Kind.LINEAGE:
        return DEEP * len(values)
    if is_list(name, values):
        return 1 + len(values) // 1_000
    return len(values)


def is_list(name: str | None, values: tuple[str, ...]) -> bool:
    """Whether these values are one clause to the engine, however many they are. A network is one of its own."""
    field = field_of(name) if name else None
    if field is None or len(values) < 2:
        return False
    return field.kind is Kind.KEYWORD or (field.kind is Kind.IP and not any("/" in value for value in values))


def _expect_short(value: str, position: int) -> None:
    if len(value) > MAX_VALUE or len(value.encode(errors="surrogatepass")) > MAX_VALUE:
        raise BadQuery(f"A value is at most {MAX_VALUE:,} bytes long; nothing longer can be found.", position)
    if _UNSENDABLE.search(value):
        raise BadQuery(
            "A value cannot hold a NUL character nor half of a character; search for what stands beside it.", position
        )


_UNSENDABLE = re.compile("[\\x00\\ud800-\\udfff]")
