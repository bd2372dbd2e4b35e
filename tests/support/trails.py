"""Makes a trail for each test: the next is installed and used ones are removed in a thread, while tests run."""

import os
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count

from opensearchpy import OpenSearch

from trail.connection import Trail, connect
from trail.mapping import install

REMOVED_AT_ONCE = 25  # trails; one change of the cluster for all their indices
NAMES_AT_ONCE = 50  # an address may have 4,096 bytes
THREAD = "trails"  # the name of the thread in which they are made and removed
_numbers = count()


def make(url: str) -> Trail:
    """A fresh, installed trail on the node there, with a prefix that no other test ever has."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    trail = connect(url, prefix=f"t{worker}-{next(_numbers)}-{uuid.uuid4().hex[:6]}")
    install(trail)
    return trail


def remove(client: OpenSearch, prefixes: Sequence[str]) -> None:
    """Remove all indices and templates of these trails."""
    for some in _parts(prefixes):
        pattern = ",".join(f"{prefix}-*" for prefix in some)
        for names in _parts(list(client.indices.get(index=pattern, params={"filter_path": "*.settings.index.uuid"}))):
            client.indices.delete(index=names)
        for prefix in some:
            client.indices.delete_index_template(name=f"{prefix}-events", params={"ignore": 404})


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[first : first + NAMES_AT_ONCE] for first in range(0, len(names), NAMES_AT_ONCE))


class Trails:
    """The trails of one process on a node that it shares."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = connect(url).client
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=THREAD)
        self._used: list[str] = []
        self._removals: list[Future[None]] = []
        self._next = self._thread.submit(make, url)

    def take(self) -> Trail:
        """The trail that was made meanwhile; the one after it is begun."""
        trail = self._next.result()
        self._next = self._thread.submit(make, self._url)
        return trail

    def give_back(self, trail: Trail) -> None:
        """It is not asked again, and removed with others."""
        trail.client.close()
        self._used.append(trail.prefix)
        if len(self._used) >= REMOVED_AT_ONCE:
            self._remove_used()

    def close(self) -> None:
        """Remove what is left. Raises what went wrong in a removal."""
        self.give_back(self.take())
        self.give_back(self._next.result())
        self._remove_used()
        for removal in self._removals:
            removal.result()
        self._thread.shutdown()
        self._client.close()

    def _remove_used(self) -> None:
        used, self._used = self._used, []
        self._removals.append(self._thread.submit(remove, self._client, used))
