"""What a shipper meets, on record: an outage or trouble with a disk, and what the trail will never take."""

import logging
from typing import Literal

import orjson
from django.db import DatabaseError

from operations.models import Incident
from operations.services import incidents
from operations.services.rejected import Rejected, keep
from trail.errors import TrailError
from trail.events import get

log = logging.getLogger(__name__)
Kind = Incident.Kind


class OnRecord:
    """The witness (trail.shipper) of one source."""

    def __init__(self, source: str) -> None:
        self.source = source

    def failed(self, error: Exception) -> None:
        if isinstance(error, TrailError):
            incidents.trail_failed(error, writer=self.source, events=0)
        else:
            incidents.not_written(self.source, f"The shipper of {self.source} cannot go on: {error}.")

    def over(self) -> None:
        try:
            incidents.over(Kind.NOT_WRITTEN, self.source, "Events are delivered again.")
        except DatabaseError:  # the end of it is said by a person then
            log.exception("The end of an incident could not be put on record")

    def set_aside(self, payload: bytes, status: str, reason: str) -> None:
        """A file keeps it too. Raises OSError while the database does not take it."""
        writer = _writer(payload) or self.source
        if status == "damaged":
            incidents.failed(Kind.NOT_WRITTEN, self.source, f"What waited in {self.source} is damaged: {reason}")
            return
        text = payload.decode("utf-8", "surrogateescape")
        kind: Literal["conflict", "invalid"] = "conflict" if status == "conflict" else "invalid"
        try:
            keep(writer, f"ship {self.source}", [Rejected(text, reason, _field(reason), kind)])
        except DatabaseError as error:
            raise OSError(f"the database does not take a rejected event ({error})") from error


def _writer(payload: bytes) -> str:
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(document, dict):
        return ""
    return str(get(document, "writer.id") or get(document, "service.name") or "")


def _field(reason: str) -> str:
    """The field that an InvalidEvent names before its colon."""
    name, colon, _ = reason.partition(": ")
    return name if colon and " " not in name else ""
