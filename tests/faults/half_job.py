"""Does the work of a job up to its middle, says so, and waits to be killed: `python -m tests.faults.half_job KIND KEY`."""

import sys
import time
from collections.abc import Iterator
from typing import Any

import django

HALF = "half"
PARTS = 4  # parts of a file that are written before


def wait_to_be_killed() -> None:
    print(HALF, flush=True)
    time.sleep(600)


def stop_in_the_middle_of_an_export(pk: int) -> None:
    from investigations.exports import services as exports

    lines = exports._lines

    def write_some(*args: Any) -> Iterator[tuple[bytes, bool]]:
        for number, part in enumerate(lines(*args)):
            if number == PARTS:
                wait_to_be_killed()
            yield part

    exports._lines = write_some
    exports.write_export(pk)


def stop_in_the_middle_of_a_pin_batch(pk: int) -> None:
    from investigations.pin_batches import services as pin_batches

    steps, add = [0], pin_batches.add_events

    def add_some(*args: Any) -> Any:
        new = add(*args)
        steps[0] += 1
        if steps[0] == 2:
            wait_to_be_killed()  # with its evidence written and not committed
        return new

    pin_batches.add_events = add_some
    pin_batches.pin_results(pk)


def stop_in_the_middle_of_an_import(pk: int) -> None:
    from investigations.case_import import contents, jobs

    contents.STEP, steps, write = 2, [0], contents.write_step

    def write_some(*args: Any) -> None:
        write(*args)
        steps[0] += 1
        if steps[0] == 2:
            wait_to_be_killed()

    contents.write_step = write_some
    jobs.carry_out(pk)


KINDS = {
    "export": stop_in_the_middle_of_an_export,
    "pins": stop_in_the_middle_of_a_pin_batch,
    "import": stop_in_the_middle_of_an_import,
}

if __name__ == "__main__":
    django.setup()
    KINDS[sys.argv[1]](int(sys.argv[2]))
