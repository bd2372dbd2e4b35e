"""Deliver events to the trail: from the spool of a service, from a file of JSON Lines as it grows, or from a stream.

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

from accounts.journal import trail
from operations.services.shipping import OnRecord
from trail.drain import Drain
from trail.errors import SpoolBusy
from trail.follow import PATIENCE, Follower, Pipe
from trail.shipper import Shipper

SOME_SET_ASIDE = 3


class Command(BaseCommand):
    help = "Ship events to the trail until told to stop: of a spool, or of a file of JSON Lines, or of - for a stream."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", metavar="SPOOL_DIR|FILE|-")
        parser.add_argument("--once", action="store_true", help="end when nothing waits, instead of following")
        parser.add_argument("--rejected", type=Path, metavar="DIR",
                            help="where events go that the trail will never take")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Signal()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        path = Path(options["source"])
        kept = path if path.is_dir() else Path(settings.STATE_DIR) / "shipped"
        try:
            with closing(self._opened(path, kept, options["once"])) as source:
                rejected = options["rejected"] or kept / "rejected"
                shipper = Shipper(trail(), source, rejected, stop=stop, said=self._say, witness=OnRecord(str(path)))
                done = shipper.run(follow=not options["once"] or isinstance(source, Pipe))
        except (SpoolBusy, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{done.created:,} events delivered, {done.existing:,} were there already, "
            f"{done.rejected:,} set aside, {done.damaged:,} stretches could not be read."
        )
        if done.rejected or done.damaged:
            sys.exit(SOME_SET_ASIDE)

    def _opened(self, path: Path, kept: Path, once: bool) -> Drain | Follower | Pipe:
        if str(path) == "-":
            return Pipe(sys.stdin.fileno())
        if path.is_dir():
            return Drain(path)
        return Follower(path.absolute(), kept, patience=0 if once else PATIENCE, said=self._say)

    def _say(self, sentence: str) -> None:
        self.stderr.write(sentence)
