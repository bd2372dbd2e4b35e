"""How background work is claimed, kept alive, ended and taken up again. The same rules for runs and exports.

Every change is one conditional UPDATE, so that of two workers one wins and the other does nothing.
"""

import uuid
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from accounts.models import User
from investigations.models.jobs import LEASE, Job
from operations.services import incidents

# A job whose worker died, or that met an outage, this often is given up with a sentence.
MAX_ATTEMPTS = 8
WAITS_FOR_QUEUE = "The queue (Redis) does not answer. This is saved and starts by itself when it is back."
State = Job.State
J = TypeVar("J", bound=Job)


class LostClaim(Exception):
    """The job is no longer this worker's: another took it up, or it was ended. Who notices stops without a word."""


def enqueue(task: Any, job: J) -> None:
    """Hand the job to a worker once it is committed."""
    transaction.on_commit(partial(_send, task, job))


def _send(task: Any, job: J) -> None:
    """The job is committed by now, so a queue that is down loses nothing: the row says so and the schedule takes it up."""
    try:
        task.delay(job.pk)
    except (OperationalError, RedisError):
        incidents.queue_failed()
        _rows(type(job)).filter(pk=job.pk, state=State.QUEUED).update(problem=WAITS_FOR_QUEUE)


def claim(model: type[J], pk: int) -> J | None:
    """Make this worker the job's owner; None when it is over, not due yet, somebody else's, or given up."""
    now, owner = timezone.now(), uuid.uuid4().hex
    free = Q(state=State.QUEUED, not_before__lte=now) | Q(state=State.RUNNING, lease_until__lt=now)
    taken = (
        _rows(model)
        .filter(free, pk=pk)
        .update(state=State.RUNNING, owner=owner, lease_until=now + LEASE, attempts=F("attempts") + 1)
    )
    if not taken:
        return None
    _rows(model).filter(pk=pk, began_at=None).update(began_at=now)
    job: J = _rows(model).get(pk=pk)
    if job.attempts > MAX_ATTEMPTS:
        fail(job, f"Its worker died {MAX_ATTEMPTS} times at the same place; an admin finds why in the worker's log.")
        return None
    return job


def progress(job: J, **values: Any) -> None:
    """Write how far the job is and hold it for another lease. Raises LostClaim.

    Work that moves on has not failed, so the count of attempts starts anew.
    """
    _keep(job, lease_until=timezone.now() + LEASE, attempts=1, problem="", **values)


def finish(job: J, **values: Any) -> None:
    """The work is whole. Raises LostClaim."""
    _keep(job, state=State.FINISHED, ended_at=timezone.now(), owner="", lease_until=None, problem="", **values)


def fail(job: J, sentence: str) -> None:
    """The work cannot be done; the sentence says why and what to do."""
    _keep(job, state=State.FAILED, ended_at=timezone.now(), owner="", lease_until=None, problem=sentence[:500])


def put_back(job: J, sentence: str) -> None:
    """An outage: the job waits, longer each time, and goes on where it stands; after MAX_ATTEMPTS it fails."""
    if job.attempts >= MAX_ATTEMPTS:
        return fail(job, f"{sentence} Tried {job.attempts} times; start it again when the status page is green.")
    due = timezone.now() + timedelta(seconds=min(300, 5 * 2**job.attempts))
    return _keep(job, state=State.QUEUED, owner="", lease_until=None, not_before=due, problem=sentence[:500])


def end_cancelled(job: J) -> None:
    """The worker has stopped because it was asked to."""
    _keep(job, state=State.CANCELLED, ended_at=timezone.now(), owner="", lease_until=None, problem="")


def request_cancel(job: J, *, by: User) -> bool:
    """Ask for the job to stop: at once if nobody works on it, else at its worker's next step. False if it is over."""
    model, now = type(job), timezone.now()
    asked = {"cancel_requested_at": now, "cancelled_by_name": by.name or by.username}
    at_once = asked | {"state": State.CANCELLED, "ended_at": now, "owner": "", "problem": ""}
    waiting = Q(state=State.QUEUED) | Q(state=State.RUNNING, lease_until__lt=now)
    if _rows(model).filter(waiting, pk=job.pk).update(**at_once):
        return True
    return bool(_rows(model).filter(pk=job.pk, state=State.RUNNING).update(**asked))


def due(model: type[J]) -> list[int]:
    """Jobs that nobody works on: queued and due for a while already, or left by a worker that is gone."""
    now = timezone.now()
    lost = Q(state=State.QUEUED, not_before__lt=now - timedelta(seconds=10)) | Q(
        state=State.RUNNING, lease_until__lt=now
    )
    return list(_rows(model).filter(lost).order_by("created_at").values_list("pk", flat=True)[:200])


def cancel_requested(job: J) -> bool:
    """Whether somebody asked in the meantime. Runs one query."""
    return bool(_rows(type(job)).filter(pk=job.pk, cancel_requested_at__isnull=False).exists())


def _keep(job: J, **values: Any) -> None:
    kept = _rows(type(job)).filter(pk=job.pk, state=State.RUNNING, owner=job.owner).update(**values)
    if not kept:
        raise LostClaim
    for name, value in values.items():
        setattr(job, name, value)


def _rows(model: type[J]) -> Any:
    # django-stubs gives abstract models no manager.
    return model._default_manager
