"""What the trail holds of the demonstration."""

from accounts.journal import quick_trail, trail
from operations.demonstration.generate import Demonstration
from trail.search import bodies, execute
from trail.search.spec import WHOLE_TRAIL, Filter, Search

DEMONSTRATION = Search(filters=(Filter("event.dataset", ("demonstration",)),))


def demonstration_loaded() -> bool:
    """Whether the trail holds demonstration events. Raises TrailUnavailable."""
    body = bodies.hits(DEMONSTRATION, WHOLE_TRAIL, size=0) | {"track_total_hits": 1}
    return bool(execute.ask(quick_trail(), body)["hits"]["total"]["value"])


def demonstration_in_the_trail() -> Demonstration | None:
    """The demonstration whose events the trail holds (the one that ends last); None where it holds none."""
    answer = execute.ask(trail(), bodies.hits(DEMONSTRATION, WHOLE_TRAIL, size=1))
    found = answer["hits"]["hits"]
    return Demonstration.of(execute.hit(found[0]).event_id) if found else None


def is_whole(demonstration: Demonstration) -> bool:
    """Whether the trail holds all of it: one whose loading was stopped may lack the incident. Raises TrailUnavailable."""
    its_events = Search(text=f"event.id:{demonstration.id_of(0).removesuffix('000000000')}*")
    return execute.count(trail(), its_events, WHOLE_TRAIL) >= demonstration.events
