"""Sets up a node in a temporary folder and a trail full of the demonstration to measure on."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe

from django.conf import settings
from opensearchpy import OpenSearch

from auditconsole.local.opensearch import USER, Node, run_node
from auditconsole.local.ports import find_free_port
from benchmarks import bare
from operations.demonstration.generator import Demonstration, generate_events
from operations.sealing.taken_ids import AT_ONCE, FOLDER
from trail.connection import Trail, connect
from trail.mapping import install
from trail.reserved_names import AUDIT_DATASET
from trail.writing.id_index import IdIndex, IdIndexReader, name_indices
from trail.writing.writer import write_many

UNTIL = datetime(2026, 11, 24, tzinfo=UTC)
SEALED_IDS, SEALED_MONTHS = 1_000_000, 24  # what a writer knows to be taken, beside what it writes


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
        reader = IdIndexReader(self.id_index)
        return replace(other, find_sealed=lambda ids: name_indices(prefix, reader.find(ids)))

    @property
    def id_index(self) -> Path:
        """The folder of an index of so many ids as a writer of the console looks its own up in; made when first asked for."""
        folder = self.folder / "log" / FOLDER
        if not folder.exists():
            index = IdIndex(folder)
            for start in range(0, SEALED_IDS, AT_ONCE):
                places = [number % SEALED_MONTHS * 2 for number in range(start, start + AT_ONCE)]
                assert not list(index.add([f"sealed-{number}" for number in range(start, start + AT_ONCE)], places))
                index.advance(start + AT_ONCE)
            index.complete()
            index.close()
        return folder


def new_node(folder: Path) -> Node:
    """A node that is not started yet; whatever connects to it from now on has its password."""
    os.environ |= {"OPENSEARCH_USER": USER, "OPENSEARCH_PASSWORD": (password := token_urlsafe())}
    settings.OPENSEARCH_USER, settings.OPENSEARCH_PASSWORD = USER, password
    return Node(folder, http_port=find_free_port(), password=password)


@contextmanager
def stage(events: int, *, seed: int, folder: Path | None = None) -> Iterator[Stage]:
    """Start the node, fill the trail, and leave nothing behind but a folder that is named: it is used again as it is."""
    with tempfile.TemporaryDirectory(prefix="console-bench-") as name:
        node = new_node((folder or Path(name)) / "node")
        with run_node(node):
            trail = connect(node.url, prefix="bench", timeout=120)
            install(trail)
            demonstration = Demonstration(events, seed, UNTIL)
            if _count_events(trail) != events:
                _fill(trail, demonstration)
            _set_up_console(node.url)
            yield Stage(Path(name), trail, bare.client(node.url), node.url, demonstration)


def _count_events(trail: Trail) -> int:
    """Those of the demonstration: the console's own records, which parts of a run write, stay in a folder that is kept."""
    body = {"query": {"bool": {"must_not": [{"term": {"event.dataset": AUDIT_DATASET}}]}}}
    indices, params = f"{trail.prefix}-events-*", {"allow_no_indices": "true"}
    return int(trail.client.count(index=indices, body=body, params=params)["count"])


def _fill(trail: Trail, demonstration: Demonstration) -> None:
    """What is there already stays; a folder that holds another demonstration is refused."""
    written = sum(
        outcome.status in ("created", "existing") for outcome in write_many(trail, generate_events(demonstration))
    )
    trail.client.indices.refresh(index=trail.events)
    if written != demonstration.events or _count_events(trail) != demonstration.events:
        raise AssertionError(
            f"Of {demonstration.events:,} events {written:,} were written, and {_count_events(trail):,} are there."
        )


@contextmanager
def use_kept_node(url: str, folder: Path, *, events: int, seed: int) -> Iterator[Stage]:
    """A node that was filled before and answers at `url`; no event is written to it."""
    trail = connect(url, prefix="bench", timeout=120)
    count = trail.client.count(index=trail.events)["count"]
    if count != events:
        raise AssertionError(f"The trail at {url} holds {count:,} events and not {events:,}; give its size.")
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
