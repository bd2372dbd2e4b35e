"""Decides when a search is asked of the index of first seen, and builds its conditions on it. Pure, as trail.search.bodies.

Whether an event is the first of its kind depends on all the others, so no event says it. The index of first seen
(trail.first_seen) holds copies of those that are. A search of which every result must be the first of its kind is asked there,
and no other can ask about it. The index is stored as `…-firsts`, its fields as `novelty.…`, and people type `novelty:…`.
"""

from collections.abc import Iterable
from typing import Any

from trail import pairs
from trail.errors import BadQuery
from trail.pairs import ANY, FIRST_SEEN_FIELD
from trail.search.language.parser import All, Any_, Clause, Exists, Not, Placeholder, Range, Term
from trail.search.spec import Filter

Body = dict[str, Any]
# In the filter of each body that asks for the first of their kind alone.
IS_FIRST_SEEN: Body = {"exists": {"field": "novelty.kinds"}}
# What a body asks for that is about the copies themselves, and not about events.
KINDS_SOURCE = ["novelty.kinds", "novelty.event", "progress.until"]


def name_index(prefix: str) -> str:
    """The index of first seen. It is no index of events: no pattern of theirs matches it."""
    return f"{prefix}-firsts"


def choose_index(prefix: str, body: Body) -> str:
    """The indices that a body is asked of: all those of events, or that of first seen."""
    return name_index(prefix) if asks_for_first_seen(body) else f"{prefix}-events-*"


def asks_for_first_seen(body: Body) -> bool:
    """Whether a body is one for the index of first seen; it says so itself, whoever sends it."""
    return _is_about_copies(body) or finds_events(body)


def finds_events(body: Body) -> bool:
    """Whether a body asks the index of first seen for events."""
    return _is_alone(body.get("query")) and not _is_about_copies(body)


def _is_alone(query: Any) -> bool:
    """Whether whatever a query finds must be the first of its kind, however often it was put into another one's filter."""
    if not isinstance(query, dict):
        return False
    inner = query.get("bool", {}).get("filter", [])
    return query == IS_FIRST_SEEN or any(map(_is_alone, inner if isinstance(inner, list) else [inner]))


def _is_about_copies(body: Body) -> bool:
    return bool(body.get("_source") == KINDS_SOURCE)


def ask_for_places(body: Body) -> Body:
    """A body as it is sent: of a copy only where the event itself is, for that is what is shown."""
    return body | {"_source": ["novelty.event", "novelty.index"]} if finds_events(body) else body


def name_events(copies: Iterable[Body], source: Any) -> list[Body]:
    """The events that copies are of, as the engine's `_mget` names them."""
    places = (copy["_source"]["novelty"] for copy in copies)
    return [{"_index": place["index"], "_id": place["event"], "_source": source} for place in places]


def build_condition(kind: str, position: int = 0) -> Body:
    """That an event is the first of this kind, or of any. Raises BadQuery."""
    if kind == ANY:
        return IS_FIRST_SEEN
    if kind not in pairs.PAIR_BY_NAME:
        names = ", ".join(pairs.PAIR_BY_NAME)
        raise BadQuery(f"{FIRST_SEEN_FIELD} is one of {names}, or {ANY} for each of them; not {kind!r}.", position)
    return {"term": {"novelty.kinds": kind}}


def build_filter(chip: Filter) -> Body:
    """The condition of a chip. Raises BadQuery."""
    if chip.operator == "exists":
        return IS_FIRST_SEEN
    if chip.operator != "is":
        raise BadQuery(f"{FIRST_SEEN_FIELD} can be one of {', '.join(pairs.PAIR_BY_NAME)}, or {ANY}.", 0)
    return {"bool": {"should": [build_condition(value) for value in chip.values], "minimum_should_match": 1}}


def asks_for_first_seen_alone(chips: Iterable[Filter], clause: Clause | None) -> bool:
    """Whether a search asks for the first of their kind alone. BadQuery where it speaks of them and would find others too."""
    filters = [chip for chip in chips if chip.field == FIRST_SEEN_FIELD and not chip.disabled]
    position = _find_position(clause) if clause else None
    if not filters and position is None:
        return False
    if any(not chip.negated for chip in filters) or (clause and _must_be_first(clause)):
        return True
    raise BadQuery(
        f"Whether an event is no first cannot be searched for. Ask for {FIRST_SEEN_FIELD} beside everything else, joined by "
        "AND; within that it can be narrowed by NOT and OR.",
        position or 0,
    )


def _must_be_first(clause: Clause) -> bool:
    """Whether whatever a clause finds is the first of its kind."""
    match clause:
        case Term(field=name) | Placeholder(field=name) | Exists(field=name):
            return name == FIRST_SEEN_FIELD
        case All(clauses=inner):
            return any(map(_must_be_first, inner))
        case Any_(clauses=inner):
            return bool(inner) and all(map(_must_be_first, inner))
        case Not() | Range():
            return False


def _find_position(clause: Clause) -> int | None:
    """Where a clause first speaks of what is first."""
    match clause:
        case Term() | Placeholder() | Exists() | Range():
            return clause.position if clause.field == FIRST_SEEN_FIELD else None
        case Not(clause=negated):
            return _find_position(negated)
        case All(clauses=inner) | Any_(clauses=inner):
            return next((position for part in inner if (position := _find_position(part)) is not None), None)
