"""Claims background work, keeps it alive, ends it and takes it up again, by the same rules for every kind of job.

Every change is one conditional UPDATE, so that of two workers one wins and the other does nothing.
"""

import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Max, Min, Q
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from accounts.models import User
from investigations.models import CaseImport, CaseVerification, Export, PinBatch, Run
from investigations.models.jobs import LEASE, Job
from operations.incidents import services as incidents
from trail.connection import limit_shards
from trail.errors import TrailUnavailable, WriteRefused

# A job whose worker died, or that met an outage, this often is given up with a sentence.
MAX_ATTEMPTS = 8
WAITS_FOR_QUEUE = "The queue (Redis) does not answer. This is saved and starts by itself when it is back."
KINDS: tuple[type[Job], ...] = (Run, Export, CaseVerification, PinBatch, CaseImport)
DIED = f"Its worker died {MAX_ATTEMPTS} times at the same place; an admin finds why in the worker's log."
# Seconds until a job that is over but for its record is tried again.
RECORD_PATIENCE = 60
State = Job.State
J = TypeVar("J", bound=Job)
RecordEnd = Callable[[J, str], object]


class LostClaim(Exception):
    """The job is no longer this worker's: another took it up, or it was ended. Its worker stops without touching it."""


def enqueue(job: Job) -> None:
    """Hand the job to a worker once it is committed."""
    transaction.on_commit(partial(_enqueue_committed, job))


def _enqueue_committed(job: Job) -> None:
    """Send the job to the queue. One that is down loses nothing: the row says so and `resume` takes the job up."""
    try:
        _send(type(job), job.pk)
    except (OperationalError, RedisError) as error:
        incidents.record_queue_outage(error)
        _rows(type(job)).filter(pk=job.pk, state=State.QUEUED).update(problem=WAITS_FOR_QUEUE)


def _send(model: type[Job], pk: int) -> None:
    """Tell the queue to run the job's task, by its name: the task's module is above this one."""
    current_app.send_task(model.TASK, args=[pk], ignore_result=True)


def resume() -> int:
    """Queue again what a dead worker or a lost queue left behind, of every kind; how many jobs. Raises OperationalError."""
    abandoned = [(model, pk) for model in KINDS for pk in list_due(model)]
    for model, pk in abandoned:
        _send(model, pk)
    return len(abandoned)


def work_in_turn(model: type[Job], execute: Callable[[int], object]) -> None:
    """What a worker does when the queue calls: the job whose turn it is, whichever was named, and then call for the next."""
    pk = choose_next(model)
    if pk is None:
        return
    with limit_shards(settings.SHARDS_AT_ONCE):
        execute(pk)
    if choose_next(model) is not None:
        with suppress(OperationalError, RedisError):  # `resume` calls for it once the queue is back
            _send(model, pk)


def choose_next(model: type[Job]) -> int | None:
    """The job whose turn it is: the oldest of the person who has the fewest under way, and was last served longest ago.

    The schedule takes its turn like a person. None where nothing is due, or where all who wait have JOBS_UNDER_WAY of
    this kind under way.
    """
    now = timezone.now()
    due = _rows(model).filter(_is_free(now)).order_by().values_list("started_by")
    oldest: dict[int | None, int] = dict(due.annotate(Min("pk")))
    # The schedule's jobs are nobody's, and NULL is in no list.
    waiting = Q(started_by__in=[person for person in oldest if person is not None])
    if None in oldest:
        waiting |= Q(started_by__isnull=True)
    people = _rows(model).filter(waiting).order_by().values_list("started_by")
    at_work = dict(people.filter(state=State.RUNNING, lease_until__gte=now).annotate(Count("pk")))
    served = dict(people.annotate(Max("began_at")))
    free = [person for person in oldest if at_work.get(person, 0) < settings.JOBS_UNDER_WAY]
    if not free:
        return None
    never = datetime.min.replace(tzinfo=UTC)
    turn = min(free, key=lambda person: (at_work.get(person, 0), served.get(person) or never, oldest[person]))
    return oldest[turn]


def _is_free(now: datetime) -> Q:
    """Jobs that a worker may claim: due, or left by a worker that is gone."""
    return Q(state=State.QUEUED, not_before__lte=now) | Q(state=State.RUNNING, lease_until__lt=now)


def claim(model: type[J], pk: int, record_end: RecordEnd[J] | None = None) -> J | None:
    """Make this worker the job's owner; None when it is over, not due yet, somebody else's, or given up.

    One that is given up is ended as `end_on_record` does where there is something to record it with.
    """
    now, owner = timezone.now(), uuid.uuid4().hex
    claimed = (
        _rows(model)
        .filter(_is_free(now), pk=pk)
        .update(state=State.RUNNING, owner=owner, lease_until=now + LEASE, attempts=F("attempts") + 1)
    )
    if not claimed:
        return None
    _rows(model).filter(pk=pk, began_at=None).update(began_at=now)
    job: J = _rows(model).get(pk=pk)
    if job.attempts > MAX_ATTEMPTS:
        _give_up(job, job.problem or DIED, record_end)
        return None
    return job


