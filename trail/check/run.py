"""Every check of the trail, one after another: a table of what is fine and what is not."""

from collections.abc import Callable, Iterator
from itertools import islice

from trail.check import engine, events, indices
from trail.check.finding import Asked, Finding, Problem, State
from trail.errors import TrailError

MOST = 20  # problems of one check that are shown, for a broken trail may have millions

Check = Callable[[Asked], Iterator[Problem]]
# Each by its name, with what is said when nothing is wrong.
CHECKS: dict[str, tuple[Check, str]] = {
    "settings": (engine.settings, "The cluster's settings are as the trail needs them."),
    "template": (indices.template, "The index template is this console's."),
    "indices": (indices.names, "Every index of the trail is a month of it and carries the alias; nothing else does."),
    "mapping": (indices.fields, "Every index has the schema's fields and is append-only."),
    "months": (indices.finished, "Every month that is over is finished."),
    "copies": (engine.copies, "Every copy of every index is there."),
    "disks": (engine.disks, "No disk is nearly full."),
    "snapshots": (engine.kept, "The newest snapshot is whole and young enough."),
    "numbers": (events.numbers, "No number of any writer is missing."),
    "silent writers": (events.silent, "Every writer has been heard of."),
    "strangers": (events.strangers, "No document came past the writer."),
}


def check(asked: Asked) -> Iterator[Finding]:
    """The findings of every check in order; each yields one at least. Never raises for the engine's sake."""
    for name, (problems, fine) in CHECKS.items():
        found = 0
        try:
            for problem in islice(problems(asked), MOST + 1):
                found += 1
                if found > MOST:
                    yield Finding(
                        name, State.WRONG, f"There are more than these {MOST}.", "Mend these, then check again."
                    )
                else:
                    yield Finding(name, problem.state, problem.what, problem.todo)
        except TrailError as error:
            yield Finding(name, State.UNKNOWN, f"This could not be checked: {error}", "See that the engine answers.")
            continue
        if not found:
            yield Finding(name, State.FINE, fine)
