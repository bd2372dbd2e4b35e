"""Finds the demonstration in the trail and says whether it is whole."""

from core.connection import quick_trail, trail
from operations.demonstration.generator import Demonstration
from trail.search import execute
from trail.search.bodies.page import build_hits
from trail.search.spec import WHOLE_TRAIL, Filter, Search

DEMONSTRATION = Search(filters=(Filter("event.dataset", ("demonstration",)),))


def is_loaded() -> bool:
    """Whether the trail holds demonstration events. Raises TrailUnavailable."""
    body = build_hits(DEMONSTRATION, WHOLE_TRAIL, size=0) | {"track_total_hits": 1}
    return bool(execute.ask(quick_trail(), body)["hits"]["total"]["value"])


def find_demonstration() -> Demonstration | None:
    """The demonstration whose events the trail holds (the one that ends last); None where it holds none."""
    response = execute.ask(trail(), build_hits(DEMONSTRATION, WHOLE_TRAIL, size=1))
    hits = response["hits"]["hits"]
    return Demonstration.of(execute.read_hit(hits[0]).event_id) if hits else None


def is_whole(demonstration: Demonstration) -> bool:
    """Whether the trail holds all of it: one whose loading was stopped may lack the incident. Raises TrailUnavailable."""
    its_events = Search(text=f"event.id:{demonstration.id_of(0).removesuffix('000000000')}*")
    return execute.count(trail(), its_events, WHOLE_TRAIL) >= demonstration.events
