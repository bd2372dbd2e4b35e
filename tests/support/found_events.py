"""Everything that a search finds, for a test that looks at all of it."""

from trail.connection import Trail
from trail.search import execute
from trail.search.execute import Hit
from trail.search.spec import WHOLE_TRAIL, Scope, Search


def scan_all(
    trail: Trail, search: Search | None = None, scope: Scope = WHOLE_TRAIL, *, batch: int = 2_000
) -> list[Hit]:
    """Every event that a search finds, of the whole trail where none is given, in the search's order."""
    batches = execute.scan(trail, search or Search(), scope, batch=batch)
    return [hit for found in batches for hit in found.hits]
