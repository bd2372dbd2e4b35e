from operations.models.incidents import Incident, IncidentStep, IncidentWriter
from operations.models.keys import Scope, WriterKey
from operations.models.notices import Notice
from operations.models.rejected import Decision, Mapping, RejectedEvent, RejectedStep
from operations.models.sealing import Checkpoint, Cursor, SealKey, Stretch
from operations.models.watching import MissingNumbers, WatchedWriter

__all__ = [
    "Checkpoint",
    "Cursor",
    "Decision",
    "Incident",
    "IncidentStep",
    "IncidentWriter",
    "Mapping",
    "MissingNumbers",
    "Notice",
    "RejectedEvent",
    "RejectedStep",
    "Scope",
    "SealKey",
    "Stretch",
    "WatchedWriter",
    "WriterKey",
]
