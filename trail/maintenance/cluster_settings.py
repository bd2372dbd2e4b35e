"""Reads, compares and applies the settings of the cluster that the trail counts on (docs/trail/maintenance.md)."""

from typing import Any

from trail.connection import Trail, translate_errors

WANTED = {
    "action.auto_create_index": "false",
    "action.destructive_requires_name": "true",
    "search.default_allow_partial_results": "false",
    "search.default_search_timeout": "60s",
    "search.cancel_after_time_interval": "120s",
}
# Of these another value does as well, so long as there is one.
_LIMITS = ("search.default_search_timeout", "search.cancel_after_time_interval")
_NONE = ("-1", "")


def read_settings(trail: Trail) -> dict[str, Any]:
    """Every setting of the cluster by its dotted name, as it is in force. Raises TrailUnavailable."""
    with translate_errors("The cluster's settings cannot be read"):
        response = trail.client.cluster.get_settings(params={"flat_settings": "true", "include_defaults": "true"})
    return {**response["defaults"], **response["persistent"], **response["transient"]}


def find_differences(trail: Trail) -> dict[str, tuple[str, str]]:
    """The settings that differ from what the trail counts on: (what is, what should be). Raises TrailUnavailable."""
    current = read_settings(trail)
    return {
        name: (str(current.get(name, "")), wanted)
        for name, wanted in WANTED.items()
        if not _is_sufficient(trail, name, str(current.get(name, "")), wanted)
    }


def apply_settings(trail: Trail) -> None:
    """Set them for as long as the cluster lives. Raises TrailUnavailable, also where the user has no right to."""
    with translate_errors("The cluster's settings could not be changed"):
        trail.client.cluster.put_settings(body={"persistent": WANTED})


def _is_sufficient(trail: Trail, name: str, current: str, wanted: str) -> bool:
    if name in _LIMITS:
        return current not in _NONE
    if name == "action.auto_create_index":  # a cluster that others use too may let them create theirs
        return current == wanted or current.replace(" ", "").startswith(f"-{trail.prefix}-*")
    return current == wanted
