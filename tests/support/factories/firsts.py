"""Firsts as anybody can compute them who has all events at hand, and the same as the trail keeps them."""

import ipaddress
from collections.abc import Iterable
from typing import Any

from trail.connection import Trail
from trail.documents import get
from trail.first_seen import keeper
from trail.search import execute
from trail.search.bodies.first_seen import build_kinds_on_page, read_kinds_by_event
from trail.search.spec import WHOLE_TRAIL, Search

PAIRS = {
    "user_address": ("user.id", "source.ip"),
    "token_address": ("token.id", "source.ip"),
    "user_client": ("user.id", "user_agent.name", "user_agent.original"),
    "token_service": ("token.id", "service.name"),
}


def by_hand(documents: Iterable[dict[str, Any]]) -> dict[str, set[str]]:
    """Of which kinds each event is the first, by going through all of them in the order of their own time."""
    seen: set[tuple[str, ...]] = set()
    found: dict[str, set[str]] = {}
    for document in sorted(documents, key=_place):
        for kind, (left, *right) in PAIRS.items():
            one, other = get(document, left), next((value for name in right if (value := get(document, name))), None)
            if one and other and document["event"]["dataset"] != "console":
                pair = (kind, one, str(ipaddress.ip_address(other)) if "source.ip" in right else other)
                if pair not in seen:
                    seen.add(pair)
                    found.setdefault(document["event"]["id"], set()).add(kind)
    return found


def _place(document: dict[str, Any]) -> tuple[str, str]:
    time, _, rest = document["@timestamp"].removesuffix("Z").partition(".")
    return f"{time}.{rest:0<9}", document["event"]["id"]


def keep(trail: Trail) -> None:
    """Take in everything that has arrived, so that it can be found."""
    while keeper.run_step(trail).waits:
        pass
    trail.client.indices.refresh(index=f"{trail.prefix}-firsts")


def kept(trail: Trail) -> dict[str, set[str]]:
    """Of which kinds each event is the first, as the trail keeps it."""
    answer = execute.ask(trail, build_kinds_on_page(Search(), WHOLE_TRAIL, size=1_000))
    return {event_id: set(kinds) for event_id, kinds in read_kinds_by_event(answer).items()}
