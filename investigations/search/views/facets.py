"""The facets that a search page does not ask for by itself: opened beside it, or a page of their own."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.models import User
from accounts.roles import may_search
from core.connection import trail
from core.htmx import render_page
from investigations.access import build_scope
from investigations.presentation import sidebar, table
from investigations.presentation.problems import answer_or_problem
from investigations.questions import services as questions
from investigations.search_url import SearchRequest, read_search_request
from trail.questions.further_facets import ask_further_facets

PARTIALS = {"further-facets": "facets"}


@require_safe
@requires(may_search)
def search_facets(request: HttpRequest) -> HttpResponse:
    """The commonest values of the fields that a search is narrowed by less often."""
    search_request = read_search_request(request.GET)
    answer, status = answer_or_problem(lambda: _answer(search_request, person(request)))
    return render_page(request, "investigations/search/facets.html", answer, PARTIALS, status)


def _answer(search_request: SearchRequest, user: User) -> dict[str, Any]:
    search = search_request.expect_search()
    further = questions.ask(
        lambda: ask_further_facets(trail(), search.resolved(datetime.now(UTC)), build_scope(user)),
        by=user,
        entry=questions.search_entry(search),
    )
    address = search_request.page_url(search)
    return {
        "facets": sidebar.build_facets(further.facets, further.total, search, search_request.page_url),
        "carried": table.list_carried_fields(search_request),
        "query_with": f"?{address.partition('?')[2]}&",
        "back": address,
    }
