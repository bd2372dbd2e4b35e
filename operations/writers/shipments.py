"""Puts on record what a shipper meets: an outage, trouble with a disk, and events that the trail will never take."""

import orjson
from django.db import DatabaseError

from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.rejected.services import RejectedText, keep_rejected
from trail.documents import get
from trail.errors import TrailError


class ShipmentRecorder:
    """The observer (trail.writing.shipper) of the shipper of one source."""

    def __init__(self, source: str) -> None:
        self.source = source

    def failed(self, error: Exception) -> None:
        """Record that nothing is delivered, because of the trail or of this machine."""
        if isinstance(error, TrailError):
            incidents.record_trail_outage(error, writer=self.source, events=0)
        else:
            incidents.record_lost_write(self.source, f"The shipper of {self.source} cannot go on: {error}.")

    def over(self) -> None:
        """Record that events are delivered again."""
        with incidents.best_effort():  # else a person resolves the incident
            incidents.record_recovery(IncidentKind.NOT_WRITTEN, self.source, "Events are delivered again.")

    def set_aside(self, payload: bytes, status: str, reason: str) -> None:
        """Keep an event until an admin decides about it. Raises OSError while the database takes nothing.

        The shipper keeps it in a file too.
        """
        if status == "damaged":
            what = f"What waited in {self.source} is damaged: {reason}"
            incidents.record_failure(IncidentKind.NOT_WRITTEN, self.source, what)
            return
        rejected = RejectedText(
            payload.decode("utf-8", "surrogateescape"),
            reason,
            _read_field(reason),
            "conflict" if status == "conflict" else "invalid",
        )
        try:
            keep_rejected(_read_writer(payload) or self.source, f"ship {self.source}", [rejected])
        except DatabaseError as error:
            raise OSError(f"the database does not take a rejected event ({error})") from error


def _read_writer(payload: bytes) -> str:
    """Whom an event names as its writer, or as its service; empty where it names neither."""
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(document, dict):
        return ""
    return str(get(document, "writer.id") or get(document, "service.name") or "")


def _read_field(reason: str) -> str:
    """The field that an InvalidEvent names before its colon."""
    name, colon, _ = reason.partition(": ")
    return name if colon and " " not in name else ""
