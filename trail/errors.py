"""Defines the errors that callers of the trail may catch. Every message is one sentence a person can act on."""


class TrailError(Exception):
    """Anything that went wrong in the trail."""


class TrailUnavailable(TrailError):
    """The trail does not answer, or answered only in part; nothing may be concluded from it."""


class Incomplete(TrailUnavailable):
    """The trail answered a search in part only. It says nothing about writing."""


class PointEnded(TrailError):
    """The engine's point in time, from which pages were read, has ended: go on from the last event, or begin anew."""


class WriteRefused(TrailError):
    """An event was not made durable; the caller must not go on as if it had been."""


class WriteUnknown(WriteRefused):
    """An event is not known to be durable, and may be found later all the same: it was on its way when something failed."""


class WriteTimedOut(TrailUnavailable, WriteUnknown):
    """No answer came to a write in time: nothing is known, and the event may be found later."""


class TrailBusy(WriteRefused):
    """The engine has too much to do now: nothing was written, and the same may be tried again later."""


class SpoolBusy(TrailError):
    """Another process writes to, or delivers from, the same spool."""


class SchemaConflict(TrailError):
    """The schema would change a field of a month that is there; fields are only ever added."""


class InvalidEvent(TrailError):
    """An event does not fit the schema. `field` says where, `expected` says what would have been right."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field
        self.expected = expected


class BadQuery(TrailError):
    """A search cannot be understood. `position` is the offset of the character at fault in its text, from 0; None where the
    text is not at fault: a filter, a time, a column."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
