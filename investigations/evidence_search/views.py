"""Narrows a case's timeline as the search page narrows a search: the editor of filters, what completes a query, facets."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseLocation

from accounts.decorators import person, signed_in
from core.access import recorded_as
from core.forms import read_number
from core.htmx import is_partial, render_page
from investigations import access
from investigations.admission import admit_question
from investigations.audit import CaseAction
from investigations.evidence_search.facets import count_facets
from investigations.evidence_search.forms import build_form
from investigations.evidence_search.values import build_source, list_present_fields
from investigations.models import Case
from investigations.presentation.problems import answer_or_problem
from investigations.search import completion
from investigations.search.forms import FilterForm, list_fields
from investigations.search_url import fits_address, refuse_secrets
from investigations.timeline.evidence_filter import EvidenceFilter, narrow_evidence, read_evidence_filter
from investigations.timeline.manual_rows import list_milestones
from trail.errors import BadQuery
from trail.search.spec import Filter, Search

EDITOR = {"filter-panel": "panel"}
FACETS = {"case-facets": "facets"}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.CASE_READ)
def evidence_filter(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """A filter of a timeline made, or one that is there changed; what else the timeline is narrowed by goes along."""
    case = access.get_case(person(request), public_id)
    parameters = request.POST if request.method == "POST" else request.GET
    chosen, old = read_evidence_filter(parameters), _parse_filter(parameters.get("edit", ""))
    is_sent = request.method == "POST"
    form = build_form(request.POST if is_sent else None, old, parameters.get("field", ""))
    if is_sent and form.is_valid() and (address := _apply(case, chosen, parameters.get("edit", ""), form)):
        return _go_to(request, address)
    context: dict[str, Any] = {
        "form": form,
        "old": old,
        "action": request.path,
        "carried": chosen.words,
        "offered": _order_fields(case),
        "back": _write_address(case, chosen),
    }
    return render_page(request, "investigations/search/filter.html", context, EDITOR, 400 if form.errors else 200)


def _apply(case: Case, chosen: EvidenceFilter, old: str, form: FilterForm) -> str | None:
    """The address of the timeline with the filter; None where it would be too long, which the form then says."""
    address = _write_address(case, chosen.with_filter(old, form.chip))
    if fits_address(address):
        return address
    form.add_error("values", "Together these values are too long for an address; use fewer.")
    return None


def _go_to(request: HttpRequest, address: str) -> HttpResponseBase:
    if is_partial(request):
        return HttpResponseLocation(address, target="#timeline", swap="outerHTML")
    return redirect(address)


def _write_address(case: Case, chosen: EvidenceFilter) -> str:
    return f"{reverse('case_detail', args=[case.public_id])}?{urlencode(chosen.words)}"


def _parse_filter(text: str) -> Filter | None:
    try:
        return Filter.parse(text) if text else None
    except BadQuery:
        return None


def _order_fields(case: Case) -> list[tuple[str, str]]:
    """The fields to choose from, those that the case's events have first."""
    present = list_present_fields(case)
    return sorted(list_fields(), key=lambda field: field[0] not in present)


@require_safe
@signed_in
@recorded_as(CaseAction.CASE_READ)
def evidence_complete(request: HttpRequest, public_id: str) -> HttpResponse:
    """A list for the caret at `at` of the text `q`: fields, and values that the evidence of the case has."""
    case = access.get_case(person(request), public_id)
    text, at = request.GET.get("q", ""), request.GET.get("at", "")
    template = "investigations/search/_completions.html"
    try:
        refuse_secrets(request.GET)
    except BadQuery as error:
        return render_page(request, template, {"note": error.message}, status=400)
    place = read_number(at, most=len(text))
    completions = completion.complete(
        by=person(request),
        text=text,
        at=len(text) if place is None else place,
        search=Search(),
        source=build_source(case),
    )
    return render_page(request, template, {"completion": completions, "note": completions.note})


@require_safe
@signed_in
@recorded_as(CaseAction.CASE_READ)
def evidence_facets(request: HttpRequest, public_id: str) -> HttpResponse:
    """The commonest values of the events that a timeline shows, each a way to narrow it."""
    user = person(request)
    case = access.get_case(user, public_id)
    chosen = read_evidence_filter(request.GET)

    def read() -> dict[str, Any]:
        narrowed = narrow_evidence(case, chosen, user, list_milestones(case))
        address = reverse("case_detail", args=[case.public_id])
        with admit_question(user):
            return {"facets": count_facets(narrowed.facts, chosen, address), "narrowed": narrowed}

    shown, status = answer_or_problem(read, text=chosen.text)
    context = {"case": case, "chosen": chosen, "back": _write_address(case, chosen), **shown}
    return render_page(request, "investigations/evidence_search/facets.html", context, FACETS, status)
