"""Searches that were made, and links to them, the way people make them: through the services, on the real trail."""

from accounts.models import User
from investigations.detections import services as detections
from investigations.models import Detection, Finding, PastSearch, ShortLink
from investigations.search import history, links
from trail.questions.new_events import Arrived
from trail.search.execute import Page
from trail.search.spec import Search


def past(by: User, text: str = "user.id:mallory", *, total: int = 3, missing: str = "") -> PastSearch:
    page = Page(hits=[], total=total, bars=[], facets={}, first=None, last=None, missing=missing)
    history.keep(search=Search(text=text), page=page, took=12, by=by)
    return PastSearch.objects.filter(owner=by).first() or PastSearch()


def link(by: User, text: str = "user.id:mallory", *, fixed: bool = False) -> ShortLink:
    return links.make(search=Search(text=text), fixed=fixed, by=by)


def detection(by: User, text: str = "event.outcome:failure", *, name: str = "Failures", minutes: int = 5) -> Detection:
    return detections.make(name=name, search=Search(text=text), minutes=minutes, severity="high", by=by)


def finding(by: User, *events: tuple[str, str], count: int = 1) -> Finding:
    """What a look has found, with nothing of it to be seen unless events are named by index and id."""
    made = detection(by)
    arrived = Arrived(place=made.place, count=count, events=list(events), taken=(0.0, 0.0))
    found = detections._move_on(made, Search.from_json(made.search), arrived, until=made.looked_until)
    assert found is not None
    return found
