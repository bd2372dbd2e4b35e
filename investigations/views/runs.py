"""Runs: start one, watch it, stop it, read what it found."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import person, requires, signed_in
from accounts.roles import may_investigate
from investigations import access, presentation
from investigations.errors import CaseClosed, Refused
from investigations.forms.cases import PinForm
from investigations.forms.search import read
from investigations.models import Case, Run, SavedQueryVersion
from investigations.services import runs
from investigations.views.search import beside, faulty
from trail.errors import BadQuery
from trail.search.bodies import PAGE_SIZE
from trail.search.spec import Search
from web.htmx import render_page

PARTIALS = {"progress": "progress"}


@require_safe
@requires(may_investigate)
def run_list(request: HttpRequest) -> HttpResponse:
    own = Run.objects.filter(started_by=person(request), case=None)
    of_cases = Run.objects.filter(case__in=Case.objects.visible_to(person(request)))
    found = (own | of_cases).select_related("case").distinct()[:200]
    return render_page(request, "investigations/run_list.html", {"runs": found})


@require_POST
@requires(may_investigate)
def run_start(request: HttpRequest) -> HttpResponseBase:
    """Run the search of a page in the background. The fields are those of the search page."""
    asked, user = read(request.POST), person(request)
    public_id = asked.context.get("case")
    case = access.writable_case_for(user, public_id) if public_id else None
    version = SavedQueryVersion.objects.filter(
        query__slug=asked.context.get("query", ""), number=_number(asked.context.get("v", ""))
    ).first()
    try:
        if asked.search is None:
            raise asked.problem or BadQuery("There is no search to run.")
        if case is not None and not case.is_open:
            raise BadQuery(CaseClosed().sentence)
        title = request.POST.get("title", "").strip() or (version.query.name if version else asked.search.text)
        run = runs.start(search=asked.search, title=title or "All events", by=user, case=case, version=version)
    except BadQuery as error:
        context = {**beside(request, asked), "case": case, **faulty(error, asked.typed["q"])}
        return render_page(request, "investigations/search.html", context, status=400)
    return redirect("run_detail", run.public_id)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else 0


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def run_detail(request: HttpRequest, public_id: str) -> HttpResponseBase:
    user = person(request)
    run = access.run_for(user, public_id)
    context: dict[str, Any] = {"run": run, "search": Search.from_json(run.search)}
    if request.method == "POST":
        return _cancel(request, run, context)
    if run.chunks:
        context |= _results(request, run)
    context["exports"] = run.exports.all()[:5]
    # Of a run that is over the page offers the export instead.
    context["may_stop"] = may_investigate(user) if run.is_over else access.may_stop(user, run)
    return render_page(request, "investigations/run_detail.html", context, PARTIALS)


def _cancel(request: HttpRequest, run: Run, context: dict[str, Any]) -> HttpResponseBase:
    if not access.may_stop(person(request), run):
        raise PermissionDenied("You may see this run and not stop it.")
    try:
        runs.cancel(run=run, by=person(request))
    except Refused as refused:
        context["sentence"] = refused.sentence
        return render_page(request, "investigations/run_detail.html", context, PARTIALS, 409)
    return redirect("run_detail", run.public_id)


def _results(request: HttpRequest, run: Run) -> dict[str, Any]:
    """One page of what was found so far."""
    start = min(_number(request.GET.get("start", "")), max(run.done - 1, 0)) // PAGE_SIZE * PAGE_SIZE
    hits = runs.results(run, start=start, size=PAGE_SIZE)
    columns = Search.from_json(run.search).columns
    return {
        "rows": presentation.rows(hits, columns),
        "columns": columns,
        "first_number": start + 1,
        "last_number": start + len(hits),
        "newer_url": f"?start={start - PAGE_SIZE}" if start else None,
        "older_url": f"?start={start + PAGE_SIZE}" if start + PAGE_SIZE < run.done else None,
        "pin": PinForm(
            user=person(request),
            initial={
                "case": run.case.public_id if run.case else None, "back": request.get_full_path(), "run": run.public_id,
            },
        ),
        "may_investigate": may_investigate(person(request)),
    }  # fmt: skip
