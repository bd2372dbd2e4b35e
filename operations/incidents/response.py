"""Records what people do about an incident: acknowledge it, note what they found, resolve it.

It is done even while the trail, which may be what failed, takes no record of it; the record is written later then.
"""

import logging

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core import audit
from core.errors import Refused
from core.records import fit_text
from operations.audit import OperationsAction
from operations.incidents import notices, privileges
from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.models import Incident, IncidentStep
from trail.errors import TrailBusy, TrailError, TrailUnavailable, WriteUnknown

log = logging.getLogger(__name__)
Step = IncidentStep.Kind
UNRECORDED = "steps without a record"  # subject of the incident
ACTIONS = {
    Step.ACKNOWLEDGED: OperationsAction.INCIDENT_ACKNOWLEDGE,
    Step.NOTED: OperationsAction.INCIDENT_NOTE,
    Step.RESOLVED: OperationsAction.INCIDENT_RESOLVE,
}


def acknowledge_incident(*, incident: Incident, by: User) -> IncidentStep:
    """Say that somebody looks into it. Raises Refused when somebody does already."""
    with transaction.atomic():
        free = Incident.objects.filter(pk=incident.pk, acknowledged_at=None, resolved_at=None)
        if not free.update(acknowledged_at=timezone.now(), acknowledged_by_name=str(by)):
            raise Refused("This incident is acknowledged already.")
        step = _add_step(incident, Step.ACKNOWLEDGED, by, "")
    record_step(step)
    return step


def add_note(*, incident: Incident, by: User, text: str) -> IncidentStep:
    """Note what was found, for whoever reads the incident."""
    step = _add_step(incident, Step.NOTED, by, text)
    record_step(step)
    return step


def resolve_incident(*, incident: Incident, by: User, text: str) -> IncidentStep:
    """Say what it was and what was done. The same thing failing again is a new incident. Raises Refused."""
    if privileges.must_leave_to_others(incident, by):
        raise Refused("You gave these rights yourself; another lead or admin says whether it is right.")
    with transaction.atomic():
        free = Incident.objects.filter(pk=incident.pk, resolved_at=None)
        if not free.update(resolved_at=timezone.now(), resolved_by_name=str(by), resolution=fit_text(text, 2_000)):
            raise Refused("This incident is resolved already.")
        step = _add_step(incident, Step.RESOLVED, by, text)
    record_step(step)
    return step


def record_step(step: IncidentStep) -> bool:
    """Write the trail's record of a step; False when the trail does not take it now. Doing it twice is harmless."""
    try:
        _write_record(step)
    except TrailError as error:
        log.warning("The trail has no record of %s yet: %s", _name_step(step), error)
        return False
    return True


def record_missing_steps() -> int:
    """Write the records that the trail did not take when their steps were done; how many it has taken now.

    One that it refuses stays without and is an incident; the others are written all the same.
    """
    missing = IncidentStep.objects.filter(recorded_at=None).exclude(by=None).select_related("incident", "by")
    written = 0
    refusals: list[str] = []
    for step in list(missing.order_by("pk")[:500]):
        try:
            _write_record(step)
        except (TrailUnavailable, TrailBusy, WriteUnknown):  # for now; it is tried again soon
            return written
        except TrailError as error:
            refusals.append(f"{_name_step(step)}: {error}")
        else:
            written += 1
    if not refusals:
        incidents.record_recovery(IncidentKind.CHECK, UNRECORDED, "Every step of an incident is on record.")
    elif not incidents.is_trail_down():
        what = f"The trail refuses the records of {len(refusals)} steps. {refusals[0]}"
        incidents.record_failure(IncidentKind.CHECK, UNRECORDED, what)
    return written


def _write_record(step: IncidentStep) -> None:
    """Write the trail's record of a step. Raises TrailUnavailable, WriteRefused."""
    assert step.by is not None
    incident = step.incident
    audit.record(
        ACTIONS[Step(step.kind)],
        # As the person was then, so that the record is the same whenever it is written.
        by=User(username=step.by.username, name=step.by_name, role=step.by_role),
        resource=("incident", incident.public_id),
        labels={"kind": incident.kind, "subject": incident.subject},
        at=step.at,
        event_id=f"console-incident-{incident.public_id}-{step.pk}",
    )
    IncidentStep.objects.filter(pk=step.pk).update(recorded_at=timezone.now())


def _name_step(step: IncidentStep) -> str:
    return f"step {step.pk} of incident {step.incident.public_id}"


def _add_step(incident: Incident, kind: Step, by: User, text: str) -> IncidentStep:
    step = IncidentStep.objects.create(
        incident=incident,
        kind=kind,
        at=timezone.now(),
        by=by,
        by_name=str(by),
        by_role=by.role,
        text=fit_text(text, 2_000),
    )
    notices.queue_notices(step)
    return step
