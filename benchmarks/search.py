"""Measures a search page beside the same bodies sent raw: what asking and reading the answer add."""

import re

from benchmarks import bare
from benchmarks.figures import Aim, Figures, Pairs
from benchmarks.pairs import measure_pairs
from benchmarks.stage import Stage, answering_anew
from trail.search import execute, first_seen_index
from trail.search.spec import WHOLE_TRAIL, Filter, Search

AIM = Aim(at_most=1.15)
SEARCHES = {
    "everything": Search(),
    "one user's tokens": Search(filters=(Filter("user.id", ("usr_0001",)), Filter("token.kind", ("user",)))),
    "refusals of a month": Search(
        text="event.outcome:failure", start="2026-10-01T00:00:00Z", end="2026-11-01T00:00:00Z"
    ),
    "a network, an action": Search(text="source.ip:203.0.113.0/24 AND event.action:token.verify"),
    "a word anywhere": Search(text="zgrab"),
    "oldest first": Search(filters=(Filter("service.name", ("secrets", "edge")),), sort=("@timestamp", "asc")),
}
_TOTAL = re.compile(rb'"total":\{"value":(\d+)')


def measure_search_pages(stage: Stage, *, rounds: int) -> Figures:
    """For each search: `trail.search.execute.read_page` (hits, exact count, histogram, facets, marks) ÷ its bodies sent raw."""
    with answering_anew(stage):
        for name, search in SEARCHES.items():
            yield _measure_page(stage, name, search, rounds)


def _measure_page(stage: Stage, name: str, search: Search, rounds: int) -> Pairs:
    raw = bare.Raw(stage.url)
    requests = execute.build_page(stage.trail, search, WHOLE_TRAIL).values()
    sent = [
        (first_seen_index.choose_index(stage.trail.prefix, body), bare.encoded(first_seen_index.ask_for_places(body)))
        for body in requests
    ]

    def ours() -> int:
        return execute.read_page(stage.trail, search, WHOLE_TRAIL).total

    def sent_raw() -> int:
        total = _TOTAL.search(raw.search_all(sent))
        return int(total[1]) if total else -1

    return measure_pairs(f"search page: {name}", AIM, ours=ours, bare=sent_raw, rounds=rounds)
