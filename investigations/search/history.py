"""Keeps a person's own searches, the newest first. The audit log's record of them is another thing, and stays."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from core.records import fit_text
from investigations.models import Case, PastSearch
from investigations.presentation.search_description import describe_search, digest_of
from trail.search.execute import Page
from trail.search.spec import Search

MOST = 1_000  # searches of one person; the oldest go


def keep(*, search: Search, page: Page, took: int, by: User, case: Case | None = None) -> None:
    """Puts a search at the top of its person's history; `took` is in milliseconds."""
    answer = {
        "asked_at": timezone.now(),
        "total": page.total,
        "partial": bool(page.missing),
        "took": took,
        "case": case,
    }
    digest = digest_of(search)
    if PastSearch.objects.filter(owner=by, digest=digest).update(**answer, times=F("times") + 1):
        return
    with transaction.atomic():
        words = fit_text(describe_search(search), 2_000)
        # Of two pages that ask the same at once, one makes the line.
        PastSearch.objects.get_or_create(
            owner=by, digest=digest, defaults={"search": search.to_json(), "words": words, **answer}
        )
        too_old = PastSearch.objects.filter(owner=by).order_by("-asked_at", "-pk").values_list("pk", flat=True)[MOST:]
        PastSearch.objects.filter(pk__in=list(too_old[:100])).delete()


def forget(*, by: User, public_id: str) -> bool:
    """Takes one out of a person's own history and says whether it was there."""
    return PastSearch.objects.filter(owner=by, public_id=public_id).delete()[0] > 0
