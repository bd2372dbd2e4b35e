"""Lists where a person was: the identifiers they looked at, and their own last searches."""

from dataclasses import dataclass
from itertools import islice

from django.http import HttpRequest

from accounts.decorators import person
from investigations.home.services import list_recent_searches
from investigations.models import PastSearch
from investigations.presentation.counts import count_events
from investigations.presentation.identifiers import page_address
from investigations.recent_pages import list_recent_pages
from investigations.search_url import search_address
from trail.questions.entity import KINDS
from trail.search.spec import Search

MOST = 8
# Kinds whose outline has a name of its own; the others have that of a search.
ICONS = {
    "token": "k-token",
    "user": "k-user",
    "address": "k-address",
    "origin": "k-address",
    "service": "k-service",
    "resource": "k-resource",
    "organisation": "k-organization",
}


@dataclass(frozen=True, slots=True)
class RecentLink:
    """Where one was: the outline of its kind, what it is called, and what it was found to be."""

    icon: str
    words: str
    url: str
    note: str = ""


def build_recent_links(request: HttpRequest) -> list[RecentLink]:
    """Identifiers first, then searches, the newest of each first, and at most MOST."""
    searches = (_link_search(search) for search in list_recent_searches(person(request)))
    pages = (_link_page(kind, value) for kind, value in list_recent_pages(request))
    links = [link for link in (*islice(pages, MOST - 3), *searches) if link is not None]
    return links[:MOST]


def _link_page(kind: str, value: str) -> RecentLink | None:
    address = (
        page_address("token.id" if kind == "token" else KINDS[kind].field, value) if kind in {"token", *KINDS} else None
    )
    return RecentLink(ICONS.get(kind, "search"), value, address, kind.replace("_", " ")) if address else None


def _link_search(search: PastSearch) -> RecentLink | None:
    address = search_address(Search.from_json(search.search))
    events = f"{'at least ' if search.partial else ''}{count_events(search.total)}"
    return RecentLink("search", search.words, address, events) if address else None
