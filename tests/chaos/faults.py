"""What is done to a console at random while it is under load; each says which incidents it may cause, and which it must."""

import errno
import random
import signal
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field

import psutil

from tests.chaos.machine import Machine

Incidents = set[tuple[str, str]]  # by kind and subject
# Seconds after which an engine that hangs under load must be on record.
NOTICED_AFTER = 15


@dataclass
class Consequence:
    """Which incidents a fault explains, and which of them would be missed."""

    explained: Incidents
    demanded: Incidents = field(default_factory=set)


ENGINE, QUEUE, WORKER, DATABASE = (
    ("outage", "opensearch"),
    ("outage", "redis"),
    ("outage", "worker"),
    ("outage", "database"),
)
FULL = {ENGINE, DATABASE, ("not_sealed", ""), ("check", ""), ("not_written", "")}  # "": of any subject
CHUNK = bytes(1024 * 1024)


def kill_part(machine: Machine, chance: random.Random) -> Consequence:
    """kill -9 of one part, upon which the console ends and is started again."""
    machine.find_part(chance.choice(["opensearch", "redis", "web", "keeper", "first-seen", "worker", "duties"])).kill()
    assert machine.process is not None
    machine.process.communicate()
    machine.start()
    return Consequence({ENGINE, QUEUE, WORKER})  # what the others met before they were stopped


def stop_part(machine: Machine, chance: random.Random) -> Consequence:
    """SIGSTOP of one part for some seconds."""
    name = chance.choice(["opensearch", "redis", "web", "keeper", "first-seen", "worker"])
    process = machine.find_part(name)
    process.send_signal(signal.SIGSTOP)
    seconds = chance.uniform(1, 25)
    time.sleep(seconds)
    with suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGCONT)
    explained: dict[str, Incidents] = {"opensearch": {ENGINE}, "redis": {QUEUE, WORKER}, "worker": {WORKER}}
    demanded = {ENGINE} if name == "opensearch" and seconds >= NOTICED_AFTER else set()
    return Consequence(explained.get(name, set()), demanded)


def lock_database(machine: Machine, chance: random.Random) -> Consequence:
    """Another program holds the database's lock for writing."""
    with closing(machine.connect_database()) as database:
        database.execute("BEGIN IMMEDIATE")
        time.sleep(chance.uniform(5, 28))
        database.execute("ROLLBACK")
    return Consequence({DATABASE})


def fill_disk(machine: Machine, chance: random.Random) -> Consequence:
    """No room is left in the state folder for some seconds."""
    ballast = machine.state / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            while True:
                file.write(CHUNK)
    except OSError as error:
        assert error.errno == errno.ENOSPC
    time.sleep(chance.uniform(2, 15))
    ballast.unlink()
    return Consequence(FULL)


Fault = Callable[[Machine, random.Random], Consequence]


def list_faults(machine: Machine) -> list[Fault]:
    """Those that can be done here: a disk can be filled only where it is a small one of its own."""
    return [kill_part, stop_part, lock_database, *([fill_disk] if machine.is_small else [])]
