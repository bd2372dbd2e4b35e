"""Gives each request to threads of its kind, so that slow searches leave some for signing in, for health and for writers.

Whoever reads the sealed log has few threads and no others, for where it is open that may be anybody.
"""

from typing import Any

from django.conf import settings
from waitress.task import ThreadedTaskDispatcher

# Answered without the engine, or in a moment: signing in, health, style sheets, how far a search is, ending one.
QUICK = ("/accounts/", "/healthz", "/readyz", "/static/", "/search/progress/", "/search/cancel/")
QUICK_THREADS = 4
INGEST = ("/api/v1/events", "/api/v1/ingest")
# Beyond those that may write at once, some that say that no more may.
INGEST_SPARE = 2
LOG = ("/log/checkpoint", "/log/tile/")
LOG_THREADS = 2


class Lanes:
    """Waitress's dispatcher of tasks: a few threads for each kind of request."""

    def __init__(self) -> None:
        self.quick, self.ingest, self.log, self.pages = (ThreadedTaskDispatcher() for _ in range(4))
        self.quick.set_thread_count(QUICK_THREADS)
        self.ingest.set_thread_count(settings.INGEST_UNDER_WAY + INGEST_SPARE)
        self.log.set_thread_count(LOG_THREADS)
        self.pages.set_thread_count(settings.WEB_THREADS)

    def choose(self, path: str) -> ThreadedTaskDispatcher:
        """The threads for an address; what is no request has none and is answered at once."""
        if not path or path.startswith(QUICK):
            return self.quick
        if path.startswith(INGEST):
            return self.ingest
        return self.log if path.startswith(LOG) else self.pages

    def add_task(self, connection: Any) -> None:
        """Have the connection's first request answered, in its turn."""
        self.choose(getattr(connection.requests[0], "path", "")).add_task(connection)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> None:
        """Stop all threads; what waits for one is dropped."""
        for dispatcher in (self.quick, self.ingest, self.log, self.pages):
            dispatcher.shutdown(cancel_pending, timeout)
