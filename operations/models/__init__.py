from operations.models.incidents import Incident, IncidentStep, IncidentWriter
from operations.models.keys import Scope, WriterKey
from operations.models.notices import Notice
from operations.models.publishing import Cosignature, Publication
from operations.models.rejected import Decision, Mapping, RejectedEvent, RejectedStep
from operations.models.sealing import Adoption, Checkpoint, Cursor, SealKey, Stretch, Verification
from operations.models.watching import MissingNumbers, WatchedWriter

__all__ = [
    "Adoption",
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
    "Verification",
    "WatchedWriter",
    "WriterKey",
]
