"""Starts a process of duties: it stops at a signal, and waits for the parts beside it, which start at the same time."""

import signal
from threading import Event as Signal

from operations.status import health

PATIENCE = 120  # seconds


class TablesMissing(Exception):
    """The database has not got the tables of this version."""


def catch_stop_signals() -> Signal:
    """What is set once this process is told to stop."""
    stop = Signal()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def await_parts(stop: Signal) -> None:
    """The tables that `migrate` makes, then OpenSearch: what starts beside us is no outage.

    Raises TablesMissing when the tables do not come. An engine that does not is an incident, the probe's.
    """
    if not health.wait_until(PATIENCE, health.is_database_ready, stop) and not stop.is_set():
        raise TablesMissing("The database lacks tables of this version; run manage.py migrate, and start again.")
    health.wait_until(PATIENCE / 2, health.is_search_ready, stop)
