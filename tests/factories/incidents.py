"""Incidents, as the console's services open them."""

from operations.models import Incident
from operations.services import incidents

Kind = Incident.Kind


def incident(
    kind: Incident.Kind = Kind.OUTAGE, subject: str = "opensearch", what: str = "It does not answer."
) -> Incident:
    """One that stands and still fails."""
    opened = incidents.failed(kind, subject, what, writer="billing", events=3)
    assert opened is not None
    return opened
