"""A search within the lifetime of a token: from its first event to its end."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.journal import trail
from accounts.roles import may_search
from investigations import journal
from investigations.access import scope_of
from investigations.forms.search import Asked, read
from investigations.journal import Action
from investigations.views.search import OUTAGES, unanswered
from trail.errors import BadQuery
from trail.lineage import TooLarge, token_ref
from trail.questions.lifetime import lifetime
from web.htmx import render_page


@require_safe
@requires(may_search)
def search_lifetime(request: HttpRequest) -> HttpResponseBase:
    """The same search, its time made the token's; or why not, with what was typed."""
    asked, token = read(request.GET), request.GET.get("token", "").strip()
    try:
        return redirect(_within(request, asked, token))
    except (BadQuery, TooLarge) as error:
        # What looks like a secret is not shown again.
        return _page(request, asked, "" if asked.problem else token, {"problem": str(error)}, 400)
    except OUTAGES as error:
        return _page(request, asked, token, unanswered(error), 503)


def _within(request: HttpRequest, asked: Asked, token: str) -> str:
    if asked.search is None:
        raise asked.problem or BadQuery("This search cannot be understood.", 0)
    if not token:
        raise BadQuery("Give the id or the fingerprint of a token.", 0)
    user = person(request)
    found = lifetime(trail(), token_ref(token), scope_of(user), now=datetime.now(UTC))
    journal.record(Action.QUESTION, by=user, resource=("question", "lifetime"), labels={"token": token})
    return reverse("search") + asked.url(found.of(asked.search))


def _page(request: HttpRequest, asked: Asked, token: str, context: dict[str, str], status: int) -> HttpResponse:
    pairs = [
        (name, value)
        for name, values in (asked.search.to_query() if asked.search else {}).items()
        for value in values
    ]  # fmt: skip
    return render_page(
        request, "investigations/lifetime.html", {"pairs": pairs, "token": token, **context}, status=status
    )
