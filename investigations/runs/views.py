"""Shows runs: starts one, shows how far it is, stops it, shows its results."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import person, requires, signed_in
from accounts.roles import may_investigate
from core.access import recorded_as
from core.errors import Refused
from core.forms import read_number
from core.htmx import is_partial, render_page
from core.posts import requires_post
from investigations import access
from investigations.audit import CaseAction
from investigations.cases.errors import CaseClosed
from investigations.evidence.forms import PinForm
from investigations.models import Case, Run, SavedQueryVersion
from investigations.presentation import cells
from investigations.presentation.problems import describe_fault
from investigations.presentation.search_description import name_search
from investigations.presentation.search_page import build_search_context
from investigations.runs import services as runs
from investigations.search_url import fixed_words, read_search_request
from investigations.working_case import read_chosen_case
from trail.errors import BadQuery
from trail.search.bodies.page import PAGE_SIZE
from trail.search.spec import Search

PARTIALS = {"progress": "progress"}


@require_safe
@requires(may_investigate)
def run_list(request: HttpRequest) -> HttpResponse:
    """The runs that this person may see: their own outside cases, and those of their cases."""
    own = Run.objects.filter(started_by=person(request), case=None)
    of_cases = Run.objects.filter(case__in=Case.objects.visible_to(person(request)))
    visible = (own | of_cases).select_related("case").distinct()[:200]
    return render_page(request, "investigations/runs/list.html", {"runs": visible})


@requires(may_investigate)
@requires_post(instead="run_list")
def run_start(request: HttpRequest) -> HttpResponseBase:
    """Run the search of a page in the background. The fields are those of the search page."""
    search_request, user = read_search_request(request.POST), person(request)
    public_id = search_request.context.get("case")
    case = access.get_writable_case(user, public_id) if public_id else None
    version = SavedQueryVersion.objects.filter(
        query__slug=search_request.context.get("query", ""),
        number=read_number(search_request.context.get("v", "")) or 0,
    ).first()
    try:
        if search_request.search is None:
            raise search_request.problem or BadQuery("There is no search to run.")
        if case is not None and not case.is_open:
            raise BadQuery(CaseClosed().sentence)
        title = request.POST.get("title", "").strip() or (version.query.name if version else "")
        title = title or name_search(search_request.search)
        run = runs.start(search=search_request.search, title=title, by=user, case=case, version=version)
    except BadQuery as error:
        context = (
            build_search_context(request, search_request)
            | {"case": case}
            | describe_fault(error, search_request.typed["q"])
        )
        return render_page(request, "investigations/search/search.html", context, status=400)
    return redirect("run_detail", run.public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.RUN_READ)
def run_detail(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """One run with its results so far; a POST stops it."""
    user = person(request)
    run = access.get_run(user, public_id)
    context: dict[str, Any] = {"run": run, "search": Search.from_json(run.search)}
    if request.method == "POST":
        return _cancel(request, run, context)
    context |= _build_watch(request, run)
    context["exports"] = run.exports.all()[:5]
    # Of a run that is over the page offers the export instead.
    context["may_stop"] = may_investigate(user) if run.is_over else access.may_stop(user, run)
    return render_page(request, "investigations/runs/detail.html", context, PARTIALS)


def _build_watch(request: HttpRequest, run: Run) -> dict[str, Any]:
    """The results for a whole page; for who watches the run, once: with the last look at how far it is."""
    is_polled = is_partial(request)
    rows_before = read_number(request.GET.get("shown", "")) or 0
    context: dict[str, Any] = {"is_last_poll": is_polled and run.is_over, "rows": []}
    if run.chunks and (run.is_over or not is_polled):
        context |= _results_context(request, run)
    number = len(context["rows"])
    # A page that has all of these rows keeps them, with what is ticked there.
    stays = context["is_last_poll"] and 0 < number == rows_before
    polled = {"start": request.GET.get("start", "0"), "shown": str(rows_before if is_polled else number)}
    return context | {"stays": stays, "polled": urlencode(polled)}


def _cancel(request: HttpRequest, run: Run, context: dict[str, Any]) -> HttpResponseBase:
    if not access.may_stop(person(request), run):
        raise PermissionDenied("You may see this run and not stop it.")
    try:
        runs.cancel(run=run, by=person(request))
    except Refused as refused:
        context["sentence"] = refused.sentence
        return render_page(request, "investigations/runs/detail.html", context, PARTIALS, 409)
    return redirect("run_detail", run.public_id)


def _results_context(request: HttpRequest, run: Run) -> dict[str, Any]:
    """One page of what was found so far."""
    start = min(read_number(request.GET.get("start", "")) or 0, max(run.done - 1, 0)) // PAGE_SIZE * PAGE_SIZE
    hits = runs.read_results(run, start=start, size=PAGE_SIZE)
    search = Search.from_json(run.search)
    place = {
        "case": run.case.public_id if run.case else read_chosen_case(request),
        "back": request.get_full_path(),
        "run": run.public_id,
        "search": fixed_words(search, run.created_at),
    }
    return {
        "rows": cells.build_rows(hits, search.columns),
        "columns": search.columns,
        "first_number": start + 1,
        "last_number": start + len(hits),
        "newer_url": f"?start={start - PAGE_SIZE}" if start else None,
        "older_url": f"?start={start + PAGE_SIZE}" if start + PAGE_SIZE < run.done else None,
        "pin": PinForm(user=person(request), initial=place),
        "may_investigate": may_investigate(person(request)),
    }
