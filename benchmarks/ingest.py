"""Measures writing over HTTP to the console's web server beside the client's parallel_bulk of the same events."""

import http.client
import itertools
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.management import call_command

from auditconsole.local import web
from auditconsole.local.ports import find_free_port, is_free
from auditconsole.local.processes import run_program
from benchmarks import bare
from benchmarks.emitter import TOGETHER, without_number
from benchmarks.figures import Aim, Figures
from benchmarks.pairs import measure_pairs
from benchmarks.stage import Stage
from benchmarks.writer import ready_events, with_ingested

AIM = Aim(at_least=0.7)
CONNECTIONS = 4  # as many as parallel_bulk has
PREFIX = "http"


def measure_ingest(stage: Stage, *, size: int, rounds: int) -> Figures:
    """Throughput of POST /api/v1/events, 500 events at a time over four connections, ÷ parallel_bulk."""
    documents = [without_number(document) for document in ready_events(size)]
    dataset = documents[0]["event"]["dataset"]
    stored = [with_ingested(document) for document in documents]
    stage.other_trail(PREFIX)
    months = itertools.count(1)
    numbers = itertools.count()
    with _run_web_server(stage.folder, dataset) as (port, key):
        yield measure_pairs(
            f"HTTP ingest of {len(documents):,} events",
            AIM,
            ours=lambda: _send(port, key, documents, next(months)),
            bare=lambda: bare.bulk(stage.engine, f"bare-{next(numbers)}", stored),
            rounds=rounds,
        )
    bare.drop(stage.engine, f"{PREFIX}*", "bare-*")


def _send(port: int, key: str, documents: list[dict[str, Any]], month: int) -> int:
    """Each time into another month, and so into an index that is made within the time taken; how many were created."""
    begins = f"{2025 - month // 12}-{month % 12 + 1:02}"
    parts = [documents[start : start + TOGETHER] for start in range(0, len(documents), TOGETHER)]
    waiting = iter(parts)

    def sender() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        created = sum(_post(connection, key, part, begins) for part in iter(lambda: next(waiting, None), None))
        connection.close()
        return created

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return sum(future.result() for future in [pool.submit(sender) for _ in range(CONNECTIONS)])


def _post(connection: http.client.HTTPConnection, key: str, part: list[dict[str, Any]] | None, begins: str) -> int:
    body = b"\n".join(orjson.dumps({**event, "@timestamp": begins + event["@timestamp"][7:]}) for event in part or [])
    connection.request(
        "POST", "/api/v1/events", body, {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    )
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise RuntimeError(content[:1_000].decode())
    return sum(event["status"] == "created" for event in orjson.loads(content)["events"])


@contextmanager
def _run_web_server(folder: Path, dataset: str) -> Iterator[tuple[int, str]]:
    """The web server as `manage.py serve` runs it; its port, and a key to write with."""
    from accounts.services import make_first_admin
    from operations.writers.keys import make_key

    call_command("migrate", verbosity=0)
    admin = make_first_admin(username="ada", password="correct horse battery", name="Ada")
    _, key = make_key(name="Benchmark", scope="events:write", by=admin, writer="bench", dataset=dataset)
    port = find_free_port()
    months = ["INGEST_OLDEST_DAYS=36500", "INGEST_NEW_MONTHS=1000"]  # each round has a month of its own
    within = ["env", f"PYTHONPATH={settings.BASE_DIR}", f"TRAIL_PREFIX={PREFIX}", f"SEAL_DIR={folder / 'log'}", *months]
    workers = int(os.environ.get("WEB_WORKERS", "2"))
    with run_program(
        [*within, *web.build_command(f"127.0.0.1:{port}", workers)],
        name="The web server",
        log=folder / "web.log",
        answers=lambda: not is_free(port),
    ):
        yield port, key
