"""Builds what a search page shows beside its answer, whether the search is understood or not."""

from typing import Any

from django.http import HttpRequest

from accounts.decorators import person
from accounts.roles import may_curate, may_investigate
from investigations.access import find_case
from investigations.models import Case
from investigations.presentation import pinned_filters, sidebar
from investigations.search_url import SearchRequest
from investigations.working_case import read_working_case


def build_search_context(request: HttpRequest, search_request: SearchRequest) -> dict[str, Any]:
    """The query bar's fields, the filters, what is pinned elsewhere, and the case that is worked in."""
    user = person(request)
    context: dict[str, Any] = {
        "search_request": search_request,
        "case": choose_case(request, search_request),
        "may_investigate": may_investigate(user),
        "may_curate": may_curate(user),
    }
    if (search := search_request.search) is not None:
        pinned = pinned_filters.pinned_in(request.session)
        context["chips"] = sidebar.build_chips(search, search_request.url, pinned)
        context["absent_pins"] = sidebar.build_absent_pins(pinned_filters.absent_from(search, request.session))
    return context


def choose_case(request: HttpRequest, search_request: SearchRequest) -> Case | None:
    """The case that the address names, if this person may see it, else the one that is worked in."""
    if public_id := search_request.context.get("case", ""):
        return find_case(person(request), public_id)
    return read_working_case(request)
