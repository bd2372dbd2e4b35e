"""Builds the bodies that ask how the values of one field are spread over a search."""

from typing import Any

from trail.errors import BadQuery
from trail.schema import FIELDS, Kind, field_of
from trail.search.bodies.page import VALUES_OF_A_SHARD
from trail.search.bodies.query import Body, build_query
from trail.search.language import parser
from trail.search.spec import Scope, Search

TOP = 50
# Among more distinct values than these the rare ones are not listed: only where all are read are they surely rare.
RARE_AMONG = 10_000
# Up to about so many distinct values the engine's estimate is near to exact (HyperLogLog++).
PRECISION = 40_000
LISTED = (Kind.KEYWORD, Kind.WILDCARD, Kind.IP, Kind.INTEGER, Kind.BOOLEAN)
_ORDERED = (Kind.INTEGER, Kind.TIME)
# The fields of which it can be asked.
LISTABLE = tuple(field.name for field in FIELDS if field.kind in {*LISTED, *_ORDERED})


def build_statistics(search: Search, scope: Scope, name: str) -> Body:
    """How many events have the field; its values by how often; for numbers and times their ends. Raises BadQuery."""
    field = field_of(name)
    problem = parser.find_problem(name)
    if field is None or problem:
        raise BadQuery(problem or f"There is no field {name!r}.", 0)
    if field.kind not in {*LISTED, *_ORDERED}:
        raise BadQuery(
            f"{name} is text or a source's own record; its values cannot be counted. Search for words in it.", 0
        )
    inside: dict[str, Any] = {}
    if field.kind in LISTED:
        inside["distinct"] = {"cardinality": {"field": name, "precision_threshold": PRECISION}}
        inside["top"] = {"terms": {"field": name, "size": TOP, "shard_size": VALUES_OF_A_SHARD}}
    if field.kind in _ORDERED:
        inside["ends"] = {"stats": {"field": name}}
    return _counted(search, scope, {"having": {"filter": {"exists": {"field": name}}, "aggs": inside}})


def build_rarest_values(search: Search, scope: Scope, name: str) -> Body:
    """All values of a field, of which the rare ones are taken; more of them than RARE_AMONG show as others."""
    listed = {"field": name, "size": RARE_AMONG, "shard_size": 2 * RARE_AMONG}
    return _counted(search, scope, {"values": {"terms": listed}})


def _counted(search: Search, scope: Scope, aggregations: dict[str, Any]) -> Body:
    return {"query": build_query(search, scope), "size": 0, "track_total_hits": True, "aggs": aggregations}
