"""A person's own searches: the list, the last ten beside the query, taking one out."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import person, requires
from accounts.models import User
from accounts.roles import may_search
from core.forms import read_number
from core.htmx import render_page
from investigations.models import Case, PastSearch
from investigations.search import history
from investigations.search_url import search_address
from trail.search.spec import Search

RECENT, A_PAGE = 10, 100
PARTIALS = {"recent": "recent"}


@require_safe
@requires(may_search)
def search_history(request: HttpRequest) -> HttpResponse:
    """All that is kept of a person's searches, a hundred a page, or those whose words hold some text."""
    text, start = request.GET.get("q", "").strip(), read_number(request.GET.get("start", ""), most=history.MOST) or 0
    size = RECENT if request.headers.get("HX-Target") in PARTIALS else A_PAGE
    searches = PastSearch.objects.filter(owner=person(request)).select_related("case")
    if text:
        searches = searches.filter(words__icontains=text)
    page = list(searches[start : start + size + 1])
    _leave_out_hidden_cases(page, person(request))
    context = {
        "rows": [(search, _address_of(search)) for search in page[:size]],
        "text": text,
        "most": history.MOST,
        "older": start + size if len(page) > size else None,
    }
    return render_page(request, "investigations/search/history.html", context, PARTIALS)


def _leave_out_hidden_cases(searches: list[PastSearch], user: User) -> None:
    """The case in which something was searched is named to those alone who may see it now."""
    visible = (
        set(Case.objects.visible_to(user).values_list("pk", flat=True)) if any(s.case_id for s in searches) else set()
    )
    for search in searches:
        if search.case_id not in visible:
            search.case = None


def _address_of(past: PastSearch) -> str:
    context = {"case": past.case.public_id} if past.case else {}
    return search_address(Search.from_json(past.search), **context) or ""


@require_POST
@requires(may_search)
def search_forget(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Takes a search out of the person's history."""
    if not history.forget(by=person(request), public_id=public_id):
        raise Http404("There is no such search in your history.")
    messages.success(request, "Taken out of your history. The trail keeps its record of the search for ever.")
    return redirect("search_history")
