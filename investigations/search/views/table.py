"""The table of events beyond its first page: further rows, how many events are newer, and how a person likes the table."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import person, requires
from accounts.models import User
from accounts.roles import may_investigate, may_search
from core.access import not_recorded
from core.htmx import is_partial, render_page
from investigations.models import Case
from investigations.presentation import table
from investigations.presentation.search_page import choose_case
from investigations.search import further_rows, table_preferences
from investigations.search.forms import TableForm
from investigations.search_url import SearchRequest, read_search_request
from trail.errors import BadQuery, PointEnded


@require_safe
@requires(may_search)
def search_rows(request: HttpRequest) -> HttpResponseBase:
    """The rows after those that are shown. By itself the address leads to the page that begins with them."""
    if not is_partial(request):
        return redirect(f"{reverse('search')}?{request.GET.urlencode()}")
    user = person(request)
    search_request = read_search_request(request.GET).with_columns(table_preferences.preference_of(user).columns)
    context: dict[str, Any] = {"may_investigate": may_investigate(user)}
    status = 200
    try:
        context |= _build_rows(search_request, user, choose_case(request, search_request), request.GET.get("point", ""))
    except PointEnded as ended:
        context |= {"ended": ended, "going_on": _without_point(request), "anew_url": _anew_url(search_request)}
        status = 409
    except BadQuery as error:
        context |= {"problem": error, "anew_url": _anew_url(search_request)}
        status = 400
    return render_page(request, "investigations/search/_rows.html", context, status=status)


def _build_rows(search_request: SearchRequest, user: User, case: Case | None, point_name: str) -> dict[str, Any]:
    further = further_rows.find_rows(search_request, by=user, case=case, point_name=point_name)
    further_pages = None
    if not further.is_last:
        further_pages = table.build_further_pages(further.hits, search_request, further.until, further.point_name)
    return {
        "blocks": table.build_blocks(further.hits, search_request, further.rows),
        "span": table.count_cells(search_request.expect_search()),
        "further_pages": further_pages,
        "shown": search_request.start + len(further.hits),
    }


def _without_point(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("point", None)
    return f"{request.path}?{query.urlencode()}"


def _anew_url(search_request: SearchRequest) -> str:
    search = search_request.search
    return search_request.url(table.without_arrival_limit(search)) if search else reverse("search")


@require_safe
@requires(may_search)
@not_recorded(because="it repeats a search that is on record")
def search_newer(request: HttpRequest) -> HttpResponse:
    """How many events have arrived since a search was shown. It repeats what is on record, and answers for nothing else."""
    user, search = person(request), read_search_request(request.GET).search
    if search is None or search.ingested_until is None or not table.was_made(search, user, request.GET.get("made", "")):
        return HttpResponseBadRequest("This search was not made here.", content_type="text/plain")
    return JsonResponse({"newer": further_rows.count_newer(search, by=user, since=search.ingested_until)})


@require_POST
@requires(may_search)
def table_remember(request: HttpRequest) -> HttpResponseBase:
    """Remember how this person likes the table; a browser without a script goes back to the search."""
    user, form = person(request), TableForm(request.POST)
    if not form.is_valid():
        sentence = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return HttpResponseBadRequest(sentence, content_type="text/plain")
    if request.POST.get("forget"):
        table_preferences.forget(user=user)
    elif changes := form.changes():
        table_preferences.remember(user=user, changes=changes)
    if is_partial(request):
        return HttpResponse(status=204)
    return redirect(_search_address(request))


def _search_address(request: HttpRequest) -> str:
    """The search that the form carried along, with the columns that were chosen."""
    search_request = read_search_request(request.POST)
    if (search := search_request.search) is None:
        return reverse("search")
    return search_request.page_url(table.with_default_columns(search) if request.POST.get("forget") else search)
