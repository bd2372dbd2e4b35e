"""What is done for the trail all the time, beside the queue and without it: a table of small duties, each on its own."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event as Signal
from threading import Thread

from django.db import DatabaseError, close_old_connections, connections

from operations.sealing.log import Log
from operations.sealing.publishing import publish_checkpoints
from operations.sealing.sealer import Sealer
from operations.sealing.trouble import Trouble
from operations.services import decisions, firsts, incidents, notices, probes, upkeep
from operations.services.incidents import Kind
from trail.errors import TrailUnavailable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to do every so many seconds. Where it fails, an incident of this kind, with its name as subject, says so."""

    name: str
    seconds: float
    do: Callable[[], object]
    kind: Kind


def duties(sealed: Log) -> list[Duty]:
    """All of them. Whoever calls has locked the log."""
    return [
        Duty("sealing", 1, Sealer(sealed).step, Kind.NOT_SEALED),
        Duty("publishing", 10, publish_checkpoints, Kind.NOT_SEALED),
        Duty("probing the trail", 2, probes.engine, Kind.CHECK),
        Duty("probing the database", 2, probes.database, Kind.CHECK),
        Duty("probing the queue", 2, probes.queue, Kind.CHECK),
        Duty("watching writers", 60, upkeep.watch_writers, Kind.CHECK),
        Duty("taking in", 5, upkeep.take_in, Kind.CHECK),
        Duty("deciding", 1, decisions.work, Kind.CHECK),
        Duty("finding firsts", 2, firsts.keep, Kind.CHECK),
        Duty("notices", 2, notices.send_due, Kind.CHECK),
    ]


def keep(table: Sequence[Duty], stop: Signal) -> None:
    """Do every duty in its turn until told to stop; each has a thread, so that one that hangs holds up no other."""
    threads = [Thread(target=_repeat, args=(duty, stop), name=duty.name) for duty in table]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _repeat(duty: Duty, stop: Signal) -> None:
    trouble = Trouble()
    try:
        while not stop.is_set():
            close_old_connections()  # so that a database that was restarted is found again
            attempt(duty, trouble)
            stop.wait(duty.seconds)
    finally:
        connections.close_all()  # this thread's own


def attempt(duty: Duty, trouble: Trouble) -> None:
    """Do it once. Whatever it dies of is an incident, and it is done again next time."""
    try:
        duty.do()
    except TrailUnavailable as error:
        incidents.trail_failed(error, writer="keeper", events=0)  # which is one outage, whichever duty meets it
    except DatabaseError as error:
        log.exception("The duty of %s met a database that does not answer", duty.name)
        what = f"The database does not answer: {error}"
        _say(lambda: trouble.failed(Kind.OUTAGE, incidents.DATABASE, what))
    except Exception as error:
        log.exception("The duty of %s failed", duty.name)
        what = f"{duty.name} failed: {str(error) or type(error).__name__}"
        _say(lambda: trouble.failed(duty.kind, duty.name, what))
    else:
        _say(lambda: trouble.over(duty.kind, duty.name))


def _say(what: Callable[[], object]) -> None:
    """An incident, if the database takes it; the log has it in any case."""
    try:
        what()
    except DatabaseError:
        log.exception("An incident could not be kept")
