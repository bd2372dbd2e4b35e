"""Runs every check of the trail, one after another, and yields what is fine and what is not."""

from collections.abc import Callable, Collection, Iterator
from itertools import islice

from trail.errors import TrailError
from trail.maintenance.checks import aliases, engine, events, fields, index_settings, indices
from trail.maintenance.checks.check import CheckContext, CheckFinding, CheckState, Problem, Unchecked

MOST = 20  # problems of one check that are shown, for a broken trail may have millions

FIELD_OPTIONS = "field options"
UNREADABLE = "This could not be checked"

Check = Callable[[CheckContext], Iterator[Problem]]
# Each by its name, with what is said when nothing is wrong.
CHECKS: dict[str, tuple[Check, str]] = {
    "settings": (engine.check_settings, "The cluster's settings are as the trail needs them."),
    "template": (indices.check_template, "The index template is this console's."),
    "indices": (indices.check_names, "Every index that is searched is a month of the trail, and open."),
    "alias": (aliases.check_aliases, "Every month carries the alias whole, and nothing else does."),
    "pipelines": (index_settings.check_pipelines, "No pipeline of the engine stands before a month."),
    "index settings": (index_settings.check_index_settings, "Every month has the template's settings alone."),
    "mapping": (fields.check_fields, "Every month has the schema's fields, and is strict."),
    FIELD_OPTIONS: (fields.check_field_options, "Every field of every month is as the schema has it."),
    "months": (indices.check_finished_months, "Every month that is over is finished."),
    "copies": (engine.check_copies, "Every copy of every index is there."),
    "disks": (engine.check_disks, "No disk is nearly full."),
    "shards": (engine.check_shards, "The cluster has room for the months to come."),
    "snapshots": (engine.check_snapshots, "The newest snapshot is whole and young enough."),
    "numbers": (events.check_numbers, "No number of any writer is missing."),
    "silent writers": (events.check_silence, "Every writer has been heard of."),
    "strangers": (events.check_strangers, "No document came past the writer."),
}
# What somebody with the cluster can change by one call: a few requests say it of every month.
WATCHED = ("template", "indices", "alias", "pipelines", "index settings", "mapping", FIELD_OPTIONS)


def run_checks(context: CheckContext, names: Collection[str] = tuple(CHECKS)) -> Iterator[CheckFinding]:
    """The findings of every check, or of those of these names; each yields one at least. Never raises for the engine's sake."""
    for name in names:
        problems, fine = CHECKS[name]
        count = 0
        try:
            for problem in islice(problems(context), MOST + 1):
                count += 1
                if count > MOST:
                    yield CheckFinding(
                        name, CheckState.WRONG, f"There are more than these {MOST}.", "Mend these, then check again."
                    )
                else:
                    yield CheckFinding(name, problem.state, problem.what, problem.todo)
        except TrailError as error:
            what = f"{UNREADABLE}: {error}"
            yield Unchecked(name, CheckState.UNKNOWN, what, "See that the engine answers.", error=error)
            continue
        if not count:
            yield CheckFinding(name, CheckState.FINE, fine)
