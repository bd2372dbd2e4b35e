"""Counts a timeline by its days, or by its months where it has very many, for the links that lead into it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count
from django.utils import timezone

from investigations.models import Evidence
from investigations.presentation.times import MONTHS
from investigations.timeline.fact_lifeline import QUARTER, Facts, build_bucket
from investigations.timeline.pages import Rows
from trail.times import SECOND, parse_datetime

# With more days than these an overview is of months.
MOST_DAYS = 62
DAY = 86_400  # seconds
# Named, for an index finds what is of these kinds, and would be read whole for what is not of one.
_STATEMENTS = [kind for kind in Evidence.Kind if kind != Evidence.Kind.EVENT]


@dataclass(frozen=True, slots=True)
class OverviewStep:
    """A day or a month in which something stands: how it is called, its first day, how much, and that in percent of the most."""

    words: str
    day: str
    count: int
    share: int


def count_steps(facts: Facts, rows: Rows) -> list[OverviewStep]:
    """How much stands on each day in the active zone, in order; in each month of more than MOST_DAYS.

    `facts` are those of the events among `rows`. Two queries.
    """
    days, zone = Counter[date](), timezone.get_current_timezone()
    width = DAY if str(zone) == "UTC" else QUARTER
    for start, number in facts.order_by().values_list(build_bucket(width)).annotate(number=Count("time")):
        days[datetime.fromtimestamp(start // SECOND, zone).date()] += number
    statements = rows.order_by().filter(kind__in=_STATEMENTS)
    for text, number in statements.values_list("event_timestamp").annotate(number=Count("event_timestamp")):
        days[parse_datetime(text).astimezone(zone).date()] += number
    by_month = len(days) > MOST_DAYS
    steps = Counter[date]()
    for day, number in days.items():
        steps[day.replace(day=1) if by_month else day] += number
    return list(_write_steps(steps, by_month))


def _write_steps(steps: Counter[date], by_month: bool) -> Iterator[OverviewStep]:
    this_year, most = timezone.localdate().year, max(steps.values(), default=1)
    for day in sorted(steps):
        month = MONTHS[day.month]
        words = f"{month} {day.year}" if by_month else f"{day.day} {month}"
        if not by_month and day.year != this_year:
            words += f" {day.year}"
        yield OverviewStep(words, day.isoformat(), steps[day], max(1, round(steps[day] * 100 / most)))
