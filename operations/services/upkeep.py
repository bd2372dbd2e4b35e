"""What the keeper does about incidents, each at its own interval. An outage of the trail is one incident, the probe's."""

from contextlib import suppress

from operations.services import incidents, response, watching
from trail.errors import TrailUnavailable


def take_in() -> None:
    """What waited while the database, or the trail, was down."""
    incidents.take_in()
    response.record_missing()


def watch_writers() -> None:
    """Gaps and silences; not while the trail does not answer, for then nothing can be concluded."""
    with suppress(TrailUnavailable):
        watching.look()
