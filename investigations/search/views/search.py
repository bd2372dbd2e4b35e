"""The search page."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.roles import may_search
from core.htmx import render_page
from investigations.access import may_write
from investigations.evidence.forms import PinForm
from investigations.models import Case, TablePreference
from investigations.presentation import pinned_filters, table
from investigations.presentation.problems import answer_or_problem
from investigations.presentation.search_page import build_search_context
from investigations.questions import progress
from investigations.search import results, services, table_preferences
from investigations.search.services import NotAtOnce
from investigations.search_url import SearchRequest, fixed_words, read_search_request
from investigations.working_case import read_chosen_case
from trail.search.spec import Search
from trail.times import format_datetime

PARTIALS = {"explore": "explore"}


@require_safe
@requires(may_search)
def search(request: HttpRequest) -> HttpResponseBase:
    """A page of events with what narrows the search; without words of its own it begins with the usual filters."""
    preference = table_preferences.preference_of(person(request))
    search_request = read_search_request(request.GET).with_columns(preference.columns)
    if search_request.search and pinned_filters.begins_search(request.GET):
        begun = pinned_filters.begin(search_request.search, request.session)
        if pinned_filters.pinned_in(request.session):
            return redirect(search_request.page_url(begun))
        search_request = search_request.with_search(begun)
    context = build_search_context(request, search_request)
    answer, status = answer_or_problem(
        lambda: _answer(request, search_request, context["case"], preference), text=search_request.typed["q"]
    )
    return render_page(request, "investigations/search/search.html", context | answer, PARTIALS, status)


def _answer(
    request: HttpRequest, search_request: SearchRequest, case: Case | None, preference: TablePreference
) -> dict[str, Any]:
    """The answer's context; the address that asks with progress where the answer does not come at once."""
    user, search = person(request), search_request.expect_search()
    now = table.time_of_search(search)
    try:
        answer = services.answer_page(
            search_request,
            now=now,
            by=user,
            case=case,
            key=request.headers.get(progress.KEY_HEADER, ""),
            at_once=_is_first_request(request),
        )
    except NotAtOnce:
        return {"going_on": f"?{request.GET.urlencode()}"}
    until = search.ingested_until or format_datetime(now)
    return (
        results.build_results(answer.page, search_request, now)
        | table.build_pages(answer.page, search_request, until, answer.rows)
        | table.build_table(search_request, preference, user, until)
        | _build_pin(request, case, search, now)
    )


def _build_pin(request: HttpRequest, case: Case | None, search: Search, now: datetime) -> dict[str, Any]:
    """The form that pins, and the case that it pins to without being told."""
    return {
        "pin": _pin_form(request, search, now),
        "pin_case": case if case and may_write(person(request), case) else None,
    }


def _pin_form(request: HttpRequest, search: Search, now: datetime) -> PinForm:
    """The form that pins events of this search, which the evidence then names by its absolute times."""
    initial = {
        "case": read_chosen_case(request),
        "back": request.get_full_path(),
        "search": fixed_words(search, now),
    }
    return PinForm(user=person(request), initial=initial)


def _is_first_request(request: HttpRequest) -> bool:
    """Whether nobody could yet see that a search is under way, nor end it: a browser shows nothing before the answer."""
    return not request.htmx and "wait" not in request.GET  # type: ignore[attr-defined]
