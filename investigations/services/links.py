"""Short links: a search under a name that can be passed on. Who opens one searches as themselves."""

from dataclasses import replace
from datetime import UTC, datetime

from django.db import transaction

from accounts.models import User
from accounts.records import fitting
from investigations.access import scope_of
from investigations.journal import Action, record
from investigations.models import ShortLink
from investigations.wording import digest_of, in_words
from trail.moments import text_of
from trail.search import bodies
from trail.search.spec import Search


@transaction.atomic
def make(*, search: Search, fixed: bool, by: User) -> ShortLink:
    """The short link of a search; `fixed` to this moment, or asking anew whenever it is opened.

    Raises BadQuery for what cannot be asked; TrailUnavailable, WriteRefused.
    """
    if fixed:
        search = fixed_to(search, datetime.now(UTC))
    bodies.query(search.resolved(datetime.now(UTC)), scope_of(by))
    link, new = ShortLink.objects.get_or_create(
        digest=digest_of(search),
        defaults={"search": search.to_json(), "words": fitting(in_words(search), 2_000), "fixed": fixed,
                  "made_by": by, "made_by_name": by.name or by.username},
    )  # fmt: skip
    if new:
        record(Action.SEARCH_SHARE, by=by, resource=("link", link.public_id), labels={"search": link.words})
    return link


def fixed_to(search: Search, now: datetime) -> Search:
    """The same search with its times fixed, and bound to what has arrived: it finds the same whenever it is asked."""
    fixed = search.resolved(now)
    return replace(fixed, ingested_until=fixed.ingested_until or text_of(now))
