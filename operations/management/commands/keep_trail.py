"""Keep the trail until told to stop: seal what arrives, and whatever else has to be done all the time.

It needs neither Redis nor the worker. There must be one only: a second one ends with a sentence.
"""

import signal
from threading import Event as Signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from operations.keeping import duties, keep
from operations.sealing.errors import LogBusy
from operations.sealing.log import Log


class Command(BaseCommand):
    help = "Seal what arrives in the trail, and watch over it, until told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Signal()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        log = Log()
        try:
            with log.locked():
                keep(duties(log), stop)
        except LogBusy as error:
            raise CommandError(str(error)) from error
