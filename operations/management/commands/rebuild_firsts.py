"""Rebuilds the index of what was first seen from the whole trail; the keeper does so by itself when it has to."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from operations.maintenance import first_seen
from trail.errors import TrailError


class Command(BaseCommand):
    help = "Build the index of what is first seen anew from the whole trail. If it is cut off, keep_first_seen goes on with it."

    def handle(self, *args: Any, **options: Any) -> None:
        taken = 0
        try:
            bar = tqdm(total=first_seen.count_events(), unit=" events", unit_scale=True, file=sys.stderr)
            with bar:
                for events in first_seen.rebuild_first_seen():
                    taken += events
                    bar.update(events)
        except TrailError as error:
            raise CommandError(f"{error} Run this again, or let keep_first_seen go on with it.") from error
        self.stdout.write(f"{taken:,} events were read.")
