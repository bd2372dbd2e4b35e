"""Runs the keeper until it is stopped: it seals what arrives, probes, watches writers and sends notices.

It needs neither Redis nor the worker. There must be one only: a second one ends with a sentence. What is first seen is kept by
`keep_first_seen`, a process of its own, so that neither waits for the other's turn at the interpreter.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.arrival_signal import listen_for_arrivals
from operations.maintenance.keeper import list_duties, run_duties
from operations.maintenance.startup import TablesMissing, await_parts, catch_stop_signals
from operations.sealing.errors import LogBusy
from operations.sealing.folder import LogDirectory
from operations.sealing.signing_keys import UNNAMED, choose_origin

NO_ADDRESS = (
    "The sealed log gets its name with its first seal and keeps it. No address of this console is known, so that it is called "
    "audit-trail/… and no public witness can take it: to name it otherwise, stop now and set PUBLIC_ADDRESS=https://… first."
)


class Command(BaseCommand):
    help = "Seal what arrives in the trail, and watch over it, until told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = catch_stop_signals()
        log = LogDirectory()
        if log.note() is None and choose_origin().startswith(UNNAMED):
            self.stderr.write(NO_ADDRESS)
        try:
            await_parts(stop)
            with log.locked(), listen_for_arrivals() as listener:
                run_duties(list_duties(log, listener), stop)
        except (TablesMissing, LogBusy) as error:
            raise CommandError(str(error)) from error
