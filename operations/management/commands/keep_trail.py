"""Keep the trail until told to stop: seal what arrives, and whatever else has to be done all the time.

It needs neither Redis nor the worker. There must be one only: a second one ends with a sentence.
"""

import signal
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
    if not health.within(PATIENCE, health.database_is_ready, stop) and not stop.is_set():
        raise CommandError("The database lacks tables of this version; run manage.py migrate, and start again.")
    health.within(PATIENCE / 2, health.search_answers, stop)
