"""Opens an incident at the first failure, adds to it while it lasts, and records when the failure is over.

A failure is put on record even while the database is down: then in a file, which the keeper records later. What people do
about an incident is in operations.incidents.response.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from core.outages import Part
from core.records import fit_text
from operations.incidents import confirmation, notices, waiting_failures
from operations.incidents.waiting_failures import Failure
from operations.models import Incident, IncidentStep, IncidentWriter
from trail.connection import read_last_answer
from trail.errors import Incomplete, TrailBusy, TrailUnavailable, WriteRefused

log = logging.getLogger(__name__)
IncidentKind = Incident.Kind
Step = IncidentStep.Kind
# The subjects of outages.
ENGINE, QUEUE, WORKER, DATABASE = "opensearch", "redis", "worker", "database"
LONGEST_SENTENCE = 1_000


def record_failure(
    kind: IncidentKind, subject: str, what: str, *, writer: str = "", events: int = 0
) -> Incident | None:
    """Open an incident, or go on with the one of this kind and subject that is not resolved.

    Call it outside the transaction that the failure undoes. `what` is one sentence for a person; `events` how many were
    touched, of `writer`. None when the database does not take it either: it waits in a file then. Raises OSError when
    that cannot be written.
    """
    failure = Failure(kind=kind, subject=subject, what=what, writer=writer, events=events, at=timezone.now())
    try:
        return _save_failure(failure)
    except DatabaseError as error:
        path = waiting_failures.get_path()
        log.error("The database did not take an incident, which waits in %s: %s (%s)", path, what, error)
        waiting_failures.add_failure(failure)
        return None


def record_trail_outage(error: BaseException, *, writer: str, events: int = 1) -> None:
    """Put on record that the trail did not take what `writer` wrote, or did not answer: one outage, whoever meets it.

    An error that is no outage is left out. Never raises what would hide the error itself.
    """
    if is_trail_outage(error):
        answered_at = read_last_answer(settings.OPENSEARCH_URL)
        _record_confirmed_outage(ENGINE, str(error), error, writer=writer, events=events, answered_at=answered_at)


def _record_confirmed_outage(
    subject: str, what: str, error: BaseException, *, writer: str = "", events: int = 0, answered_at: float
) -> None:
    """Put an outage on record, unless one time-out is all that speaks for it. Never raises."""
    with best_effort():
        met: dict[str, int] | None = {writer: events}
        if confirmation.is_time_out(error) and not _is_known_to_fail(subject):
            met = confirmation.confirm_outage(subject, writer, events, answered_at=answered_at)
        if met is None:
            log.warning("%s The next look tells whether this is an outage.", what)
            return
        for name, count in met.items():
            record_failure(IncidentKind.OUTAGE, subject, what, writer=name, events=count)


def is_trail_outage(error: BaseException) -> bool:
    """Whether an error means that the trail is down, or does not take events.

    A search that was answered in part says nothing of writing, and an engine that is busy is not down
    (docs/decisions/0029-busy-is-not-down.md).
    """
    return isinstance(error, TrailUnavailable | WriteRefused) and not isinstance(error, Incomplete | TrailBusy)


def record_database_outage(error: BaseException, *, writer: str = "", events: int = 0) -> None:
    """Put on record that the database does not answer, in the file beside it if need be. Never raises."""
    what = f"The database does not answer: {error}"
    with best_effort():
        record_failure(IncidentKind.OUTAGE, DATABASE, what, writer=writer, events=events)


def record_queue_outage(error: BaseException) -> None:
    """Put on record that Redis does not answer, as `error` says. Never raises."""
    what = "Redis does not answer; what runs in the background waits."
    _record_confirmed_outage(QUEUE, what, error, answered_at=float("-inf"))


def record_outage(part: Part, error: BaseException, *, events: int) -> None:
    """Put an outage that a page, the API or a task met on record: the recorder that core.outages asks for."""
    if part is Part.TRAIL:
        record_trail_outage(error, writer="auditconsole", events=events)
    elif part is Part.QUEUE:
        record_queue_outage(error)
    else:
        # Whoever met it has waited for the database already; the keeper, which looks every few seconds, puts it on record.
        log.error("The database does not answer: %s", error)


def is_trail_down() -> bool:
    """Whether the trail is known not to answer, or not to take events, at this time."""
    return _is_failing(ENGINE)


def _is_failing(subject: str) -> bool:
    """Whether an outage of a part is on record that is not over."""
    return Incident.objects.filter(kind=IncidentKind.OUTAGE, subject=subject, resolved_at=None, over_at=None).exists()


def _is_known_to_fail(subject: str) -> bool:
    """The same; a database that does not answer knows of none."""
    try:
        return _is_failing(subject)
    except DatabaseError:
        return False


def record_lost_write(subject: str, what: str) -> None:
    """Put on record that something of `subject` is not durable, for another reason than an outage of the trail."""
    with best_effort():
        record_failure(IncidentKind.NOT_WRITTEN, subject, what)


@contextmanager
def best_effort() -> Iterator[None]:
    """Put an incident, or its end, on record if it can be; where neither the database nor the disk takes it, the log has it."""
    try:
        yield
    except (DatabaseError, OSError):
        log.exception("An incident could not be put on record anywhere but here")


def record_recovery(kind: IncidentKind, subject: str, text: str = "") -> Incident | None:
    """Record that what failed does not fail any more; None where nothing failed. A person resolves the incident later."""
    if kind is IncidentKind.OUTAGE:
        confirmation.forget_time_out(subject)
    failing = Incident.objects.filter(kind=kind, subject=fit_text(subject, 200), resolved_at=None, over_at=None)
    # Called every few seconds, nearly always for nothing: that must not take the database's lock for writing.
    return _save_recovery(failing, text) if failing.exists() else None


@transaction.atomic
def _save_recovery(failing: QuerySet[Incident], text: str) -> Incident | None:
    now = timezone.now()
    incident = failing.select_for_update().first()
    if incident is not None:
        incident.over_at = now
        incident.save(update_fields=["over_at"])
        _add_step(incident, Step.OVER, text, now)
    return incident


def record_waiting_failures() -> int:
    """Put on record what waited in the file while the database was down; how much that was. Raises django.db.Error.

    If this process dies between the record and the removal of the file, the same failures are counted twice. A line
    that cannot be read is an incident of its own, and the others are recorded all the same.
    """
    with waiting_failures.take_lines() as lines, transaction.atomic():
        for line in lines:
            _save_failure(waiting_failures.parse_line(line) or _describe_unreadable(line))
    return len(lines)


def _describe_unreadable(line: bytes) -> Failure:
    what = f"The file of incidents holds a line that cannot be read. It was: {line!r}"
    name = waiting_failures.get_path().name
    return Failure(kind=IncidentKind.CHECK, subject=name, what=what, writer="", events=0, at=timezone.now())


@transaction.atomic
def _save_failure(failure: Failure) -> Incident:
    what, at = fit_text(failure.what, LONGEST_SENTENCE), failure.at
    incident, is_new = Incident.objects.select_for_update().get_or_create(
        kind=failure.kind,
        subject=fit_text(failure.subject, 200),
        resolved_at=None,
        defaults={"what": what, "latest": what, "opened_at": at, "last_failed_at": at},
    )
    if is_new:
        _add_step(incident, Step.OPENED, what, at)
    elif incident.over_at is not None:
        _add_step(incident, Step.AGAIN, what, at)
    Incident.objects.filter(pk=incident.pk).update(
        latest=what, last_failed_at=at, over_at=None, failures=F("failures") + 1, events=F("events") + failure.events
    )
    if failure.writer:
        _count_events(incident, fit_text(failure.writer, 200), failure.events, at)
    incident.refresh_from_db()
    return incident


def _count_events(incident: Incident, writer: str, events: int, at: datetime) -> None:
    row, _ = IncidentWriter.objects.get_or_create(
        incident=incident, writer=writer, defaults={"first_at": at, "last_at": at}
    )
    IncidentWriter.objects.filter(pk=row.pk).update(events=F("events") + events, last_at=at)


def _add_step(incident: Incident, kind: Step, text: str, at: datetime) -> None:
    notices.queue_notices(IncidentStep.objects.create(incident=incident, kind=kind, at=at, text=text[:2_000]))


@dataclass(frozen=True, slots=True)
class UnresolvedIncidents:
    """How many incidents nobody has resolved, and how many of them still fail."""

    number: int
    failing: int


def count_unresolved() -> UnresolvedIncidents:
    """Count them by one query, answered from an index of the unresolved alone: every page asks."""
    counts = Incident.objects.filter(resolved_at=None).aggregate(
        number=Count("pk"), failing=Count("pk", filter=Q(over_at=None))
    )
    return UnresolvedIncidents(number=counts["number"], failing=counts["failing"])
