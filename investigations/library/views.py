"""The library: which queries there are, and filling one in."""

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.roles import may_curate, may_investigate, may_search
from core.htmx import render_page
from investigations.library.forms import ParametersForm
from investigations.models import SavedQuery
from investigations.presentation import pinned_filters
from investigations.search_url import refuse_secrets, search_address
from trail.errors import BadQuery


@require_safe
@requires(may_search)
def query_list(request: HttpRequest) -> HttpResponse:
    """The saved queries that are offered."""
    queries = SavedQuery.objects.offered().prefetch_related("versions__parameters")
    context = {"queries": queries, "may_curate": may_curate(person(request)), "case": request.GET.get("case", "")}
    return render_page(request, "investigations/library/list.html", context)


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
    if filled and _holds_no_secret(request, form) and form.is_valid():
        search = pinned_filters.with_pinned(form.search, request.session)
        worked_in = {"case": case} if (case := request.GET.get("case")) else {}
        if address := search_address(search, query=slug, v=str(version.number), **worked_in):
            return redirect(address)
        form.add_error(None, "Together these values are too long for an address; ask with fewer at a time.")
    context = {
        "query": query,
        "version": version,
        "form": form,
        "case": request.GET.get("case", ""),
        "may_investigate": may_investigate(person(request)),
    }
    return render_page(request, "investigations/library/detail.html", context, status=400 if form.errors else 200)


def _holds_no_secret(request: HttpRequest, form: ParametersForm) -> bool:
    try:
        refuse_secrets(request.GET)
    except BadQuery as error:
        form.add_error(None, error.message)
        return False
    return True
