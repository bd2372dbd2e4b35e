"""Lists who did what with a case, for its report: what is on record in the activity of the case."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from investigations.models import Case

MOST_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class CustodyEntry:
    """One thing that was done; `event_id` is its record in the trail."""

    at: datetime
    who: str
    what: str
    event_id: str


def list_custody(case: Case) -> tuple[list[CustodyEntry], int]:
    """The first MOST_ENTRIES in the order of time, and how many there are. Two queries."""
    activities = case.activities.order_by("at", "pk")
    rows: Iterable[tuple[datetime, str, str, str]] = activities.values_list("at", "actor_name", "summary", "event_id")[
        :MOST_ENTRIES
    ]
    return [CustodyEntry(*row) for row in rows], activities.count()
