"""Every page's questions beside the very bytes they send, sent raw: what asking and understanding add to the engine's work."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from benchmarks import bare
from benchmarks.pairs import Aim, Pairs, measured
from benchmarks.search import SEARCHES
from benchmarks.stage import UNTIL, Stage, answering_anew
from operations.demonstration.incident import tokens
from trail.connection import Trail
from trail.lineage import token_ref
from trail.questions import entity
from trail.questions.compromise import compromise
from trail.questions.known import known
from trail.questions.lineage import lineage
from trail.questions.token import dossier
from trail.questions.user import user
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search

AIM = Aim(at_most=1.15)
MOST = 300  # milliseconds, for the median page
Sent = tuple[str, str, bytes]


@dataclass(frozen=True, slots=True)
class Warm:
    """Milliseconds that each page took once warm; the aim is for the median page."""

    name: str
    took: list[float]

    @property
    def met(self) -> bool:
        return statistics.median(self.took) < MOST


def pages(stage: Stage, *, rounds: int) -> list[Pairs | Warm]:
    """For each page the function it asks ÷ the requests it sent, raw; then how long the median page takes."""
    asked = _questions(stage)
    took = [statistics.median(_milliseconds(stage, ask) for _ in range(rounds)) for ask in asked.values()]
    with answering_anew(stage):
        found = [_page(stage, name, ask, rounds) for name, ask in asked.items()]
    return [*found, Warm("median page, warm", took)]


def _milliseconds(stage: Stage, ask: Callable[[Trail], object]) -> float:
    began = time.perf_counter()
    ask(stage.trail)
    return (time.perf_counter() - began) * 1_000


def _questions(stage: Stage) -> dict[str, Callable[[Trail], object]]:
    """What each page asks, about identifiers that the demonstration is full of and about those of its incident."""
    leaked = token_ref(tokens(stage.demonstration.seed)[0].id)
    event = execute.page(stage.trail, Search(text=f"token.id:{leaked.value}"), WHOLE_TRAIL, size=1).hits[0]
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
        "token page": lambda trail: dossier(trail, leaked, WHOLE_TRAIL),
        "lineage page": lambda trail: lineage(trail, leaked, WHOLE_TRAIL),
        "compromise page": lambda trail: compromise(trail, leaked, WHOLE_TRAIL),
        "user page": lambda trail: user(trail, "usr_0001", WHOLE_TRAIL, now=UNTIL),
        **entities,
        "known of an event": lambda trail: known(trail, event, WHOLE_TRAIL, now=UNTIL),
    }


def _search(search: Search) -> Callable[[Trail], object]:
    return lambda trail: execute.page(trail, search, WHOLE_TRAIL)


def _entity(kind: str, value: str) -> Callable[[Trail], object]:
    of = entity.KINDS[kind]
    return lambda trail: entity.dossier(trail, of, entity.named(of, value), WHOLE_TRAIL, now=UNTIL)


def _page(stage: Stage, name: str, ask: Callable[[Trail], object], rounds: int) -> Pairs:
    with recorded(stage.trail) as sent:
        ask(stage.trail)
    raw, requests = bare.Raw(stage.url), list(sent)

    def ours() -> None:
        ask(stage.trail)

    def sent_raw() -> None:
        for method, path, body in requests:
            raw.send(method, path, body)

    return measured(name, AIM, ours=ours, bare=sent_raw, rounds=rounds)


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
