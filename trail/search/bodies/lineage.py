"""Builds the condition that an event is of a token or of anything derived from it. Pure, as trail.search.bodies.

Who descends from a token only the trail can tell, so a body says `{"lineage": …}` where it means a family, and
trail.search.lineage puts the family in its place before the body is sent. The engine knows no such query: one that went out
by another way would be refused and never answered as if nothing matched.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from trail.search.spec import Scope, Search

Body = dict[str, Any]
WORD = "lineage"


@dataclass(frozen=True, slots=True)
class FamilyOf:
    """A family that a body speaks of: of which token, as it was known `until` then, to whom."""

    token: str
    until: str | None
    scope: Scope


def build_condition(token: str) -> Body:
    """That an event is one of this token (an id or a fingerprint) or of what was derived from it."""
    return {WORD: token}


def bind_families(body: Any, search: Search, scope: Scope) -> Any:
    """A query whose families are those of a search, asked by one person."""
    if not _speaks_of_family(body):
        return body
    return _replaced(body, lambda token: {WORD: FamilyOf(token, search.ingested_until, scope)})


def expand_families(body: Any, family: Callable[[FamilyOf], Body]) -> Any:
    """A body as the engine can answer it."""
    return _replaced(body, family) if _speaks_of_family(body) else body


def build_members(token_ids: Collection[str], fingerprints: Collection[str]) -> Body:
    """The events of a family."""
    parts = {"token.id": sorted(token_ids), "token.fingerprint": sorted(fingerprints)}
    return {
        "bool": {
            "should": [{"terms": {name: values}} for name, values in parts.items() if values],
            "minimum_should_match": 1,
        }
    }


def _speaks_of_family(body: Any) -> bool:
    """Whether the word stands anywhere in a body, which its text shows at a tenth of what a walk through it costs."""
    return f"'{WORD}'" in repr(body)


def _replaced(body: Any, by: Callable[[Any], Body]) -> Any:
    if isinstance(body, dict):
        if WORD in body:
            return by(body[WORD])
        return {name: _replaced(inner, by) if isinstance(inner, dict | list) else inner for name, inner in body.items()}
    if isinstance(body, list) and body and isinstance(body[0], dict):
        return [_replaced(inner, by) for inner in body]
    return body
