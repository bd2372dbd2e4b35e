"""Does the keeper's duties about incidents and writers; an outage of the trail is one incident, which the probe opens."""

from contextlib import suppress

from operations.incidents import response
from operations.incidents import services as incidents
from operations.writers import monitor
from trail.errors import TrailUnavailable


def record_waiting() -> None:
    """Put on record what waited in a file while the database, or the trail, was down."""
    incidents.record_waiting_failures()
    response.record_missing_steps()


def watch_writers() -> None:
    """Look for gaps and silences of writers; not while the trail does not answer, for then nothing can be concluded."""
    with suppress(TrailUnavailable):
        monitor.check_writers()
