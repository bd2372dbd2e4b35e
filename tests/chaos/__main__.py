"""Starts the console from nothing beside busy loops, again and again, then hurts it at random under load.

At the end no incident is on record that no fault explains, none that must be there is missing, none still fails, nothing that
was acknowledged is lost, and every event is sealed and is what was sealed. `--help` says what can be set; `make chaos` runs the whole of it.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.faults import Consequence, list_faults
from tests.chaos.machine import Machine, keep_busy
from tests.faults.sender import Sender
from tests.support.web_server import Web

DYING = 15  # seconds after the last fault, in which a console that cannot go on ends
SETTLING = 180  # seconds for everything to be sealed and every incident to be over
NEVER = {"tampered", "conflict", "rejected", "gap"}  # kinds of incidents that no fault here explains


def main() -> None:
    """Exits with 1 and a sentence for each promise that did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--starts", type=int, default=10, help="first starts from nothing")
    parser.add_argument("--seconds", type=int, default=600, help="how long faults go on")
    parser.add_argument("--events", type=int, default=60_000, help="of the demonstration")
    parser.add_argument("--loops", type=int, default=4, help="busy loops beside the first starts")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    broken: list[str] = []
    for number in range(options.starts):
        broken += start_from_nothing(number, options.events, options.loops)
    if options.seconds:
        broken += hurt_at_random(options.seconds, options.events, random.Random(options.seed))
    for sentence in broken:
        print(f"BROKEN: {sentence}")
    print("Every promise held." if not broken else f"{len(broken)} promises did not hold.")
    sys.exit(bool(broken))


def start_from_nothing(number: int, events: int, loops: int) -> list[str]:
    """A first start with the demonstration; the sentences of what did not hold."""
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder) / "state", events)
        began = time.monotonic()
        try:
            with keep_busy(loops):
                machine.start()
                took = time.monotonic() - began
                sealed = await_seal(machine, events)
            found = [f"incident at start {number + 1}: {incident}" for incident in machine.list_incidents()]
        finally:
            machine.remove()
    print(f"Start {number + 1}: there after {took:.0f} s, {sealed:,} events sealed, {len(found)} incidents", flush=True)
    return found if sealed >= events else [*found, f"start {number + 1}: only {sealed:,} events are sealed"]


def await_seal(machine: Machine, least: int) -> int:
    """How many leaves the newest checkpoint has, once it has as many, or the time is over."""
    until = time.monotonic() + SETTLING
    while (size := read_size(machine)) < least and time.monotonic() < until:
        time.sleep(0.5)
    return size


def read_size(machine: Machine) -> int:
    """The size in the newest checkpoint: the second line of a note."""
    try:
        return int((machine.state / "log" / "checkpoint").read_text().splitlines()[1])
    except FileNotFoundError:
        return 0


def hurt_at_random(seconds: int, events: int, chance: random.Random) -> list[str]:
    """Faults under load for so long; the sentences of what did not hold. Then the state stays, to be looked at."""
    folder = Path(tempfile.mkdtemp())
    machine = Machine(folder / "state", events)
    broken = ["it was cut short"]
    try:
        machine.start()
        sender = start_load(machine, folder)
        consequence, done = do_faults(machine, seconds, chance)
        time.sleep(DYING)
        machine.start_again()
        sender.stop()
        print(f"Faults: {done}; {len(sender.writes.acknowledged):,} events acknowledged", flush=True)
        broken = judge(machine, sender, consequence)
    finally:
        if broken:
            machine.stop()
            print(f"What the console left is in {folder}.", flush=True)
        else:
            machine.remove()
            shutil.rmtree(folder)
    return broken


def start_load(machine: Machine, folder: Path) -> Sender:
    """Services that write over HTTP and send again what has no sure answer."""
    key = machine.run_command(
        "manage.py", "make_writer_key", "chaos", "--by", "ada", "--writer", "chaos", "--dataset", "test"
    ).split()[-1]
    sender = Sender(Web(machine.port, {"ecs": key}, machine.environment, folder / "web.log"), writer="chaos")
    sender.start()
    return sender


def do_faults(machine: Machine, seconds: int, chance: random.Random) -> tuple[Consequence, dict[str, int]]:
    """What incidents all faults together explain and demand, and how often each was done."""
    whole = Consequence(set())
    done: dict[str, int] = {}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(chance.uniform(1, 5))
        machine.start_again()
        fault = chance.choice(list_faults(machine))
        try:
            consequence = fault(machine, chance)
        except LookupError:  # the console is about to end, of the fault before
            continue
        whole.explained |= consequence.explained
        whole.demanded |= consequence.demanded
        done[fault.__name__] = done.get(fault.__name__, 0) + 1
        print(f"{time.strftime('%H:%M:%S')} {fault.__name__}", flush=True)
    return whole, done


def judge(machine: Machine, sender: Sender, consequence: Consequence) -> list[str]:
    """The sentences of what did not hold, once everything had time to settle."""
    until = time.monotonic() + SETTLING
    while True:
        report = machine.check_writes(sender.writes)  # fails where an acknowledged event is lost
        failing = [incident for incident in machine.list_incidents() if not incident[3]]
        if (report["sealed"] >= report["events"] and not failing) or time.monotonic() > until:
            break
        time.sleep(1)
    broken = [f"an incident that still fails: {incident}" for incident in failing]
    if report["sealed"] < report["events"]:
        broken.append(f"{report['sealed']:,} of {report['events']:,} events are sealed")
    recorded = machine.list_incidents()
    for kind, subject, what, _ in recorded:
        if kind in NEVER or not {(kind, subject), (kind, "")} & consequence.explained:
            broken.append(f"a false incident, {kind} of {subject}: {what}")
    for kind, subject in consequence.demanded - {(kind, subject) for kind, subject, _, _ in recorded}:
        broken.append(f"silence: no incident, {kind} of {subject}, is on record")
    verdict = machine.compare_log()
    if not verdict["intact"]:
        broken.append(f"the trail is not what was sealed: {verdict}")
    print(f"At the end: {report}, incidents {len(machine.list_incidents())}, intact {verdict['intact']}", flush=True)
    return broken


if __name__ == "__main__":
    main()
