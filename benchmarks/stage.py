"""Where the measuring happens: a node of its own in a temporary folder, and a trail full of the demonstration."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from opensearchpy import OpenSearch

from auditconsole.local.opensearch import Node, running
from auditconsole.local.ports import free_port
from benchmarks import bare
from operations.demonstration.generate import Demonstration, stream
from trail.connection import Trail, connect
from trail.mapping import install
from trail.writer import write_many

UNTIL = datetime(2026, 11, 24, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stage:
    """`trail` holds the events of `demonstration`; `engine` is the plain client of the same node."""

    folder: Path
    trail: Trail
    engine: OpenSearch
    url: str
    demonstration: Demonstration

    @property
    def indices(self) -> str:
        return f"{self.trail.prefix}-events-*"

    def other_trail(self, prefix: str) -> Trail:
        """An empty trail on the same node."""
        other = connect(self.url, prefix=prefix, timeout=120)
        install(other)
        return other


@contextmanager
def stage(events: int, *, seed: int, folder: Path | None = None) -> Iterator[Stage]:
    """Start the node, fill the trail, and leave nothing behind but a folder that is named: it is used again as it is."""
    with tempfile.TemporaryDirectory(prefix="console-bench-") as name:
        node = Node((folder or Path(name)) / "node", http_port=free_port(), transport_port=free_port())
        with running(node):
            trail = connect(node.url, prefix="bench", timeout=120)
            install(trail)
            demonstration = Demonstration(events, seed, UNTIL)
            if _holds(trail) != events:
                _fill(trail, demonstration)
            _set_up_console(node.url)
            yield Stage(Path(name), trail, bare.client(node.url), node.url, demonstration)


def _holds(trail: Trail) -> int:
    return int(trail.client.count(index=f"{trail.prefix}-events-*", params={"allow_no_indices": "true"})["count"])


def _fill(trail: Trail, demonstration: Demonstration) -> None:
    """What is there already stays; a folder that holds another demonstration is refused."""
    taken = sum(one.status in ("created", "existing") for one in write_many(trail, stream(demonstration)))
    trail.client.indices.refresh(index=trail.events)
    if taken != demonstration.events or _holds(trail) != demonstration.events:
        raise AssertionError(
            f"Of {demonstration.events:,} events {taken:,} were written, and {_holds(trail):,} are there."
        )


@contextmanager
def kept(url: str, folder: Path, *, events: int, seed: int) -> Iterator[Stage]:
    """A node that was filled before and answers at `url`; no event is written to it."""
    trail = connect(url, prefix="bench", timeout=120)
    there = trail.client.count(index=trail.events)["count"]
    if there != events:
        raise AssertionError(f"The trail at {url} holds {there:,} events and not {events:,}; give its size.")
    _set_up_console(url)
    yield Stage(folder, trail, bare.client(url), url, Demonstration(events, seed, UNTIL))


@contextmanager
def answering_anew(stage: Stage) -> Iterator[None]:
    """The engine keeps no whole answers: else both sides would measure that a page had been asked for before."""

    def keep(yes: bool | None) -> None:
        stage.engine.indices.put_settings(index=f"{stage.trail.prefix}-*", body={"index.requests.cache.enable": yes})

    keep(False)
    try:
        yield
    finally:
        keep(None)


def _set_up_console(url: str) -> None:
    """The console's own services over this trail."""
    os.environ |= {"OPENSEARCH_URL": url, "TRAIL_PREFIX": "bench"}  # for what is started beside us
    settings.OPENSEARCH_URL, settings.TRAIL_PREFIX = url, "bench"
    logging.getLogger("opensearch").setLevel(logging.ERROR)  # a template that is not there yet is no news here
