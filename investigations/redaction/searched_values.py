"""Lists the values that a search names in its fields, which may stand in no event, though people write of them."""

from collections.abc import Iterator, Mapping
from typing import Any

from trail.errors import BadQuery
from trail.search.language.parser import All, Any_, Clause, Not, Placeholder, Term, parse
from trail.search.spec import Search

Pair = tuple[str, str]


def list_searched_values(stored: Mapping[str, Any]) -> list[Pair]:
    """Field and value of each that a stored search names, in its text, its filters and its parameters; none of one that is not
    understood any more."""
    try:
        search = Search.from_json(stored)
        clause = parse(search.text)
    except BadQuery:
        return []
    values = dict(search.parameters)
    pairs = [(chip.field, value) for chip in search.filters for value in chip.values]
    return pairs + (list(_list_named(clause, values)) if clause else [])


def _list_named(clause: Clause, values: Mapping[str, tuple[str, ...]]) -> Iterator[Pair]:
    stack: list[Clause] = [clause]
    while stack:
        match stack.pop():
            case Term(field=str(field), value=value, pattern=is_pattern):
                yield field, value.strip("*?") if is_pattern else value
            case Placeholder(field=str(field), name=name):
                yield from ((field, value) for value in values.get(name, ()))
            case Not(clause=inner):
                stack.append(inner)
            case All(clauses=inner_clauses) | Any_(clauses=inner_clauses):
                stack.extend(inner_clauses)
