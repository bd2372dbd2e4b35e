"""Looks up what an identifier of an unknown kind is to the trail: in which fields it stands, and what begins like it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from trail.connection import Trail
from trail.search import execute
from trail.search.bodies.field_values import build_value_counts
from trail.search.bodies.name_lookup import build_name_counts
from trail.search.bodies.query import Body
from trail.search.language import operands
from trail.search.spec import Scope, Search

PATIENCE = 0.8  # seconds; what is not known by then is not shown
ADDRESS = "source.ip"
EXACT = ("token.id", "user.id", "service.name", "organization.id", "resource.id", "event.id", "token.fingerprint",
         "user.email", "user.name", "user_agent.name", "trace.id")  # fmt: skip
BEGINNING = ("token.id", "user.id", "service.name", "organization.id")
SHOWN = 4  # of the values of one field
LEAST = 2  # letters, before what begins with them is asked for
_EXACT = ""


@dataclass(frozen=True, slots=True)
class FieldMatch:
    """A field with this value in so many events, from the first to the last; no times of one that only begins as typed."""

    field: str
    value: str
    events: int
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class IdentifierMatches:
    """Where the text itself stands, and commoner values first that begin like it."""

    exact: tuple[FieldMatch, ...] = ()
    beginning: tuple[FieldMatch, ...] = ()


def look_up_identifier(trail: Trail, text: str, scope: Scope) -> IdentifierMatches:
    """What the trail can say of it in one short round trip; what does not answer in time is left out. Raises TrailUnavailable."""
    exact = (*EXACT, *((ADDRESS,) if operands.is_address(text) else ()))
    bodies: dict[str, Body] = {_EXACT: build_name_counts([[(field, text)] for field in exact], scope)}
    if len(text) >= LEAST:
        beginning = (*BEGINNING, *((ADDRESS,) if operands.list_ranges(text) else ()))
        bodies |= {field: build_value_counts(field, text, Search(), scope) for field in beginning}
    responses = execute.ask_all(replace(trail, patience=PATIENCE), bodies, in_part=True)
    names = responses.pop(_EXACT).get("aggregations", {}).get("names", {}).get("buckets", {})
    return IdentifierMatches(
        exact=tuple(
            _read_match(field, text, bucket)
            for number, field in enumerate(exact)
            if (bucket := names.get(str(number))) and bucket["doc_count"]
        ),
        beginning=tuple(
            match for field, response in responses.items() for match in _read_values(field, text, response)
        ),
    )


def _read_match(field: str, text: str, bucket: Mapping[str, Any]) -> FieldMatch:
    ends = (bucket[end]["value_as_string"] for end in ("first", "last"))
    return FieldMatch(field, text, bucket["doc_count"], *ends)


def _read_values(field: str, text: str, response: Mapping[str, Any]) -> list[FieldMatch]:
    buckets = response.get("aggregations", {}).get("values", {}).get("buckets", [])
    values = ((str(bucket.get("key_as_string", bucket["key"])), bucket["doc_count"]) for bucket in buckets)
    fitting = [
        FieldMatch(field, value, count)
        for value, count in values
        if value.casefold().startswith(text.casefold()) and value != text
    ]
    return fitting[:SHOWN]
