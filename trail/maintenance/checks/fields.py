"""Checks the fields of every month: the schema's, as the schema has them, so that what is stored can be found by each."""

from collections.abc import Iterator
from typing import Any

import orjson

from trail import mapping
from trail.connection import Trail
from trail.maintenance.checks.check import ANEW, CheckContext, Problem
from trail.maintenance.index_states import IndexState, read_mappings

_KNOWN = frozenset({"dynamic", "properties", "_meta"})
_SOUND = "sound mappings"  # among what a trail need not ask each time


def check_fields(context: CheckContext) -> Iterator[Problem]:
    """Every month has the schema's fields and no other, and is strict."""
    return (problem for is_other, problem in _find_problems(context) if not is_other)


def check_field_options(context: CheckContext) -> Iterator[Problem]:
    """Every field of every month is of the schema's type, with its options: so what is stored can be found by it."""
    return (problem for is_other, problem in _find_problems(context) if is_other)


def _find_problems(context: CheckContext) -> Iterator[tuple[bool, Problem]]:
    """Whatever is wrong with the mapping of a month, and whether it is a field that is there and is another than the schema's.

    A mapping is read again when its version rises: one that was found sound costs nothing.
    """
    states = {state.index: state for state in context.read_index_states()}
    sound = _read_sound(context.trail)
    doubtful = [
        index
        for index, state in states.items()
        if mapping.month_of(context.trail.prefix, index) and sound.get(index) != _name_version(state)
    ]
    for index, current in sorted(read_mappings(context.trail, doubtful).items()):
        problems = list(_compare(index, current))
        if not problems:
            sound[index] = _name_version(states[index])
        yield from problems


def _compare(index: str, current: dict[str, Any]) -> Iterator[tuple[bool, Problem]]:
    if current.get("dynamic") != "strict":
        what = f"{index} is not strict: it takes fields that the schema does not know."
        yield False, Problem(what, f'As the engine\'s admin: PUT {index}/_mapping {{"dynamic": "strict"}}')
    for name in sorted(current.keys() - _KNOWN):
        if current[name]:
            what = f"The mapping of {index} has {name}, which the trail never sets."
            yield (
                False,
                Problem(what, f"As the engine's admin take it off, and find out who set it: GET {index}/_mapping"),
            )
    wanted = mapping.build_template("")["template"]["mappings"]["properties"]
    for name, what in mapping.find_differences(wanted, current.get("properties", {})):
        problem = Problem(f"The field {name} of {index} {what}.", _advise(index, name, what, wanted))
        yield what.startswith("is {"), problem


def _advise(index: str, name: str, what: str, wanted: dict[str, Any]) -> str:
    if what == "is missing":
        return "Run manage.py install_trail."
    inner: Any = {"properties": wanted}
    for part in name.split("."):
        inner = inner.get("properties", {}).get(part, {})
    if what == "is none of the schema's" or not _is_option(what, inner):
        return ANEW
    body: dict[str, Any] = inner
    for part in reversed(name.split(".")):
        body = {"properties": {part: body}}
    return (
        f"As the engine's admin: PUT {index}/_mapping {orjson.dumps(body).decode()}, and find out who changed it. What came "
        "meanwhile may not be found by this field."
    )


def _is_option(what: str, wanted: dict[str, Any]) -> bool:
    """Whether the type is the schema's, and only an option of it was changed, which can be taken back."""
    return what.startswith(f'is {{"type":"{wanted.get("type")}"')


def _name_version(state: IndexState) -> tuple[str, int]:
    return state.uuid, state.mapping_version


def _read_sound(trail: Trail) -> dict[str, tuple[str, int]]:
    """The versions of mappings that were found sound, by index; kept as long as the connection is."""
    _, sound = trail.recent.setdefault(_SOUND, (float("inf"), {}))
    known: dict[str, tuple[str, int]] = sound
    return known
