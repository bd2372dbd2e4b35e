"""The indices: the template they are made from, their names and alias, their fields and settings, how months are finished."""

from collections.abc import Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from opensearchpy.exceptions import NotFoundError

from trail import mapping, months
from trail.check.finding import Asked, Problem
from trail.connection import asking

# What makes an index the trail's: it cannot be changed afterwards, so another value was there from the start.
_SETTINGS = (
    "index.append_only.enabled",
    "index.translog.durability",
    "index.sort.field",
    "index.sort.order",
    "index.codec",
)
_ANEW = ("Find out who made it. Its events must be written again, through the writer, into an index that "
         "manage.py install_trail's template makes.")  # fmt: skip


def template(asked: Asked) -> Iterator[Problem]:
    trail = asked.trail
    wanted = mapping.template(trail.prefix, shards=trail.shards, replicas=trail.replicas)
    every = _read(asked, lambda client: client.indices.get_index_template())["index_templates"]
    mine = next((one["index_template"] for one in every if one["name"] == trail.events), None)
    if mine is None:
        yield Problem("The index template is not there.", "Run manage.py install_trail.")
        return
    if (found := mine.get("version")) != mapping.VERSION:
        newer = isinstance(found, int) and found > mapping.VERSION
        yield Problem(f"The index template is of version {found}, and this console's is {mapping.VERSION}.",
                      "Bring this console up to date." if newer else "Run manage.py install_trail.")  # fmt: skip
    elif _plain(mine) != _plain(wanted):
        yield Problem("The index template was changed by something else than manage.py install_trail.",
                      "Run manage.py install_trail, and find out who changed it.")  # fmt: skip
    for one in every:
        patterns = one["index_template"]["index_patterns"]
        takes = any(fnmatchcase(mapping.index_for(trail.prefix, "2026-11"), pattern) for pattern in patterns)
        if takes and one["name"] != trail.events and one["index_template"].get("priority", 0) >= wanted["priority"]:
            yield Problem(f"The template {one['name']} comes before the trail's for the trail's own indices.",
                          "Lower its priority, or take the trail's names out of its patterns.")  # fmt: skip


def _plain(template: dict[str, Any]) -> tuple[Any, ...]:
    """What must be the same, in one form: the engine keeps settings as nested texts."""
    inner = template["template"]
    return (
        template["index_patterns"], template.get("priority"), set(inner.get("aliases", {})),
        _flat(inner.get("settings", {})), inner.get("mappings"),
    )  # fmt: skip


def _flat(settings: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(settings, dict):
        value = [str(one) for one in settings] if isinstance(settings, list) else str(settings).lower()
        return {path.removesuffix("."): value}
    flat: dict[str, Any] = {}
    for name, inner in settings.items():
        flat |= _flat(inner, f"{path}{name}.")
    return flat


def names(asked: Asked) -> Iterator[Problem]:
    """Every index under the trail's name is a month that carries the alias, and nothing else carries it."""
    prefix, alias = asked.trail.prefix, asked.trail.events
    with asking("Which indices carry the alias cannot be read"):
        try:
            carried = asked.trail.client.indices.get_alias(name=alias, params={"expand_wildcards": "all"})
        except NotFoundError:
            carried = {}
    there = _read(asked, lambda client: client.cat.indices(
        index=f"{prefix}-events-*", params={"format": "json", "h": "index,status", "expand_wildcards": "all"}))  # fmt: skip
    for one in sorted(there, key=lambda found: str(found["index"])):
        index = one["index"]
        if mapping.month_of(prefix, index) is None:
            yield Problem(f"{index} has a name of the trail's and is no month of it.", "Find out who made it and why.")
        elif index not in carried:
            yield Problem(f"{index} does not carry the alias {alias}: what it holds is not sealed.",
                          f"As the engine's admin: PUT {index}/_alias/{alias}")  # fmt: skip
        if one["status"] != "open":
            yield Problem(f"{index} is closed: searches leave it out.", f"As the engine's admin: POST {index}/_open")
    for index, one in sorted(carried.items()):
        if mapping.month_of(prefix, index) is None:
            yield Problem(f"{index} carries the alias {alias} and is no month of the trail.",
                          f"As the engine's admin: DELETE {index}/_alias/{alias}")  # fmt: skip
        elif one["aliases"][alias]:
            yield Problem(f"The alias {alias} of {index} shows a part of it only.",
                          f"As the engine's admin: PUT {index}/_alias/{alias} without a filter or routing")  # fmt: skip


def fields(asked: Asked) -> Iterator[Problem]:
    """Each index has the schema's fields, of the schema's types, strict, and the settings that make it permanent."""
    pattern = f"{asked.trail.prefix}-events-*"
    options = {"flat_settings": "true", "allow_no_indices": "true"}
    found = _read(asked, lambda client: client.indices.get(index=pattern, params=options))
    wanted = mapping.template(asked.trail.prefix)["template"]
    settings = _flat(wanted["settings"])
    for index, one in sorted(found.items()):
        is_set = _flat(one["settings"])
        for name in _SETTINGS:
            if is_set.get(name) != settings[name]:
                yield Problem(f"{index} has {name} = {is_set.get(name, 'its default')}, not {settings[name]}.", _ANEW)
        if one["mappings"].get("dynamic") != "strict":
            yield Problem(f"{index} is not strict: it takes fields that the schema does not know.",
                          f'As the engine\'s admin: PUT {index}/_mapping {{"dynamic": "strict"}}')  # fmt: skip
        for name, what in mapping.differing(wanted["mappings"]["properties"], one["mappings"].get("properties", {})):
            todo = "Run manage.py install_trail." if what == "is missing" else _ANEW
            yield Problem(f"The field {name} of {index} {what}.", todo)


def finished(asked: Asked) -> Iterator[Problem]:
    """Months that are over are finished, those that are not take writes."""
    merging = months.is_merging(asked.trail)
    duty = "The worker does it every hour: see that celery beat and a worker run."
    for month in months.months(asked.trail, asked.finish_after):
        if month.late and not month.blocked:
            yield Problem(f"The write block of {month.index} was lifted, though late events lie beside it.",
                          f"{duty} Find out who lifted it.")  # fmt: skip
        elif month.blocked and not month.late:
            yield Problem(f"{month.index} takes no writes, and no index beside it takes what comes late.", duty)
        elif month.due > asked.now:
            continue
        elif not month.blocked:
            quiet_for = months.QUIET + timedelta(hours=2)
            if not months.is_written_to(asked.trail, month.index, asked.now - quiet_for):
                yield Problem(f"{month.index} is over since {month.due:%Y-%m-%d} and still takes writes.", duty)
        elif month.segments > 1 and not merging:
            yield Problem(f"{month.index} is finished and has {month.segments} segments instead of one.", duty)


def _read(asked: Asked, question: Any) -> Any:
    with asking("The engine did not answer what was asked of it"):
        return question(asked.trail.client)
