"""A search page beside the same bodies sent raw: what putting the question and reading the answer add."""

import re

from benchmarks import bare
from benchmarks.pairs import Aim, Pairs, measured
from benchmarks.stage import Stage, answering_anew
from trail.search import execute, firsts
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


def pages(stage: Stage, *, rounds: int) -> list[Pairs]:
    """For each search: `trail.search.execute.page` (hits, exact count, histogram, facets, marks) ÷ its bodies sent raw."""
    with answering_anew(stage):
        return [_page(stage, name, search, rounds) for name, search in SEARCHES.items()]


def _page(stage: Stage, name: str, search: Search, rounds: int) -> Pairs:
    raw = bare.Raw(stage.url)
    asked = execute.page_bodies(stage.trail, search, WHOLE_TRAIL)
    sent = [(firsts.where(stage.trail.prefix, body), bare.encoded(firsts.sent(body))) for body in asked]

    def ours() -> int:
        return execute.page(stage.trail, search, WHOLE_TRAIL).total

    def sent_raw() -> int:
        found = _TOTAL.search(raw.search_all(sent))
        return int(found[1]) if found else -1

    return measured(f"search page: {name}", AIM, ours=ours, bare=sent_raw, rounds=rounds)
