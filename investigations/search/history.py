"""A person's own searches, the newest first. The trail's record of them is another thing, and stays."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from accounts.records import fitting
from investigations.models import Case, PastSearch
from investigations.wording import digest_of, in_words
from trail.search.execute import Page
from trail.search.spec import Search

MOST = 1_000  # searches of one person; the oldest go


def keep(*, search: Search, page: Page, took: int, by: User, case: Case | None = None) -> None:
    """Put a search at the top of its person's history."""
    answered = {
        "asked_at": timezone.now(), "total": page.total, "partial": bool(page.missing), "took": took, "case": case,
    }  # fmt: skip
    digest = digest_of(search)
    known = PastSearch.objects.filter(owner=by, digest=digest)
    if known.update(**answered, times=F("times") + 1):
        return
    with transaction.atomic():
        words = fitting(in_words(search), 2_000)
        # Of two pages that ask the same at once, one makes the line.
        PastSearch.objects.get_or_create(
            owner=by, digest=digest, defaults={"search": search.to_json(), "words": words, **answered}
        )
        too_old = PastSearch.objects.filter(owner=by).order_by("-asked_at", "-pk").values_list("pk", flat=True)[MOST:]
        PastSearch.objects.filter(pk__in=list(too_old[:100])).delete()


def forget(*, by: User, public_id: str) -> bool:
    """Take one out of a person's own history; whether it was there."""
    return PastSearch.objects.filter(owner=by, public_id=public_id).delete()[0] > 0
