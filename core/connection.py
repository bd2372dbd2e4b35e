"""Connects the console to the trail as its settings say."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from core.arrival_signal import announce_arrival
from trail.connection import Trail, connect


def trail() -> Trail:
    """The trail as this console is set up to use it. Settings are read each time, so that a test's own prefix holds."""
    return _configured(30)


def quick_trail() -> Trail:
    """The same for what a page can do without: it gives up after three seconds."""
    return _configured(3)


def read_credentials() -> tuple[str, str] | None:
    """The user and the password by which the engine knows this console, where it asks for them."""
    return (settings.OPENSEARCH_USER, settings.OPENSEARCH_PASSWORD) if settings.OPENSEARCH_USER else None


def _configured(timeout: float) -> Trail:
    return _connected(
        settings.OPENSEARCH_URL,
        settings.TRAIL_PREFIX,
        timeout,
        settings.TRAIL_SHARDS,
        settings.TRAIL_REPLICAS,
        read_credentials(),
    )


@cache
def _connected(
    url: str, prefix: str, timeout: float, shards: int, replicas: int, credentials: tuple[str, str] | None
) -> Trail:
    connected = connect(url, prefix=prefix, timeout=timeout, shards=shards, replicas=replicas, credentials=credentials)
    return replace(
        connected,
        read_sealed=_read_sealed_counts,
        find_sealed=_find_sealed_ids,
        read_doubt=_read_doubt,
        announce_write=announce_arrival,
    )


def _read_doubt() -> str:
    """Why events may not be found by a field: of a room above this one too."""
    doubt: str = import_string(settings.DOUBT_READER)()
    return doubt


def _read_sealed_counts() -> Mapping[str, int]:
    """How many events of each index are sealed: of a room above this one, so settings name the function."""
    counts: Mapping[str, int] = import_string(settings.SEALED_COUNTS_READER)()
    return counts


def _find_sealed_ids(event_ids: Sequence[str]) -> Sequence[tuple[str, ...]] | None:
    """In which indices each of some ids is sealed, if that is known just now: settings name the function likewise."""
    indices: Sequence[tuple[str, ...]] | None = import_string(settings.SEALED_IDS_READER)(event_ids)
    return indices
