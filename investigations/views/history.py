"""One's own searches: the list, the last ten beside the query, taking one out."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import person, requires
from accounts.roles import may_search
from investigations import using
from investigations.models import PastSearch
from investigations.services import history
from trail.search.spec import Search
from web.htmx import render_page

RECENT, A_PAGE = 10, 100
PARTIALS = {"recent": "recent"}


@require_safe
@requires(may_search)
def search_history(request: HttpRequest) -> HttpResponse:
    """All that is kept of one's searches, a hundred a page, or those whose words hold some text."""
    text, start = request.GET.get("q", "").strip(), _number(request.GET.get("start", ""))
    size = RECENT if request.headers.get("HX-Target") in PARTIALS else A_PAGE
    kept = PastSearch.objects.filter(owner=person(request)).select_related("case")
    found = kept.filter(words__icontains=text) if text else kept
    shown = list(found[start : start + size + 1])
    context = {
        "rows": [(one, _address(one)) for one in shown[:size]], "text": text, "most": history.MOST,
        "older": start + size if len(shown) > size else None,
    }  # fmt: skip
    return render_page(request, "investigations/search_history.html", context, PARTIALS)


def _address(one: PastSearch) -> str:
    context = {"case": one.case.public_id} if one.case else {}
    return using.address_of(Search.from_json(one.search), **context) or ""


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 0


@require_POST
@requires(may_search)
def search_forget(request: HttpRequest, public_id: str) -> HttpResponseBase:
    if not history.forget(by=person(request), public_id=public_id):
        raise Http404("There is no such search in your history.")
    messages.success(request, "Taken out of your history. The trail keeps its record of the search for ever.")
    return redirect("search_history")