def report_progress(job: J, **values: Any) -> None:
    """Write how far the job is and hold it for another lease. Raises LostClaim.

    Work that moves on has not failed, so the count of attempts starts anew.
    """
    keep_claim(job, attempts=1, problem="", **values)


def keep_claim(job: J, **values: Any) -> None:
    """Hold the job for another lease; its attempts count on, for work that starts over each time. Raises LostClaim."""
    _update(job, lease_until=timezone.now() + LEASE, **values)


def finish(job: J, **values: Any) -> None:
    """End the job as finished where as much came as was expected (`total`), else as failed. Raises LostClaim."""
    done = values.get("done", job.done)
    if done != job.total:
        expected = "nobody counted" if job.total is None else f"{job.total:,}"
        return fail(job, f"{done:,} came and {expected} were expected, so this is not whole; start it again.")
    return _update(job, state=State.FINISHED, ended_at=timezone.now(), owner="", lease_until=None, problem="", **values)


def fail(job: J, sentence: str) -> None:
    """End the job as failed; the sentence says why and what to do. Raises LostClaim."""
    _update(job, state=State.FAILED, ended_at=timezone.now(), owner="", lease_until=None, problem=sentence[:500])


def end_on_record(job: J, sentence: str, record_end: RecordEnd[J]) -> None:
    """End the job as failed, together with the record of it, or not at all. Raises LostClaim.

    Where the trail takes no record the job waits, and is ended as soon as it can be put on record, with the same sentence.
    """
    try:
        with transaction.atomic():
            record_end(job, sentence)
            fail(job, sentence)
    except (TrailUnavailable, WriteRefused):
        due = timezone.now() + timedelta(seconds=RECORD_PATIENCE)
        waiting = {"owner": "", "lease_until": None, "not_before": due, "problem": sentence[:500]}
        _update(job, state=State.QUEUED, attempts=MAX_ATTEMPTS, **waiting)


def _give_up(job: J, sentence: str, record_end: RecordEnd[J] | None) -> None:
    if record_end is None:
        return fail(job, sentence)
    return end_on_record(job, sentence, record_end)


def put_back(job: J, sentence: str, record_end: RecordEnd[J] | None = None) -> None:
    """An outage: the job waits, longer each time, and goes on where it stands; after MAX_ATTEMPTS it is given up."""
    if job.attempts >= MAX_ATTEMPTS:
        tried = f"{sentence} Tried {job.attempts} times; start it again when the status page is green."
        return _give_up(job, tried, record_end)
    due = timezone.now() + timedelta(seconds=min(300, 5 * 2**job.attempts))
    return _update(job, state=State.QUEUED, owner="", lease_until=None, not_before=due, problem=sentence[:500])


def wait(job: J, *, seconds: int) -> None:
    """Let the job wait for what is under way elsewhere; its attempts begin anew. Raises LostClaim."""
    due = timezone.now() + timedelta(seconds=seconds)
    _update(job, state=State.QUEUED, owner="", lease_until=None, not_before=due, attempts=0, problem="")


def end_cancelled(job: J) -> None:
    """End the job as cancelled: its worker has stopped. Raises LostClaim."""
    _update(job, state=State.CANCELLED, ended_at=timezone.now(), owner="", lease_until=None, problem="")


def request_cancel(job: J, *, by: User, at_once: Q | None = None) -> bool:
    """Ask for the job to stop: at once if nobody works on it, else at its worker's next step. False if it is over.

    `at_once` says which jobs may end like this; of others a worker has to undo something, and the caller has one called.
    """
    model, now = type(job), timezone.now()
    request = {"cancel_requested_at": now, "cancelled_by_name": by.name or by.username}
    ended = request | {"state": State.CANCELLED, "ended_at": now, "owner": "", "problem": ""}
    waiting = Q(state=State.QUEUED) | Q(state=State.RUNNING, lease_until__lt=now)
    if _rows(model).filter(waiting, at_once or Q(), pk=job.pk).update(**ended):
        return True
    return bool(_rows(model).filter(pk=job.pk, state__in=(State.QUEUED, State.RUNNING)).update(**request))


def list_due(model: type[J]) -> list[int]:
    """Jobs that nobody works on: queued and due for a while already, or left by a worker that is gone."""
    now = timezone.now()
    lost = Q(state=State.QUEUED, not_before__lt=now - timedelta(seconds=10)) | Q(
        state=State.RUNNING, lease_until__lt=now
    )
    return list(_rows(model).filter(lost).order_by("created_at").values_list("pk", flat=True)[:200])


def is_cancel_requested(job: J) -> bool:
    """Whether somebody asked in the meantime. Runs one query."""
    return bool(_rows(type(job)).filter(pk=job.pk, cancel_requested_at__isnull=False).exists())


def _update(job: J, **values: Any) -> None:
    """Change the row while it is this worker's, and the object with it. Raises LostClaim."""
    changed = _rows(type(job)).filter(pk=job.pk, state=State.RUNNING, owner=job.owner).update(**values)
    if not changed:
        raise LostClaim
    for name, value in values.items():
        setattr(job, name, value)


def _rows(model: type[J]) -> Any:
    # django-stubs gives abstract models no manager.
    return model._default_manager
