"""The cluster's own settings that the trail counts on. docs/keeping.md says what each is for."""

from typing import Any

from trail.connection import Trail, asking

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


def settings(trail: Trail) -> dict[str, Any]:
    """Every setting of the cluster by its dotted name, as it is in force. Raises TrailUnavailable."""
    with asking("The cluster's settings cannot be read"):
        found = trail.client.cluster.get_settings(params={"flat_settings": "true", "include_defaults": "true"})
    return {**found["defaults"], **found["persistent"], **found["transient"]}


def differences(trail: Trail) -> dict[str, tuple[str, str]]:
    """The settings that differ from what the trail counts on: (what is, what should be). Raises TrailUnavailable."""
    found = settings(trail)
    return {
        name: (str(found.get(name, "")), wanted)
        for name, wanted in WANTED.items()
        if not _will_do(trail, name, str(found.get(name, "")), wanted)
    }


def apply(trail: Trail) -> None:
    """Put them in force for as long as the cluster lives. Raises TrailUnavailable, also where the user may not."""
    with asking("The cluster's settings could not be changed"):
        trail.client.cluster.put_settings(body={"persistent": WANTED})


def _will_do(trail: Trail, name: str, found: str, wanted: str) -> bool:
    if name in _LIMITS:
        return found not in _NONE
    if name == "action.auto_create_index":  # a cluster that others use too may let them create theirs
        return found == wanted or found.replace(" ", "").startswith(f"-{trail.prefix}-*")
    return found == wanted
