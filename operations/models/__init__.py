from operations.models.incidents import Incident, IncidentStep, IncidentWriter
from operations.models.keys import Scope, WriterKey
from operations.models.rejected import Decision, Mapping, RejectedEvent, RejectedStep
from operations.models.sealing import Adoption, Checkpoint, Cursor, SealKey, Stretch, Verification

__all__ = [
    "Adoption",
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
    "Verification",
    "WriterKey",
]
