"""Open an incident at the first failure, add to it while it lasts, say when it is over. People acknowledge and resolve.

A failure is put on record even while the database is down: then in a file, which the keeper takes in later.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import orjson
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.records import fitting
from operations.models import Incident, IncidentStep, IncidentWriter
from operations.services import notices
from trail import disk
from trail.errors import Incomplete, TrailBusy, TrailUnavailable, WriteRefused

log = logging.getLogger(__name__)
Kind = Incident.Kind
Step = IncidentStep.Kind
# The subjects of outages.
ENGINE, QUEUE, WORKER, DATABASE = "opensearch", "redis", "worker", "database"
LONGEST = 1_000


def failed(kind: Kind, subject: str, what: str, *, writer: str = "", events: int = 0) -> Incident | None:
    """Something failed: a new incident, or the one that stands and is not resolved goes on.

    Call it outside the transaction that the failure undoes. `what` is one sentence for a person; `events` how many were
    touched, of `writer`. None when the database does not take it either: it waits in a file then. Raises OSError when
    that cannot be written.
    """
    now = timezone.now()
    try:
        return _fail(kind, subject, what, writer, events, now)
    except DatabaseError as error:
        log.error("The database did not take an incident, which waits in %s: %s (%s)", _waiting(), what, error)
        _set_aside({"kind": kind, "subject": subject, "what": what, "writer": writer, "events": events, "at": now})
        return None


def trail_failed(error: Exception, *, writer: str, events: int = 1) -> None:
    """The trail did not take what `writer` wrote, or did not answer at all: one outage, whoever meets it.

    A search that was answered in part says nothing of writing, and an engine that asks to be sent less loses nothing.
    Never raises what would hide the error itself.
    """
    if isinstance(error, TrailUnavailable | WriteRefused) and not isinstance(error, Incomplete | TrailBusy):
        _never_in_the_way(lambda: failed(Kind.OUTAGE, ENGINE, str(error), writer=writer, events=events))


def is_out() -> bool:
    """Whether the trail is known not to answer, or not to take events, at this moment."""
    return Incident.objects.filter(kind=Kind.OUTAGE, subject=ENGINE, resolved_at=None, over_at=None).exists()


def queue_failed() -> None:
    """Redis does not answer."""
    what = "Redis does not answer; what runs in the background waits."
    _never_in_the_way(lambda: failed(Kind.OUTAGE, QUEUE, what))


def not_written(subject: str, what: str) -> None:
    """Something of `subject` could not be made durable, for another reason than an outage of the trail."""
    _never_in_the_way(lambda: failed(Kind.NOT_WRITTEN, subject, what))


def _never_in_the_way(what: Callable[[], object]) -> None:
    try:
        what()
    except OSError:  # neither the database nor the disk
        log.exception("An incident could not be put on record anywhere but here")


def over(kind: Kind, subject: str, text: str = "") -> Incident | None:
    """What failed does not fail any more. The incident stays until a person resolves it; None where there is none."""
    standing = Incident.objects.filter(kind=kind, subject=fitting(subject, 200), resolved_at=None, over_at=None)
    # Asked every few seconds, nearly always for nothing: that must not take the database's lock for writing.
    return _over(standing, text) if standing.exists() else None


@transaction.atomic
def _over(standing: QuerySet[Incident], text: str) -> Incident | None:
    now = timezone.now()
    incident = standing.select_for_update().first()
    if incident is not None:
        incident.over_at = now
        incident.save(update_fields=["over_at"])
        _step(incident, Step.OVER, text, now)
    return incident


def take_in() -> int:
    """Put on record what waited in the file while the database was down; how much that was. Raises django.db.Error.

    If this process dies between the record and the removal of the file, the same failures are counted twice.
    """
    with _locked() as descriptor:
        lines = os.pread(descriptor, os.fstat(descriptor).st_size, 0).splitlines()
        with transaction.atomic():
            for line in lines:
                _take_in(line)
        os.ftruncate(descriptor, 0)
        os.fsync(descriptor)
    return len(lines)


def _take_in(line: bytes) -> None:
    try:
        one = orjson.loads(line)
        at = datetime.fromisoformat(one["at"])
    except (orjson.JSONDecodeError, KeyError, ValueError):
        what = "The file of incidents holds a line that cannot be read."  # a power cut within it
        _fail(Kind.CHECK, _waiting().name, f"{what} It was: {line!r}", "", 0, timezone.now())
        return
    _fail(Kind(one["kind"]), one["subject"], one["what"], one["writer"], one["events"], at)


@transaction.atomic
def _fail(kind: Kind, subject: str, what: str, writer: str, events: int, at: datetime) -> Incident:
    what = fitting(what, LONGEST)
    incident, new = Incident.objects.select_for_update().get_or_create(
        kind=kind, subject=fitting(subject, 200), resolved_at=None,
        defaults={"what": what, "latest": what, "opened_at": at, "last_failed_at": at},
    )  # fmt: skip
    if new:
        _step(incident, Step.OPENED, what, at)
    elif incident.over_at is not None:
        _step(incident, Step.AGAIN, what, at)
    Incident.objects.filter(pk=incident.pk).update(
        latest=what, last_failed_at=at, over_at=None, failures=F("failures") + 1, events=F("events") + events
    )
    if writer:
        _count(incident, fitting(writer, 200), events, at)
    incident.refresh_from_db()
    return incident


def _count(incident: Incident, writer: str, events: int, now: datetime) -> None:
    line, _ = IncidentWriter.objects.get_or_create(
        incident=incident, writer=writer, defaults={"first_at": now, "last_at": now}
    )
    IncidentWriter.objects.filter(pk=line.pk).update(events=F("events") + events, last_at=now)


def _step(incident: Incident, kind: Step, text: str, at: datetime) -> None:
    notices.queue(IncidentStep.objects.create(incident=incident, kind=kind, at=at, text=text[:2_000]))


def _waiting() -> Path:
    return Path(settings.STATE_DIR) / "incidents.jsonl"


def _set_aside(failure: dict[str, object]) -> None:
    with _locked() as descriptor:
        disk.write_all(descriptor, orjson.dumps(failure, option=orjson.OPT_NAIVE_UTC) + b"\n")
        os.fsync(descriptor)
    disk.sync_folder(_waiting().parent)


@contextmanager
def _locked() -> Iterator[int]:
    """The file, for this process alone."""
    with disk.opened(_waiting(), os.O_RDWR | os.O_CREAT | os.O_APPEND) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
