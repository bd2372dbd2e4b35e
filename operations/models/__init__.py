from operations.models.incidents import Incident, IncidentStep, IncidentWriter
from operations.models.keys import Scope, WriterKey
from operations.models.notices import Notice
from operations.models.publishing import Cosignature, Publication
from operations.models.rejected import Decision, Mapping, RejectedEvent, RejectedStep
from operations.models.sealing import Checkpoint, Cursor, SealKey, Stretch
from operations.models.watching import MissingNumbers, WatchedWriter

__all__ = [
    "Checkpoint",
    "Cosignature",
    "Cursor",
    "Decision",
    "Incident",
    "IncidentStep",
    "IncidentWriter",
    "Mapping",
    "MissingNumbers",
    "Notice",
    "Publication",
    "RejectedEvent",
    "RejectedStep",
    "Scope",
    "SealKey",
    "Stretch",
    "WatchedWriter",
    "WriterKey",
]
