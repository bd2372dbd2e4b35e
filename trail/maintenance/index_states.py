"""Reads from the cluster's state what every index under the trail's name is set to, in one request whatever their number."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from trail.connection import Trail, translate_errors

_PARTS = ("state", "mapping_version", "settings")
NAMED_AT_ONCE = 100  # more names make an address that the engine refuses


@dataclass(frozen=True, slots=True)
class IndexState:
    """One index: its settings by their dotted names, texts or lists of texts, and a version that rises with its mapping.

    It may have another name than the trail's, where an alias under the trail's name leads to it.
    """

    index: str
    uuid: str
    is_open: bool
    mapping_version: int
    settings: dict[str, Any]


def read_index_states(trail: Trail) -> list[IndexState]:
    """Every index that a search of the trail asks, by name. Raises TrailUnavailable.

    The cluster's state is asked, for a block on an index's metadata closes the index's own addresses.
    """
    indices = _read_metadata(trail, f"{trail.prefix}-events-*", _PARTS)
    return [
        IndexState(
            index,
            settings.get("index.uuid", ""),
            metadata["state"] == "open",
            metadata["mapping_version"],
            settings,
        )
        for index, metadata in sorted(indices.items())
        for settings in [flatten_settings(metadata["settings"])]
    ]


def read_mappings(trail: Trail, indices: Collection[str]) -> dict[str, dict[str, Any]]:
    """The mappings of these indices, by name. Raises TrailUnavailable."""
    if not indices:
        return {}
    named = ",".join(sorted(indices)) if len(indices) <= NAMED_AT_ONCE else f"{trail.prefix}-events-*"
    metadata = _read_metadata(trail, named, ("mappings",))
    return {index: metadata[index].get("mappings", {}).get("_doc", {}) for index in indices if index in metadata}


def _read_metadata(trail: Trail, pattern: str, parts: Collection[str]) -> dict[str, Any]:
    params = {
        "expand_wildcards": "all",
        "allow_no_indices": "true",
        "ignore_unavailable": "true",
        "filter_path": ",".join(f"metadata.indices.*.{part}" for part in parts),
    }
    with translate_errors("How the trail's indices are set cannot be read"):
        answer = trail.client.cluster.state(metric="metadata", index=pattern, params=params)
    indices: dict[str, Any] = answer.get("metadata", {}).get("indices", {})
    return indices


def flatten_settings(settings: Any, path: str = "") -> dict[str, Any]:
    """Settings by their dotted names, as text: `{"index": {"hidden": True}}` → `{"index.hidden": "true"}`."""
    if not isinstance(settings, dict):
        value = [str(part) for part in settings] if isinstance(settings, list) else str(settings).lower()
        return {path.removesuffix("."): value}
    flat: dict[str, Any] = {}
    for name, inner in settings.items():
        flat |= flatten_settings(inner, f"{path}{name}.")
    return flat
