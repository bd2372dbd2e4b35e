from operations.models.incidents import Incident, IncidentStep, IncidentWriter

__all__ = ["Incident", "IncidentStep", "IncidentWriter"]
