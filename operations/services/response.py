"""What people do about an incident: acknowledge it, note what they found, resolve it.

It is done even while the trail, which may be what failed, takes no record of it; the record is written later then.
"""

import logging

from django.db import transaction
from django.utils import timezone

from accounts import journal
from accounts.errors import Refused
from accounts.models import User
from accounts.records import fitting
from operations.journal import Action
from operations.models import Incident, IncidentStep
from operations.services import notices
from trail.errors import TrailError

log = logging.getLogger(__name__)
Step = IncidentStep.Kind
ACTIONS = {
    Step.ACKNOWLEDGED: Action.INCIDENT_ACKNOWLEDGE,
    Step.NOTED: Action.INCIDENT_NOTE,
    Step.RESOLVED: Action.INCIDENT_RESOLVE,
}


def acknowledge(*, incident: Incident, by: User) -> IncidentStep:
    """Somebody looks into it. Raises Refused when somebody does already."""
    with transaction.atomic():
        free = Incident.objects.filter(pk=incident.pk, acknowledged_at=None, resolved_at=None)
        if not free.update(acknowledged_at=timezone.now(), acknowledged_by_name=str(by)):
            raise Refused("This incident is acknowledged already.")
        step = _step(incident, Step.ACKNOWLEDGED, by, "")
    put_on_record(step)
    return step


def note(*, incident: Incident, by: User, text: str) -> IncidentStep:
    """What was found, for whoever reads the incident."""
    step = _step(incident, Step.NOTED, by, text)
    put_on_record(step)
    return step


def resolve(*, incident: Incident, by: User, text: str) -> IncidentStep:
    """Say what it was and what was done. The same thing failing again is a new incident. Raises Refused."""
    with transaction.atomic():
        free = Incident.objects.filter(pk=incident.pk, resolved_at=None)
        if not free.update(resolved_at=timezone.now(), resolved_by_name=str(by), resolution=fitting(text, 2_000)):
            raise Refused("This incident is resolved already.")
        step = _step(incident, Step.RESOLVED, by, text)
    put_on_record(step)
    return step


def put_on_record(step: IncidentStep) -> bool:
    """Write the trail's record of a step; False when the trail does not take it now. Doing it twice is harmless."""
    assert step.by is not None
    # As the person was then, so that the record is the same whenever it is written.
    by = User(username=step.by.username, name=step.by_name, role=step.by_role)
    incident = step.incident
    try:
        journal.record(
            ACTIONS[Step(step.kind)],
            by=by,
            resource=("incident", incident.public_id),
            labels={"kind": incident.kind, "subject": incident.subject},
            at=step.at,
            event_id=f"console-incident-{incident.public_id}-{step.pk}",
        )
    except TrailError as error:
        log.warning("The trail has no record of step %s of incident %s yet: %s", step.pk, incident.public_id, error)
        return False
    IncidentStep.objects.filter(pk=step.pk).update(recorded_at=timezone.now())
    return True


def record_missing() -> int:
    """Write the records that the trail did not take when their steps were done; how many it has taken now."""
    missing = IncidentStep.objects.filter(recorded_at=None).exclude(by=None).select_related("incident", "by")
    written = 0
    for step in list(missing.order_by("pk")[:500]):
        if not put_on_record(step):
            break
        written += 1
    return written


def _step(incident: Incident, kind: Step, by: User, text: str) -> IncidentStep:
    step = IncidentStep.objects.create(
        incident=incident, kind=kind, at=timezone.now(), by=by, by_name=str(by), by_role=by.role,
        text=fitting(text, 2_000),
    )  # fmt: skip
    notices.queue(step)
    return step
