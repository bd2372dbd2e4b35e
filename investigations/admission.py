"""Admits a question to the engine: so many of a person at once, and so few costly ones that cheap ones go on beside them."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.conf import settings

from core.audit import Actor
from core.concurrency import count_others, hold_place, note_active
from core.errors import Busy
from trail.connection import limit_shards
from trail.search.language import cost as costs
from trail.search.spec import Search

# From here on, in units of trail.search.language.cost, a question works the engine so long that others would notice.
COSTLY = 50
INDICATORS_A_UNIT = 10
# Seconds that a question waits for others of the same person; for a costly one there is more patience, since it is slow anyway.
SHORT_WAIT, LONG_WAIT = 1.0, 20.0
# While others ask, a person's costly questions have a third of the time: after each there is a rest twice as long, and of so many
# seconds at most.
REST, MOST_REST = 2.0, 10.0
_ASKING = "asking"
_OWN = "You have {} searches under way, as many as one may have at once. Wait until one has ended or end it, then try again."
_COSTLY = (
    "Others search for what costs the engine much, as you do. Try again soon, narrow it, or run it in the background."
)
_OWN_LIST = "You have a list under way already. Wait until it is answered or end it, then send this one again."
_LISTS = "Others have lists under way. Send this one again in a moment."
_OWN_REPORT = "You have a report under way already. Wait until it is there, then ask for this one again."
_REPORTS = "Others have reports made just now. Ask for this one again in a moment."
_WAITING = "Too many costly searches wait already. Try again in a moment, narrow it, or run it in the background."


class TurnNotCome(Busy):
    """A costly question waited for others until its time was over."""


@contextmanager
def admit_question(by: Actor, *, cost: int = 0, wait: float = LONG_WAIT) -> Iterator[None]:
    """Hold the places that a question needs while it is asked; a costly one waits at most `wait` seconds. Raises Busy."""
    most = settings.ASK_UNDER_WAY
    note_active(_ASKING, by.username)
    with ExitStack() as places:
        places.enter_context(
            hold_place(f"person:{by.username}", most, refusal=Busy(_OWN.format(most)), wait=SHORT_WAIT)
        )
        if cost >= COSTLY:
            _wait_for_engine(places, by, wait)
            places.enter_context(limit_shards(settings.SHARDS_AT_ONCE))
        yield


@contextmanager
def admit_list(by: Actor) -> Iterator[None]:
    """Hold the place that a list of indicators needs before it is even read, for reading a long one is work. Raises Busy."""
    with (
        hold_place(f"list:{by.username}", 1, refusal=Busy(_OWN_LIST), wait=SHORT_WAIT),
        hold_place("lists", settings.COSTLY_UNDER_WAY, refusal=Busy(_LISTS), wait=SHORT_WAIT),
    ):
        yield


@contextmanager
def admit_report(by: Actor) -> Iterator[None]:
    """Hold the place that a report needs while it is made, for it takes a processor as long. Raises Busy."""
    with (
        hold_place(f"report:{by.username}", 1, refusal=Busy(_OWN_REPORT), wait=LONG_WAIT),
        hold_place("reports", settings.COSTLY_UNDER_WAY, refusal=Busy(_REPORTS), wait=LONG_WAIT),
    ):
        yield


def _wait_for_engine(places: ExitStack, by: Actor, wait: float) -> None:
    """One costly question of a person at a time, and few of all; those that wait hold threads, so they are bounded too."""
    until = time.monotonic() + wait
    turn, own = TurnNotCome(_COSTLY), f"costly:{by.username}"
    with hold_place("waiting", settings.COSTLY_WAITING, refusal=Busy(_WAITING)):
        places.enter_context(hold_place(own, 1, refusal=turn, wait=wait, rest=lambda seconds: _rest(by, seconds)))
        left = until - time.monotonic()
        places.enter_context(hold_place("costly", settings.COSTLY_UNDER_WAY, refusal=turn, wait=left))


def _rest(by: Actor, seconds: float) -> float:
    """How long a person's next costly question waits after one of so many seconds: not at all while nobody else asks."""
    return min(seconds * REST, MOST_REST) if count_others(_ASKING, by.username) else 0.0


def estimate_search(search: Search) -> int:
    """What a search costs; nothing for one that is refused when it is asked. Raises nothing."""
    return costs.estimate_cost(search.text, search.filters, dict(search.parameters))


def estimate_indicators(count: int) -> int:
    """What a list of so many indicators costs."""
    return count // INDICATORS_A_UNIT
