"""Delivers the access records of a machine on which no keeper runs: who signed in there, and what was looked at."""

import signal
from threading import Event as Signal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from operations.maintenance.access_records import AccessDelivery
from trail.errors import TrailError

PAUSE = 1.0  # seconds between two looks at what waits


class Command(BaseCommand):
    help = "Deliver who signed in and what was looked at on this machine until told to stop; keep_trail does it on its own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="end when nothing waits, instead of going on")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Signal()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        delivery = AccessDelivery()
        try:
            while not stop.is_set():
                try:
                    delivery.step()
                except (TrailError, OSError) as error:
                    self.stderr.write(f"{error} It is tried again.")
                if options["once"]:
                    break
                stop.wait(PAUSE)
        finally:
            delivery.close()
