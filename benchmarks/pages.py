"""Measures the questions of every page beside the very requests they send, sent raw."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from benchmarks import bare
from benchmarks.figures import Aim, Figures, Latency, Pairs
from benchmarks.pairs import measure_pairs
from benchmarks.search import SEARCHES
from benchmarks.stage import UNTIL, Stage, answering_anew
from operations.demonstration.incident import make_tokens
from trail.connection import Trail
from trail.questions import entity
from trail.questions.compromise import ask_compromise
from trail.questions.event_context import ask_event_context
from trail.questions.lineage import ask_lineage
from trail.questions.token import ask_token
from trail.questions.user import ask_user
from trail.search import execute
from trail.search.lineage import parse_token_ref
from trail.search.spec import WHOLE_TRAIL, Search

AIM = Aim(at_most=1.15)
MOST = 300  # milliseconds, for the median page
Sent = tuple[str, str, bytes]


def measure_pages(stage: Stage, *, rounds: int) -> Figures:
    """For each page the function it asks ÷ the requests it sent, raw; then how long the median page takes."""
    questions = list_questions(stage)
    took = [statistics.median(_milliseconds(stage, ask) for _ in range(rounds)) for ask in questions.values()]
    yield Latency("median page, warm", took, MOST)
    with answering_anew(stage):
        for name, ask in questions.items():
            yield _measure_page(stage, name, ask, rounds)


def _milliseconds(stage: Stage, ask: Callable[[Trail], object]) -> float:
    began = time.perf_counter()
    ask(stage.trail)
    return (time.perf_counter() - began) * 1_000


def list_questions(stage: Stage) -> dict[str, Callable[[Trail], object]]:
    """What each page asks, about identifiers that the demonstration is full of and about those of its incident."""
    leaked = parse_token_ref(make_tokens(stage.demonstration.seed)[0].id)
    event = execute.read_page(stage.trail, Search(text=f"token.id:{leaked.value}"), WHOLE_TRAIL, size=1).hits[0]
    values = {
        "address": "10.30.4.17",
        "service": "secrets",
        "client": "platform-go",
        "organisation": "org_platform",
        "resource": "app_415",
    }
    searches = {f"search: {name}": _search(search) for name, search in SEARCHES.items()}
    entities = {f"{kind} page": _entity(kind, value) for kind, value in values.items()}
    return searches | {
        "token page": lambda trail: ask_token(trail, leaked, WHOLE_TRAIL),
        "lineage page": lambda trail: ask_lineage(trail, leaked, WHOLE_TRAIL),
        "compromise page": lambda trail: ask_compromise(trail, leaked, WHOLE_TRAIL),
        "user page": lambda trail: ask_user(trail, "usr_0001", WHOLE_TRAIL, now=UNTIL),
        **entities,
        "known of an event": lambda trail: ask_event_context(trail, event, WHOLE_TRAIL, now=UNTIL),
    }


def _search(search: Search) -> Callable[[Trail], object]:
    return lambda trail: execute.read_page(trail, search, WHOLE_TRAIL)


def _entity(kind: str, value: str) -> Callable[[Trail], object]:
    of = entity.KINDS[kind]
    return lambda trail: entity.ask_entity(trail, of, entity.search_by(of, value), WHOLE_TRAIL, now=UNTIL)


def _measure_page(stage: Stage, name: str, ask: Callable[[Trail], object], rounds: int) -> Pairs:
    with recorded(stage.trail) as sent:
        ask(stage.trail)
    raw, requests = bare.Raw(stage.url), list(sent)

    def ours() -> None:
        ask(stage.trail)

    def sent_raw() -> None:
        for method, path, body in requests:
            raw.send(method, path, body)

    return measure_pairs(name, AIM, ours=ours, bare=sent_raw, rounds=rounds)


@contextmanager
def recorded(trail: Trail) -> Iterator[list[Sent]]:
    """Every request to the engine from here on, as it goes over the wire."""
    connection: Any = trail.client.transport.get_connection()
    passing, sent = connection.perform_request, []

    def record(method: str, url: str, params: Any = None, body: bytes | None = None, **more: Any) -> Any:
        sent.append((method, f"{url}?{urlencode(params or {})}", body or b""))
        return passing(method, url, params, body, **more)

    connection.perform_request = record
    try:
        yield sent
    finally:
        connection.perform_request = passing
