"""Checks the alias of the trail: every month carries it whole, and under the trail's name nothing leads anywhere else."""

from collections.abc import Iterator
from typing import Any

from opensearchpy.exceptions import NotFoundError

from trail import mapping
from trail.connection import translate_errors
from trail.maintenance.checks.check import CheckContext, Problem


def check_aliases(context: CheckContext) -> Iterator[Problem]:
    """Every month carries the trail's alias, whole; no other index has an alias under the trail's name."""
    prefix, alias = context.trail.prefix, context.trail.events
    if any(state.settings.get("index.blocks.metadata") == "true" for state in context.read_index_states()):
        return  # no alias can be read until that is put right, which trail.maintenance.checks.index_settings says
    carried = _read_aliases(context)
    for state in context.read_index_states():
        if mapping.month_of(prefix, state.index) is not None and alias not in carried.get(state.index, {}):
            yield Problem(
                f"{state.index} does not carry the alias {alias}: whoever asks the alias does not find what it holds.",
                f"As the engine's admin: PUT {state.index}/_alias/{alias}",
            )
    for index, aliases in sorted(carried.items()):
        is_month = mapping.month_of(prefix, index) is not None
        for name, parts in sorted(aliases.items()):
            if not is_month:
                yield Problem(
                    f"{index} carries the alias {name} and is no month of the trail: what it holds is searched as if it "
                    "were the trail's.",
                    f"As the engine's admin: DELETE {index}/_alias/{name}, and find out who put it there.",
                )
            elif parts:
                yield Problem(
                    f"The alias {name} of {index} shows a part of it only.",
                    f"As the engine's admin: PUT {index}/_alias/{name} without a filter or routing",
                )


def _read_aliases(context: CheckContext) -> dict[str, dict[str, Any]]:
    """By index every alias under the trail's name, with its filter and routing."""
    with translate_errors("Which indices carry the alias cannot be read"):
        try:
            answer = context.trail.client.indices.get_alias(
                name=f"{context.trail.events}*", params={"expand_wildcards": "all"}
            )
        except NotFoundError:
            return {}
    return {index: entry["aliases"] for index, entry in answer.items()}
