"""Runs the duties of a process that keeps the trail, each in a thread and at an interval of its own, without the queue.

The keeper has all of them but one: finding what is first seen takes as much of a processor as sealing does, and is done in a
process beside it.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event as Signal
from threading import Thread

from django.db import DatabaseError, close_old_connections, connections
from redis.exceptions import RedisError

from core.arrival_signal import ArrivalListener
from core.pauses import WATCH
from operations.incidents import notices
from operations.incidents import services as incidents
from operations.incidents.services import DATABASE, ENGINE, IncidentKind
from operations.incidents.throttle import IncidentThrottle
from operations.maintenance import duties, first_seen, index_watch, probes, verification_watch
from operations.maintenance.access_records import AccessDelivery
from operations.maintenance.gate import Gate
from operations.rejected import decisions
from operations.sealing import record_keys, witnesses
from operations.sealing.arrival_watch import EVERY, ArrivalWatch
from operations.sealing.feeder import Feeder
from operations.sealing.folder import LogDirectory
from operations.sealing.publication import publish_checkpoints
from operations.sealing.sealer import Sealer
from operations.sealing.taken_ids import IdKeeper
from trail.errors import TrailBusy, TrailUnavailable

log = logging.getLogger(__name__)
BOTH = (DATABASE, ENGINE)
INSTALLED = 120.0  # seconds in which a new version of the console puts its template and fields in place
SETTLING = 120.0  # seconds after a pause in which writers send what waited; till then no number is missing


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to do every so many seconds, or when `wait` returns, which ends soon after the signal that it is given was set.

    Where it fails, an incident of this kind, with its name as subject, says so.
    It waits while one of the parts that it `needs` does not answer, after a pause so many seconds that others `settle` first, and
    `first_after` so many when the keeper starts. `probes` is the part of which it tells the others whether it answers.
    """

    name: str
    seconds: float
    do: Callable[[], object]
    kind: IncidentKind
    needs: tuple[str, ...] = ()
    settle: float = 0
    first_after: float = 0
    probes: str = ""
    wait: Callable[[Signal], object] | None = None


# What tells the duties of a process whether the parts that they need answer.
PROBES = (
    Duty("probing the trail", 2, probes.probe_engine, IncidentKind.CHECK, probes=ENGINE),
    Duty("probing the database", 2, probes.probe_database, IncidentKind.CHECK, probes=DATABASE),
)


def list_duties(sealed: LogDirectory, listener: ArrivalListener | None = None) -> list[Duty]:
    """The duties of the keeper; the caller has locked the log, and `listener` hears of what is written."""
    watch = ArrivalWatch(listener or ArrivalListener())
    return [
        Duty("sealing", EVERY, Sealer(sealed).step, IncidentKind.NOT_SEALED, BOTH, wait=watch.wait),
        Duty("ids taken once", 1, IdKeeper(sealed).step, IncidentKind.CHECK, BOTH),
        Duty("announcing the record key", 60, record_keys.keep_record_key, IncidentKind.NOT_SEALED, BOTH),
        Duty("publishing", 10, publish_checkpoints, IncidentKind.NOT_SEALED, (DATABASE,)),
        *PROBES,
        Duty("probing the queue", 2, probes.probe_queue, IncidentKind.CHECK),
        Duty("watching writers", 60, duties.watch_writers, IncidentKind.CHECK, BOTH, settle=SETTLING),
        Duty("watching indices", 60, index_watch.watch_indices, IncidentKind.CHECK, BOTH, first_after=INSTALLED),
        Duty("watching verification", 60, verification_watch.watch_verification, IncidentKind.CHECK, (DATABASE,)),
        Duty("taking in", 5, duties.record_waiting, IncidentKind.CHECK, (DATABASE,)),
        Duty("deciding", 1, decisions.work_on_decisions, IncidentKind.CHECK, BOTH),
        Duty("access records", 1, AccessDelivery().step, IncidentKind.NOT_WRITTEN, BOTH),
        Duty("notices", 2, notices.send_due_notices, IncidentKind.CHECK, (DATABASE,)),
        *(
            Duty(f"witness {witness.name}", 10, Feeder(witness).step, IncidentKind.CHECK, (DATABASE,))
            for witness in witnesses.list_named_witnesses()
            if witness.address
        ),
    ]


