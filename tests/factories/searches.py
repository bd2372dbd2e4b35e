"""Searches that were made, and links to them, the way people make them: through the services, on the real trail."""

from accounts.models import User
from investigations.models import PastSearch, ShortLink
from investigations.services import history, links
from trail.search.execute import Page
from trail.search.spec import Search


def past(by: User, text: str = "user.id:mallory", *, total: int = 3, missing: str = "") -> PastSearch:
    page = Page(hits=[], total=total, bars=[], facets={}, first=None, last=None, missing=missing)
    history.keep(search=Search(text=text), page=page, took=12, by=by)
    return PastSearch.objects.filter(owner=by).first() or PastSearch()


def link(by: User, text: str = "user.id:mallory", *, fixed: bool = False) -> ShortLink:
    return links.make(search=Search(text=text), fixed=fixed, by=by)
