"""Incidents, as the console's services open them."""

from operations.incidents import services as incidents
from operations.models import Incident, RejectedEvent
from operations.rejected.services import RejectedText, keep_rejected

Kind = Incident.Kind


def incident(
    kind: Incident.Kind = Kind.OUTAGE, subject: str = "opensearch", what: str = "It does not answer."
) -> Incident:
    """One that stands and still fails."""
    opened = incidents.record_failure(kind, subject, what, writer="billing", events=3)
    assert opened is not None
    return opened


def rejected(
    text: str = '{"usr": "u-1"}', writer: str = "billing", reason: str = "user: is not in the schema"
) -> RejectedEvent:
    """One that waits for a decision."""
    keep_rejected(writer, "http", [RejectedText(text, reason, "user", "invalid")])
    return RejectedEvent.objects.latest("pk")
