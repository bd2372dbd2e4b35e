"""Tells all leads at once that an admin gave somebody rights over others: an incident, which no admin resolves alone."""

from accounts.models import User
from accounts.roles import Role
from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.models import Incident


def record_privilege(*, person: str, by: str, what: str) -> None:
    """Open the incident that every page's header and the notices tell of. Nothing fails by it, so it is over at once."""
    incidents.record_failure(IncidentKind.PRIVILEGE, person, what, writer=by)
    incidents.record_recovery(
        IncidentKind.PRIVILEGE, person, "It is done, and on record. A lead says whether it is right."
    )


def must_leave_to_others(incident: Incident, by: User) -> bool:
    """Whether somebody else has to judge: who gave the rights does not, as long as there is another lead or admin."""
    if incident.kind != IncidentKind.PRIVILEGE or not incident.writers.filter(writer=by.username).exists():
        return False
    others = User.objects.filter(role__in=(Role.LEAD, Role.ADMIN), is_active=True).exclude(pk=by.pk)
    return others.exclude(username=incident.subject).exists()
