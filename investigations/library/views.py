"""The library: which queries there are, and filling one in."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.roles import may_curate, may_investigate, may_search
from investigations import pins
from investigations.forms.library import ParametersForm
from investigations.forms.search import refuse_secrets
from investigations.models import SavedQuery
from trail.errors import BadQuery
from web.htmx import render_page

# Web servers take a first line of 8 KB; what they refuse they refuse without a sentence.
MAX_ADDRESS = 8_000


@require_safe
@requires(may_search)
def query_list(request: HttpRequest) -> HttpResponse:
    queries = SavedQuery.objects.offered().prefetch_related("versions__parameters")
    context = {"queries": queries, "may_curate": may_curate(person(request)), "case": request.GET.get("case", "")}
    return render_page(request, "investigations/query_list.html", context)


@require_safe
@requires(may_search)
def query_detail(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The form is a GET: a query that is filled in is an address. It leads to the search page, which shows the answer."""
    query = SavedQuery.objects.filter(slug=slug).prefetch_related("versions__parameters").first()
    version = query.current if query else None
    if query is None or version is None:
        raise Http404("There is no such query.")
    filled = "run" in request.GET
    form = ParametersForm(request.GET if filled else None, version=version)
    if filled and _without_secrets(request, form) and form.is_valid():
        search = pins.added(form.search, request.session)
        wanted: dict[str, Any] = {**search.to_query(), "query": slug, "v": version.number}
        if case := request.GET.get("case", ""):
            wanted["case"] = case
        address = f"/?{urlencode(wanted, doseq=True)}"
        if len(address) <= MAX_ADDRESS:
            return redirect(address)
        form.add_error(None, "Together these values are too long for an address; ask with fewer at a time.")
    context = {
        "query": query, "version": version, "form": form, "case": request.GET.get("case", ""),
        "may_investigate": may_investigate(person(request)),
    }  # fmt: skip
    return render_page(request, "investigations/query_detail.html", context, status=400 if form.errors else 200)


def _without_secrets(request: HttpRequest, form: ParametersForm) -> bool:
    try:
        refuse_secrets(request.GET)
    except BadQuery as error:
        form.add_error(None, error.message)
        return False
    return True
