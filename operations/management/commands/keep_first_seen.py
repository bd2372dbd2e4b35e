"""Keeps the index of what is first seen a second or two behind the trail, until it is stopped.

A second one does no harm: one of them works at a time, and another goes on where the first was ended.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from operations.maintenance.keeper import list_first_seen_duties, run_duties
from operations.maintenance.startup import TablesMissing, await_parts, catch_stop_signals


class Command(BaseCommand):
    help = "Find which events are the first of their kind, as they arrive, until told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = catch_stop_signals()
        try:
            await_parts(stop)
            run_duties(list_first_seen_duties(), stop)
        except TablesMissing as error:
            raise CommandError(str(error)) from error
