"""Checks the indices: their template, their names, that they are open, and that months are finished."""

from collections.abc import Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from itertools import product
from typing import Any

from trail import mapping
from trail.connection import translate_errors
from trail.maintenance import months
from trail.maintenance.checks.check import CheckContext, Problem
from trail.maintenance.index_states import flatten_settings

_YEARS = range(1970, 2263)  # that a time to the nanosecond can be of


def check_template(context: CheckContext) -> Iterator[Problem]:
    """The index template is this console's, and no other takes precedence over it."""
    trail = context.trail
    wanted = mapping.build_template(trail.prefix, shards=trail.shards, replicas=trail.replicas)
    templates = _read(context, lambda client: client.indices.get_index_template())["index_templates"]
    current = next((entry["index_template"] for entry in templates if entry["name"] == trail.events), None)
    if current is None:
        yield Problem("The index template is not there.", "Run manage.py install_trail.")
        return
    if (version := current.get("version")) != mapping.VERSION:
        newer = isinstance(version, int) and version > mapping.VERSION
        yield Problem(
            f"The index template is of version {version}, and this console's is {mapping.VERSION}.",
            "Bring this console up to date." if newer else "Run manage.py install_trail.",
        )
    elif _plain(current) != _plain(wanted):
        yield Problem(
            "The index template was changed by something else than manage.py install_trail.",
            "Run manage.py install_trail, and find out who changed it.",
        )
    for entry in templates:
        other = entry["index_template"]
        comes_before = entry["name"] != trail.events and other.get("priority", 0) >= wanted["priority"]
        if comes_before and any(_takes_a_month(trail.prefix, pattern) for pattern in other["index_patterns"]):
            yield Problem(
                f"The template {entry['name']} comes before the trail's for the trail's own indices.",
                "Lower its priority, or take the trail's names out of its patterns.",
            )


def _takes_a_month(prefix: str, pattern: str) -> bool:
    """Whether a pattern of index names matches a month that the trail may have, or ever make."""
    beginning, months_of = pattern.partition("*")[0], f"{prefix}-events-"
    if not (beginning.startswith(months_of) or months_of.startswith(beginning)):
        return False
    names = (
        f"{months_of}{year}.{month:02}{late}" for year, month, late in product(_YEARS, range(1, 13), ("", "-late"))
    )
    return any(fnmatchcase(name, pattern) for name in names)


def _plain(template: dict[str, Any]) -> tuple[Any, ...]:
    """What must be the same, in one form: the engine keeps settings as nested texts."""
    inner = template["template"]
    return (
        template["index_patterns"],
        template.get("priority"),
        set(inner.get("aliases", {})),
        flatten_settings(inner.get("settings", {})),
        inner.get("mappings"),
        template.get("composed_of") or [],
        template.get("data_stream"),
    )


def check_names(context: CheckContext) -> Iterator[Problem]:
    """Every index under the trail's name is a month of it, and is open. (Another's that an alias leads to: see aliases.)"""
    prefix = context.trail.prefix
    for state in context.read_index_states():
        if state.index.startswith(f"{prefix}-events-") and mapping.month_of(prefix, state.index) is None:
            yield Problem(
                f"{state.index} has a name of the trail's and is no month of it.", "Find out who made it and why."
            )
        if not state.is_open:
            yield Problem(
                f"{state.index} is closed: searches leave it out.", f"As the engine's admin: POST {state.index}/_open"
            )


def check_finished_months(context: CheckContext) -> Iterator[Problem]:
    """Months that are over are finished, those that are not take writes."""
    merging = months.is_merging(context.trail)
    duty = "The worker does it every hour: see that celery beat and a worker run."
    for month in months.list_months(context.trail, context.finish_after):
        if month.late and not month.blocked:
            yield Problem(
                f"The write block of {month.index} was lifted, though late events lie beside it.",
                f"{duty} Find out who lifted it.",
            )
        elif month.blocked and not month.late:
            yield Problem(f"{month.index} takes no writes, and no index beside it takes what comes late.", duty)
        elif month.due > context.now:
            continue
        elif not month.blocked:
            quiet_for = months.QUIET + timedelta(hours=2)
            if not months.is_written_to(context.trail, month.index, context.now - quiet_for):
                yield Problem(f"{month.index} is over since {month.due:%Y-%m-%d} and still takes writes.", duty)
        elif month.segments > 1 and not merging:
            yield Problem(f"{month.index} is finished and has {month.segments} segments instead of one.", duty)


def _read(context: CheckContext, question: Any) -> Any:
    with translate_errors("The engine did not answer what was asked of it"):
        return question(context.trail.client)
