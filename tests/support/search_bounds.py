"""What every query that is sent to the engine has to keep to, whatever was typed."""

from collections.abc import Iterator
from typing import Any

from trail.schema import Kind, field_of
from trail.search.language import cost

# Nothing else is ever asked: no script, no regular expression, no fuzzy term, no query in the engine's own language.
LEAVES = frozenset({"term", "terms", "match_phrase", "wildcard", "range", "exists", "match_all"})


def leaves(query: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each question a query asks, by its kind. Fails for a kind that is never asked."""
    ((kind, inner),) = query.items()
    if kind == "bool":
        assert inner.keys() <= {"filter", "should", "must_not", "minimum_should_match"}, inner.keys()
        for part in ("filter", "should", "must_not"):
            for one in inner.get(part, ()):
                yield from leaves(one)
    elif kind == "nested":
        assert inner.keys() == {"path", "query"}
        yield from leaves(inner["query"])
    else:
        assert kind in LEAVES, kind
        yield kind, inner


def expect_bounded(query: dict[str, Any]) -> None:
    """Few enough questions, and no pattern that has to look through every term of a field."""
    asked = list(leaves(query))
    assert len(asked) <= cost.BUDGET + 10
    for kind, inner in asked:
        if kind == "terms":
            assert max(map(len, inner.values())) <= cost.MAX_VALUES
        if kind == "wildcard":
            ((name, pattern),) = inner.items()
            field = field_of(name)
            assert field is not None
            assert field.kind is Kind.WILDCARD or pattern["value"][0] not in "*?", pattern
            assert pattern.keys() == {"value"}