def list_first_seen_duties() -> list[Duty]:
    """The one duty of the process beside the keeper, with probes of what it needs."""
    return [
        Duty("first seen", 2, first_seen.keep_first_seen, IncidentKind.CHECK, BOTH),
        *PROBES,
    ]


def run_duties(table: Sequence[Duty], stop: Signal) -> None:
    """Do every duty in its turn until told to stop; each has a thread, so that one that hangs holds up no other."""
    WATCH.start()
    gate = Gate()
    threads = [Thread(target=_repeat, args=(duty, stop, gate), name=duty.name) for duty in table]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _repeat(duty: Duty, stop: Signal, gate: Gate) -> None:
    trouble = IncidentThrottle()
    stop.wait(duty.first_after)
    try:
        while not stop.is_set():
            try:
                close_old_connections()  # so that a database that was restarted is found again
                attempt_duty(duty, trouble, stop, gate)
            except Exception:
                log.exception("What became of the duty of %s could not be put on record; it goes on", duty.name)
            _await_turn(duty, stop)
    finally:
        connections.close_all()  # this thread's own


def _await_turn(duty: Duty, stop: Signal) -> None:
    """Until the duty is due again. Whatever goes wrong with that the duty meets too, and says so."""
    try:
        if duty.wait:
            duty.wait(stop)
            return
    except Exception:
        log.exception("The duty of %s does not know when it is due", duty.name)
    stop.wait(duty.seconds)


def attempt_duty(duty: Duty, trouble: IncidentThrottle, stop: Signal, gate: Gate | None = None) -> None:
    """Do a duty once, unless what it needs is down; whatever it raises is an incident, and the duty is done again next time.

    Once told to stop nothing is an incident: parts that are stopped beside this one are no outage. Nor is what was under way
    while this process was stopped, or the machine asleep.
    """
    gate = gate or Gate()
    if not gate.is_open(duty.needs, duty.settle):
        return
    pauses = gate.watch.tick()
    try:
        duty.do()
    except Exception as error:
        if stop.is_set():
            log.exception("The duty of %s was cut short by the end", duty.name)
        elif gate.watch.tick() != pauses:
            log.warning("The duty of %s was under way during a pause, and is done again: %s", duty.name, error)
        else:
            if duty.probes and isinstance(error, TrailUnavailable | DatabaseError) and not isinstance(error, TrailBusy):
                gate.note_silence(duty.probes)
            _record_failed_duty(duty, error, trouble)
    else:
        with incidents.best_effort():
            trouble.record_recovery(duty.kind, duty.name)
        if duty.probes:
            gate.note_answer(duty.probes)


def _record_failed_duty(duty: Duty, error: Exception, trouble: IncidentThrottle) -> None:
    """An outage is that part's incident, whichever duty meets it; anything else is the duty's own."""
    match error:
        case _ if incidents.is_trail_outage(error):
            incidents.record_trail_outage(error, writer="keeper", events=0)
        case RedisError():
            incidents.record_queue_outage(error)
        case probes.WorkerSilent():
            with incidents.best_effort():
                incidents.record_failure(IncidentKind.OUTAGE, incidents.WORKER, str(error))
        case DatabaseError():
            log.error("The duty of %s met a database that does not answer", duty.name, exc_info=error)
            what = f"The database does not answer: {error}"
            with incidents.best_effort():
                trouble.record_failure(IncidentKind.OUTAGE, incidents.DATABASE, what)
        case TrailUnavailable() | TrailBusy():
            log.warning("The duty of %s waits for the engine: %s", duty.name, error)
        case _:
            log.error("The duty of %s failed", duty.name, exc_info=error)
            what = f"{duty.name} failed: {str(error) or type(error).__name__}"
            with incidents.best_effort():
                trouble.record_failure(duty.kind, duty.name, what)
