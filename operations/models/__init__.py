from operations.models.incidents import Incident, IncidentStep, IncidentWriter
from operations.models.keys import Scope, WriterKey
from operations.models.rejected import Decision, Mapping, RejectedEvent, RejectedStep

__all__ = [
    "Decision",
    "Incident",
    "IncidentStep",
    "IncidentWriter",
    "Mapping",
    "RejectedEvent",
    "RejectedStep",
    "Scope",
    "WriterKey",
]
