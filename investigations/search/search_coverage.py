"""Says of how much of the trail a search is: how many events are sealed, up to when, and why others may be missing."""

from dataclasses import dataclass
from datetime import datetime

from investigations.coverage import find_doubts
from investigations.presentation.pinned_filters import WITHOUT_CONSOLE
from operations.sealing.sealed_places import read_sealed_extent
from trail.questions.coverage import Doubt
from trail.search.spec import Search


@dataclass(frozen=True, slots=True)
class CoverageLine:
    """The trail as it was searched: its sealed events, the time up to which it is sealed, and reasons why events may be missing.

    `without_console`: the search leaves the console's own events out.
    """

    events: int
    sealed_at: datetime | None
    doubts: tuple[Doubt, ...]
    without_console: bool


def read_coverage_line(search: Search) -> CoverageLine:
    """The line of a search that was just answered."""
    events, sealed_at = read_sealed_extent()
    return CoverageLine(events, sealed_at, tuple(find_doubts()), WITHOUT_CONSOLE in search.filters)
