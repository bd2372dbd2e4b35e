"""Asks for the facets of a search that do not stand beside its page from the beginning."""

from dataclasses import dataclass

from trail.connection import Trail
from trail.search import execute
from trail.search.bodies.page import build_further_facets
from trail.search.facets import Facet, read_facets
from trail.search.spec import Scope, Search


@dataclass(frozen=True, slots=True)
class FurtherFacets:
    """How many events match, exactly, and the facets by their field."""

    total: int
    facets: dict[str, Facet]


def ask_further_facets(trail: Trail, search: Search, scope: Scope) -> FurtherFacets:
    """One round trip. Raises Incomplete where it would be a part."""
    response = execute.ask(trail, build_further_facets(search, scope))
    return FurtherFacets(execute.read_total(response), read_facets(response.get("aggregations", {})))
