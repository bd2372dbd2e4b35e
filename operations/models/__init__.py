from operations.models.incidents import Incident, IncidentStep, IncidentWriter
from operations.models.keys import Scope, WriterKey

__all__ = ["Incident", "IncidentStep", "IncidentWriter", "Scope", "WriterKey"]
