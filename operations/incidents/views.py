"""Shows incidents: the list, and each with everything that is known of it and what people did."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import person, signed_in
from accounts.models import User
from accounts.roles import may_resolve, may_respond
from core.errors import Refused
from core.htmx import render_page
from operations.incidents import response
from operations.incidents.forms import IncidentFilter, IncidentNoteForm, ResolveForm
from operations.models import Incident

PAGE_SIZE = 50
STEPS_SHOWN = 500
WRITERS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class IncidentAction:
    """What a person may do about an incident: by which form, who may, and the service that does it."""

    form: type[Form]
    may: Callable[[User], bool]
    service: Callable[..., Any]


ACTIONS = {
    "acknowledge": IncidentAction(Form, may_respond, response.acknowledge_incident),
    "note": IncidentAction(IncidentNoteForm, may_respond, response.add_note),
    "resolve": IncidentAction(ResolveForm, may_resolve, response.resolve_incident),
}


@require_safe
@signed_in
def incident_list(request: HttpRequest) -> HttpResponse:
    """Incidents, unresolved first."""
    form = IncidentFilter(request.GET)
    page = Paginator(_filter_incidents(form), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "newer_url": _link_page(request, page, -1),
        "older_url": _link_page(request, page, 1),
    }
    return render_page(request, "operations/incidents/list.html", context)


def _filter_incidents(form: IncidentFilter) -> QuerySet[Incident]:
    """Unresolved first, newest first; a filter that is not understood is as none."""
    form.is_valid()
    state, kind = form.cleaned_data.get("state", ""), form.cleaned_data.get("kind", "")
    incidents = Incident.objects.order_by(F("resolved_at").desc(nulls_first=True), "-opened_at", "-pk")
    if kind:
        incidents = incidents.filter(kind=kind)
    match state:
        case "all":
            return incidents
        case "resolved":
            return incidents.exclude(resolved_at=None)
        case "failing":
            return incidents.filter(resolved_at=None, over_at=None)
    return incidents.filter(resolved_at=None)


def _link_page(request: HttpRequest, page: "Page[Incident]", step: int) -> str | None:
    """The address of the page before or after this one, with the same filter; None where there is none."""
    if not (page.has_previous() if step < 0 else page.has_next()):
        return None
    query = request.GET.copy()
    query["page"] = str(page.number + step)
    return f"?{query.urlencode()}"


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def incident_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One incident, and the actions of people about it."""
    incident = get_object_or_404(Incident, public_id=public_id)
    forms: dict[str, Form] = {"note": IncidentNoteForm(prefix="note"), "resolve": ResolveForm(prefix="resolve")}
    if request.method != "POST":
        return _render_incident(request, incident, forms)
    name = request.POST.get("action", "")
    action = _get_action(person(request), name)
    forms[name] = form = action.form(request.POST, prefix=name)
    sentence = ""
    try:
        if form.is_valid():
            action.service(incident=incident, by=person(request), **form.cleaned_data)
            return redirect("incident_detail", public_id)
    except Refused as refused:
        sentence = refused.sentence
    return _render_incident(request, incident, forms, sentence)


def _get_action(user: User, name: str) -> IncidentAction:
    """Raises PermissionDenied, or SuspiciousOperation for what no form of ours sends."""
    action = ACTIONS.get(name)
    if action is None:
        raise SuspiciousOperation("There is no such action.")
    if not action.may(user):
        raise PermissionDenied("Analysts, leads and admins acknowledge and note; leads and admins resolve.")
    return action


def _render_incident(
    request: HttpRequest, incident: Incident, forms: dict[str, Form], sentence: str = ""
) -> HttpResponse:
    user = person(request)
    context = {
        "incident": incident,
        "forms": forms,
        "sentence": sentence,
        "writers": incident.writers.all()[:WRITERS_SHOWN],
        "steps": incident.steps.all()[:STEPS_SHOWN],
        "may_respond": may_respond(user),
        "may_resolve": may_resolve(user),
    }
    status = 409 if sentence else 400 if any(form.errors for form in forms.values()) else 200
    return render_page(request, "operations/incidents/detail.html", context, status=status)
