from operations.models.incidents import Incident, IncidentStep, IncidentWriter
from operations.models.sealing import Checkpoint, Cursor, SealKey, Stretch

__all__ = ["Checkpoint", "Cursor", "Incident", "IncidentStep", "IncidentWriter", "SealKey", "Stretch"]
