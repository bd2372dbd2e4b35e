"""What a search says when it asks for firsts, and where it is asked then. Pure, as trail.search.bodies.

Whether an event is a first depends on all the others, so no event says it. The index of firsts (trail.novelty) holds copies
of those that are. A search of which every result must be a first is asked there, and no other can ask about firsts.
"""

from collections.abc import Iterable
from typing import Any

from trail import pairing
from trail.errors import BadQuery
from trail.pairing import ANY, FIELD
from trail.search.language import All, Any_, Clause, Exists, Not, Parameter, Range, Term
from trail.search.spec import Filter

Body = dict[str, Any]
# In the filter of each body that asks for firsts alone.
ALONE: Body = {"exists": {"field": "novelty.kinds"}}
# What a body asks for that is about firsts themselves, and not about events.
ABOUT = ["novelty.kinds", "novelty.event", "progress.until"]


def index_of(prefix: str) -> str:
    """The index of firsts. It is no index of events: no pattern of theirs matches it."""
    return f"{prefix}-firsts"


def where(prefix: str, body: Body) -> str:
    """The indices that a body is asked of: all those of events, or that of firsts."""
    return index_of(prefix) if asks_for_firsts(body) else f"{prefix}-events-*"


def asks_for_firsts(body: Body) -> bool:
    """Whether a body is one for the index of firsts; it says so itself, whoever sends it."""
    return _is_about_firsts(body) or finds_events(body)


def finds_events(body: Body) -> bool:
    """Whether a body asks the index of firsts for events."""
    return _is_alone(body.get("query")) and not _is_about_firsts(body)


def _is_alone(query: Any) -> bool:
    """Whether whatever a query finds must be a first, however often it was put into another one's filter."""
    if not isinstance(query, dict):
        return False
    inner = query.get("bool", {}).get("filter", [])
    return query == ALONE or any(map(_is_alone, inner if isinstance(inner, list) else [inner]))


def _is_about_firsts(body: Body) -> bool:
    return bool(body.get("_source") == ABOUT)


def sent(body: Body) -> Body:
    """A body as it is sent: of a copy only where the event itself is, for that is what is shown."""
    return body | {"_source": ["novelty.event", "novelty.index"]} if finds_events(body) else body


def events_of(copies: Iterable[Body], source: Any) -> list[Body]:
    """The events that copies are of, as the engine's `_mget` names them."""
    found = (copy["_source"]["novelty"] for copy in copies)
    return [{"_index": one["index"], "_id": one["event"], "_source": source} for one in found]


def condition(kind: str, position: int = 0) -> Body:
    """That an event is a first of this kind, or of any. Raises BadQuery."""
    if kind == ANY:
        return ALONE
    if kind not in pairing.BY_NAME:
        known = ", ".join(pairing.BY_NAME)
        raise BadQuery(f"{FIELD} is one of {known}, or {ANY} for each of them; not {kind!r}.", position)
    return {"term": {"novelty.kinds": kind}}


def chip(one: Filter) -> Body:
    """The condition of a chip. Raises BadQuery."""
    if one.operator == "exists":
        return ALONE
    if one.operator != "is":
        raise BadQuery(f"{FIELD} can be one of {', '.join(pairing.BY_NAME)}, or {ANY}.", 0)
    return {"bool": {"should": [condition(value) for value in one.values], "minimum_should_match": 1}}


def are_asked_for(chips: Iterable[Filter], clause: Clause | None) -> bool:
    """Whether a search asks for firsts alone. BadQuery where it speaks of them and would find other events as well."""
    ours = [one for one in chips if one.field == FIELD and not one.disabled]
    spoken = _spoken_of(clause) if clause else None
    if not ours and spoken is None:
        return False
    if any(not one.negated for one in ours) or (clause and _must_be(clause)):
        return True
    raise BadQuery(
        f"Whether an event is no first cannot be searched for. Ask for {FIELD} beside everything else, joined by AND; within "
        "that it can be narrowed by NOT and OR.",
        spoken or 0,
    )


def _must_be(clause: Clause) -> bool:
    """Whether whatever a clause finds is a first."""
    match clause:
        case Term(field=name) | Parameter(field=name) | Exists(field=name):
            return name == FIELD
        case All(clauses=inner):
            return any(map(_must_be, inner))
        case Any_(clauses=inner):
            return bool(inner) and all(map(_must_be, inner))
        case Not() | Range():
            return False


def _spoken_of(clause: Clause) -> int | None:
    """Where a clause first speaks of firsts."""
    match clause:
        case Term() | Parameter() | Exists() | Range():
            return clause.position if clause.field == FIELD else None
        case Not(clause=one):
            return _spoken_of(one)
        case All(clauses=inner) | Any_(clauses=inner):
            return next((at for one in inner if (at := _spoken_of(one)) is not None), None)
