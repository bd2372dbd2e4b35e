"""Checks the settings of every month: those of the template, and no other that could change, hide or slow what is written."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from trail import mapping
from trail.maintenance import months
from trail.maintenance.checks.check import ANEW, CheckContext, Problem
from trail.maintenance.index_states import IndexState, flatten_settings

# Cannot be changed afterwards, so another value was there from the start.
_LASTING = ("index.append_only.enabled", "index.sort.field", "index.sort.order", "index.codec")
# The engine's own; how many copies there are and where is checked elsewhere (trail.maintenance.checks.engine).
_OF_THE_ENGINE = (
    "index.uuid", "index.creation_date", "index.provided_name", "index.version.", "index.number_of_", "index.routing.",
    "index.replication.", "index.auto_expand_replicas", "index.resize.", "index.history.", "index.store.",
    "index.verified_before_close", "index.blocks.read_only_allow_delete",
)  # fmt: skip
# What reads and writes no event otherwise: how the engine merges, and what it logs of its own work.
_HARMLESS = ("index.merge.", "index.search.slowlog.", "index.indexing.slowlog.")
_WRITE_BLOCK = "index.blocks.write"
_EFFECTS = {
    "index.default_pipeline": "a pipeline of the engine can change or drop an event before it is stored",
    "index.final_pipeline": "a pipeline of the engine can change or drop an event before it is stored, and what came since may "
    "be sealed as changed",
    "index.search.default_pipeline": "a pipeline of the engine can change what a search finds",
    "index.hidden": "whoever asks by a pattern does not find it",
    "index.query.default_field": "a query without a field looks elsewhere",
    "index.refresh_interval": "what is written may not be found",
    "index.translog.durability": "an acknowledged event may be in no file yet",
    "index.blocks.read": "nothing of it can be read",
    "index.blocks.metadata": "what it is set to cannot be read",
    "index.blocks.read_only": "it takes no events",
    _WRITE_BLOCK: "it takes no events",
}


def check_pipelines(context: CheckContext) -> Iterator[Problem]:
    """No pipeline of the engine stands before a month: neither before writes nor before searches."""
    return (problem for name, problem in _find_problems(context) if name.endswith("_pipeline"))


def check_index_settings(context: CheckContext) -> Iterator[Problem]:
    """Every month has the template's settings, and no other."""
    return (problem for name, problem in _find_problems(context) if not name.endswith("_pipeline"))


def _find_problems(context: CheckContext) -> Iterator[tuple[str, Problem]]:
    """Each setting of a month that is not as it should be, by its name."""
    wanted = flatten_settings(mapping.build_template(context.trail.prefix)["template"]["settings"])
    states = context.read_index_states()
    there = {state.index for state in states}
    for state in states:
        if mapping.month_of(context.trail.prefix, state.index) is None:
            continue  # trail.maintenance.checks.indices says that
        for name in sorted(wanted.keys() | state.settings.keys()):
            is_set = state.settings.get(name)
            if is_set != wanted.get(name) and not _is_expected(name, is_set, state, there, context.now):
                yield name, _describe(state.index, name, is_set, wanted.get(name))


def _is_expected(name: str, is_set: Any, state: IndexState, there: set[str], now: datetime) -> bool:
    if name.startswith((*_OF_THE_ENGINE, *_HARMLESS)) or (name.startswith("index.blocks.") and is_set == "false"):
        return True
    return name == _WRITE_BLOCK and (mapping.late_index(state.index) in there or months.is_over(state.index, now))


def _describe(index: str, name: str, is_set: Any, wanted: Any) -> Problem:
    effect = f": {_EFFECTS[name]}" if name in _EFFECTS else ""
    if wanted is None:
        return Problem(
            f"{index} has {name} = {is_set}, which the trail never sets{effect}.",
            f'As the engine\'s admin: PUT {index}/_settings {{"{name}": null}}, and find out who set it.',
        )
    what = f"{index} has {name} = {'its default' if is_set is None else is_set}, not {wanted}{effect}."
    if name in _LASTING:
        return Problem(what, ANEW)
    return Problem(
        what, f'As the engine\'s admin: PUT {index}/_settings {{"{name}": "{wanted}"}}, and find out who set it.'
    )
