from operations.models.incidents import Incident, IncidentStep, IncidentWriter
from operations.models.keys import Scope, WriterKey
from operations.models.rejected import Decision, Mapping, RejectedEvent, RejectedStep
from operations.models.sealing import Checkpoint, Cursor, SealKey, Stretch

__all__ = [
    "Checkpoint",
    "Cursor",
    "Decision",
    "Incident",
    "IncidentStep",
    "IncidentWriter",
    "Mapping",
    "RejectedEvent",
    "RejectedStep",
    "Scope",
    "SealKey",
    "Stretch",
    "WriterKey",
]
