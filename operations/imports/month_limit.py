"""Bounds how many months one writer may open in a day, over all processes, and how old what it sends may be."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from operations.models import OpenedMonth
from trail.connection import Trail
from trail.errors import InvalidEvent
from trail.events import Event
from trail.writing.new_months import find_new_months

DAY = timedelta(days=1)
IMPORT = "older ones come by an import (manage.py import_events)"


class MonthLimit:
    """What one request, or one decision, of an opener may bring. `oldest` is the earliest time in text, empty for any."""

    def __init__(self, opener: str, *, most: int, oldest: str = "") -> None:
        self._opener, self._most, self._oldest = opener, most, oldest
        self._let: set[str] = set()
        self._refused: set[str] = set()

    def find_problems(self, trail: Trail, events: Collection[Event]) -> dict[str, InvalidEvent]:
        """Why an event is not to be written, by its id; most batches cost a look. Raises TrailUnavailable, django.db.Error."""
        months = {event.timestamp[:7] for event in events}
        young = {month for month in months if month >= self._oldest[:7]}
        if new := find_new_months(trail, young - self._let - self._refused):
            self._claim(sorted(new, reverse=True))
        if self._refused.isdisjoint(months) and min(months, default="9") > self._oldest[:7]:
            return {}
        problems = {}
        for event in events:
            if event.timestamp[:19] < self._oldest:
                problems[event.id] = _describe_age()
            elif event.timestamp[:7] in self._refused:
                problems[event.id] = _describe_month(self._most, event.timestamp[:7])
        return problems

    def _claim(self, months: list[str]) -> None:
        """Open as many as the day has left, the newest first."""
        with transaction.atomic():
            now = timezone.now()
            of_the_day = set(_list_opened(self._opener, now - DAY))
            for month in months:
                if month in of_the_day:
                    self._let.add(month)
                elif len(of_the_day) < self._most:
                    OpenedMonth.objects.create(opener=self._opener, month=month, at=now)
                    of_the_day.add(month)
                    self._let.add(month)
                else:
                    self._refused.add(month)


def _list_opened(opener: str, since: datetime) -> list[str]:
    rows = OpenedMonth.objects.select_for_update().filter(opener=opener, at__gt=since)
    return [row.month for row in rows]


def limit_writer(writer: str) -> MonthLimit:
    """What a key's writer may bring over HTTP."""
    oldest = timezone.now() - timedelta(days=settings.INGEST_OLDEST_DAYS)
    return MonthLimit(writer, most=settings.INGEST_NEW_MONTHS, oldest=oldest.strftime("%Y-%m-%dT%H:%M:%S"))


def limit_decisions() -> MonthLimit:
    """What admins' decisions about rejected events may bring, of any age: as much as one import."""
    return MonthLimit("decisions about rejected events", most=settings.IMPORT_NEW_MONTHS)


def _describe_age() -> InvalidEvent:
    return InvalidEvent("@timestamp", f"expected a time of the last {settings.INGEST_OLDEST_DAYS:,} days; {IMPORT}")


def _describe_month(most: int, month: str) -> InvalidEvent:
    what = f"expected a month that the trail has, or one of at most {most} new ones in a day; {IMPORT}"
    return InvalidEvent("@timestamp", f"{what}, got {month}")
