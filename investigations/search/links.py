"""Makes short links: a search under a name that can be passed on. Who opens one searches as themselves."""

from datetime import UTC, datetime

from django.db import transaction

from accounts.models import User
from core.records import fit_text
from investigations.access import build_scope
from investigations.audit import CaseAction, record
from investigations.models import ShortLink
from investigations.presentation.search_description import describe_search, digest_of
from investigations.search_url import fix_times
from trail.search.bodies.query import build_query
from trail.search.spec import Search


@transaction.atomic
def make(*, search: Search, fixed: bool, by: User) -> ShortLink:
    """Makes the short link of a search, the same one for whoever makes it, and tells nobody who made it first.

    `fixed` shows what is found now, else it asks anew whenever it is opened.

    Raises BadQuery for what cannot be asked; TrailUnavailable, WriteRefused.
    """
    if fixed:
        search = fix_times(search, datetime.now(UTC))
    build_query(search.resolved(datetime.now(UTC)), build_scope(by))
    attributes = {
        "search": search.to_json(),
        "words": fit_text(describe_search(search), 2_000),
        "fixed": fixed,
        "made_by": by,
        "made_by_name": by.name or by.username,
    }
    link, new = ShortLink.objects.get_or_create(digest=digest_of(search), defaults=attributes)
    if new:
        record(CaseAction.SEARCH_SHARE, by=by, resource=("link", link.public_id), labels={"search": link.words})
    return link
