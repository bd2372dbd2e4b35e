"""A search within the lifetime of a token: from its first event to its end."""

from datetime import UTC, datetime

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.models import User
from accounts.roles import may_search
from core import outages
from core.connection import trail
from core.htmx import render_page
from investigations.access import build_scope
from investigations.questions import services as questions
from investigations.search_url import SearchRequest, form_fields, read_search_request
from trail.errors import BadQuery
from trail.questions.lifetime import ask_lifetime
from trail.search.lineage import TooLarge, parse_token_ref


@require_safe
@requires(may_search)
def search_lifetime(request: HttpRequest) -> HttpResponseBase:
    """The same search, its range of time made the token's; or why not, with what was typed."""
    search_request, token = read_search_request(request.GET), request.GET.get("token", "").strip()
    try:
        return redirect(_find_address(search_request, token, person(request)))
    except (BadQuery, TooLarge) as error:
        # What looks like a secret is not shown again.
        typed, problem, status = "" if search_request.problem else token, str(error), 400
    except outages.OUTAGES as error:
        typed, problem, status = token, outages.report(error), 503
    pairs = form_fields(search_request.search) if search_request.search else []
    context = {"pairs": pairs, "token": typed, "problem": problem, "is_outage": status == 503}
    return render_page(request, "investigations/search/lifetime.html", context, status=status)


def _find_address(search_request: SearchRequest, token: str, user: User) -> str:
    search = search_request.expect_search()
    if not token:
        raise BadQuery("Give the id or the fingerprint of a token.", 0)
    life = questions.ask(
        lambda: ask_lifetime(trail(), parse_token_ref(token), build_scope(user), now=datetime.now(UTC)),
        by=user,
        entry=questions.question_entry("lifetime", token=token),
    )
    return search_request.page_url(life.of(search))
