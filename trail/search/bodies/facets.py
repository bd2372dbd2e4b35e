"""Chooses the facets of a search, and builds what counts the commonest values of each."""

from collections.abc import Iterable

from trail.schema import COMMON_FACETS, FACETS
from trail.search.bodies.query import Body
from trail.search.spec import Search

FACET_VALUES = 6
# With fewer, what is common over many months and nowhere the commonest would be counted short.
FACET_VALUES_OF_A_SHARD = 250

PREFIX = "facet:"


def list_shown_facets(search: Search) -> tuple[str, ...]:
    """The facets that stand beside each page of a search: the common ones, and those that it is narrowed by."""
    narrowed = {chip.field for chip in search.filters}
    return (*COMMON_FACETS, *(name for name in FACETS if name in narrowed and name not in COMMON_FACETS))


def list_further_facets(search: Search) -> tuple[str, ...]:
    """The other facets, which are asked where somebody opens them."""
    shown = list_shown_facets(search)
    return tuple(name for name in FACETS if name not in shown)


def build_facets(names: Iterable[str]) -> dict[str, Body]:
    """The aggregations of some facets, which `trail.search.facets` reads."""
    return {f"{PREFIX}{name}": build_facet(name) for name in names}


def build_facet(name: str, *, size: int = FACET_VALUES) -> Body:
    """The commonest values of a field. The engine says how far their counts may be off, which is nothing for most."""
    return {"terms": {"field": name, "size": size, "shard_size": FACET_VALUES_OF_A_SHARD}}
