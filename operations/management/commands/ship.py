"""Delivers events to the trail from a service's spool, from a growing file of JSON Lines, or from a stream.

Exit status: 0 when all is in the trail, 3 when something was set aside, 1 when it could not begin.
"""

import signal
import sys
from contextlib import closing
from pathlib import Path
from threading import Event as Signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.connection import trail
from operations.writers.shipments import ShipmentRecorder
from trail.errors import SpoolBusy
from trail.spool.reader import SpoolReader
from trail.writing.shipper import Shipper
from trail.writing.tail import PATIENCE, FileTail, Pipe

SOME_SET_ASIDE = 3


class Command(BaseCommand):
    help = "Ship events to the trail until told to stop: of a spool, or of a file of JSON Lines, or of - for a stream."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", metavar="SPOOL_DIR|FILE|-")
        parser.add_argument("--once", action="store_true", help="end when nothing waits, instead of following")
        parser.add_argument(
            "--rejected", type=Path, metavar="DIR", help="where events go that the trail will never take"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Signal()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        path = Path(options["source"])
        state = path if path.is_dir() else Path(settings.STATE_DIR) / "shipped"
        try:
            with closing(self._open_source(path, state, options["once"])) as source:
                rejected = options["rejected"] or state / "rejected"
                shipper = Shipper(
                    trail(), source, rejected, stop=stop, report=self._say, observer=ShipmentRecorder(str(path))
                )
                shipped = shipper.run(follow=not options["once"] or isinstance(source, Pipe))
        except (SpoolBusy, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{shipped.created:,} events delivered, {shipped.existing:,} were there already, "
            f"{shipped.rejected:,} set aside, {shipped.damaged:,} stretches could not be read."
        )
        if shipped.rejected or shipped.damaged:
            sys.exit(SOME_SET_ASIDE)

    def _open_source(self, path: Path, state: Path, once: bool) -> SpoolReader | FileTail | Pipe:
        if str(path) == "-":
            return Pipe(sys.stdin.fileno())
        if path.is_dir():
            return SpoolReader(path)
        return FileTail(path.absolute(), state, patience=0 if once else PATIENCE, report=self._say)

    def _say(self, sentence: str) -> None:
        self.stderr.write(sentence)
