"""Lists for a report what was done with a case's evidence, and what else with the case."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from investigations.evidence.custody import CustodyAct, fold_acts
from investigations.models import Case

MOST_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class ActivityEntry:
    """One thing that was done with the case; `event_id` is its record in the trail."""

    at: datetime
    who: str
    what: str
    event_id: str


def list_acts(case: Case) -> tuple[list[CustodyAct], int, int]:
    """What the first MOST_ENTRIES entries of custody come to, in their order, how many of them are read, and how many there are.

    Two queries.
    """
    entries = case.custody.select_related("evidence").defer("evidence__frozen", "evidence__search").order_by("pk")
    read = list(entries[:MOST_ENTRIES])
    return fold_acts(read), len(read), case.custody.count()


def list_activity(case: Case) -> tuple[list[ActivityEntry], int]:
    """The first MOST_ENTRIES in the order of time, and how many there are. Two queries."""
    activities = case.activities.order_by("at", "pk")
    rows: Iterable[tuple[datetime, str, str, str]] = activities.values_list("at", "actor_name", "summary", "event_id")[
        :MOST_ENTRIES
    ]
    return [ActivityEntry(*row) for row in rows], activities.count()
