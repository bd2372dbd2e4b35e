"""Open an incident at the first failure, add to it while it lasts, say when it is over. People acknowledge and resolve."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from operations.models import Incident, IncidentStep, IncidentWriter

Kind = Incident.Kind
Step = IncidentStep.Kind
ENGINE = "opensearch"  # the subject of an outage
LONGEST = 1_000


@transaction.atomic
def failed(kind: Kind, subject: str, what: str, *, writer: str = "", events: int = 0) -> Incident:
    """Something failed: a new incident, or the one that stands and is not resolved goes on.

    Call it outside the transaction that the failure undoes. `what` is one sentence for a person; `events` how many were
    touched, of `writer`.
    """
    now = timezone.now()
    what, subject = what[:LONGEST], subject[:200]
    incident, new = Incident.objects.select_for_update().get_or_create(
        kind=kind, subject=subject, resolved_at=None,
        defaults={"what": what, "latest": what, "opened_at": now, "last_failed_at": now},
    )  # fmt: skip
    if new:
        _step(incident, Step.OPENED, what, now)
    elif incident.over_at is not None:
        _step(incident, Step.AGAIN, what, now)
    Incident.objects.filter(pk=incident.pk).update(
        latest=what, last_failed_at=now, over_at=None, failures=F("failures") + 1, events=F("events") + events
    )
    if writer:
        _count(incident, writer[:200], events, now)
    incident.refresh_from_db()
    return incident


@transaction.atomic
def over(kind: Kind, subject: str, text: str = "") -> Incident | None:
    """What failed does not fail any more. The incident stays until a person resolves it; None where there is none."""
    now = timezone.now()
    standing = Incident.objects.select_for_update().filter(kind=kind, subject=subject[:200], resolved_at=None)
    incident = standing.filter(over_at=None).first()
    if incident is not None:
        incident.over_at = now
        incident.save(update_fields=["over_at"])
        _step(incident, Step.OVER, text, now)
    return incident


def _count(incident: Incident, writer: str, events: int, now: datetime) -> None:
    line, _ = IncidentWriter.objects.get_or_create(
        incident=incident, writer=writer, defaults={"first_at": now, "last_at": now}
    )
    IncidentWriter.objects.filter(pk=line.pk).update(events=F("events") + events, last_at=now)


def _step(incident: Incident, kind: Step, text: str, at: datetime) -> None:
    IncidentStep.objects.create(incident=incident, kind=kind, at=at, text=text)
