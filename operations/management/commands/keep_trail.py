"""Keep the trail until told to stop: seal what arrives, and whatever else has to be done all the time.

It needs neither Redis nor the worker. There must be one only: a second one ends with a sentence.
"""

import signal
import time
from threading import Event as Signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from operations import health
from operations.keeping import duties, keep
from operations.sealing.errors import LogBusy
from operations.sealing.log import Log

PATIENCE = 120  # seconds


class Command(BaseCommand):
    help = "Seal what arrives in the trail, and watch over it, until told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Signal()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        log = Log()
        await_parts(stop)
        try:
            with log.locked():
                keep(duties(log), stop)
        except LogBusy as error:
            raise CommandError(str(error)) from error


def await_parts(stop: Signal) -> None:
    """The tables that `migrate` makes, then OpenSearch: what starts beside us is no outage.

    Raises CommandError when the tables do not come. An engine that does not is an incident, the probe's.
    """
    until = time.monotonic() + PATIENCE
    while not health.database_is_ready():
        if stop.wait(0.5):
            return
        if time.monotonic() > until:
            raise CommandError("The database lacks tables of this version; run manage.py migrate, and start again.")
    until = time.monotonic() + PATIENCE / 2
    while not health.search_answers() and time.monotonic() < until:
        if stop.wait(0.5):
            return
