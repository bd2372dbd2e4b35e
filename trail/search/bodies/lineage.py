"""A token and everything derived from it, as a condition of a search. Pure, as trail.search.bodies.

Who descends from a token only the trail can tell, so a body says `{"lineage": …}` where it means a family, and
trail.search.execute puts the family in its place when it sends the body. The engine knows no such query: one that went out
by another way would be refused and never answered as if nothing matched.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from trail.search.spec import Scope, Search

Body = dict[str, Any]
WORD = "lineage"


@dataclass(frozen=True, slots=True)
class Kin:
    """A family that a body speaks of: of which token, as it was known `until` then, to whom."""

    token: str
    until: str | None
    scope: Scope


def condition(token: str) -> Body:
    """That an event is one of this token (an id or a fingerprint) or of what was derived from it."""
    return {WORD: token}


def bound(body: Any, search: Search, scope: Scope) -> Any:
    """A query whose families are those of a search, asked by one person."""
    return _replaced(body, lambda token: {WORD: Kin(token, search.ingested_until, scope)})


def expanded(body: Any, family: Callable[[Kin], Body]) -> Any:
    """A body as the engine can answer it."""
    return _replaced(body, family)


def members(token_ids: Collection[str], fingerprints: Collection[str]) -> Body:
    """The events of a family."""
    parts = {"token.id": sorted(token_ids), "token.fingerprint": sorted(fingerprints)}
    return {"bool": {"should": [{"terms": {name: values}} for name, values in parts.items() if values],
                     "minimum_should_match": 1}}  # fmt: skip


def _replaced(body: Any, by: Callable[[Any], Body]) -> Any:
    if isinstance(body, dict):
        if WORD in body:
            return by(body[WORD])
        return {name: _replaced(inner, by) if isinstance(inner, dict | list) else inner for name, inner in body.items()}
    if isinstance(body, list) and body and isinstance(body[0], dict):
        return [_replaced(inner, by) for inner in body]
    return body
