"""Build the index of firsts anew from the whole trail. The keeper does it by itself whenever it has to."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from operations.services import firsts
from trail.errors import TrailError


class Command(BaseCommand):
    help = "Build the index of firsts anew from the whole trail. Cut off, it is gone on with by keep_trail."

    def handle(self, *args: Any, **options: Any) -> None:
        taken = 0
        try:
            bar = tqdm(total=firsts.in_all(), unit=" events", unit_scale=True, file=sys.stderr)
            with bar:
                for events in firsts.rebuild():
                    taken += events
                    bar.update(events)
        except TrailError as error:
            raise CommandError(f"{error} Run this again, or let keep_trail go on with it.") from error
        self.stdout.write(f"{taken:,} events were read.")
