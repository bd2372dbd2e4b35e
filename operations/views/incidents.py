"""Incidents: the list, and one with everything that is known of it and what people did."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import person, signed_in
from accounts.errors import Refused
from accounts.models import User
from accounts.roles import may_resolve, may_respond
from operations.forms.incidents import IncidentFilter, NoteForm, ResolveForm
from operations.models import Incident
from operations.services import response
from web.htmx import render_page

PAGE_SIZE = 50
STEPS_SHOWN = 500
DOES: dict[str, Callable[..., Any]] = {
    "acknowledge": response.acknowledge,
    "note": response.note,
    "resolve": response.resolve,
}


@require_safe
@signed_in
def incident_list(request: HttpRequest) -> HttpResponse:
    form = IncidentFilter(request.GET)
    page = Paginator(_asked(form), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "newer_url": _at(request, page, -1), "older_url": _at(request, page, 1)}
    return render_page(request, "operations/incident_list.html", context)


def _asked(form: IncidentFilter) -> QuerySet[Incident]:
    """Unresolved first, newest first; a filter that is not understood is as none."""
    form.is_valid()
    state, kind = form.cleaned_data.get("state", ""), form.cleaned_data.get("kind", "")
    found = Incident.objects.order_by(F("resolved_at").desc(nulls_first=True), "-opened_at", "-pk")
    if kind:
        found = found.filter(kind=kind)
    match state:
        case "all":
            return found
        case "resolved":
            return found.exclude(resolved_at=None)
        case "failing":
            return found.filter(resolved_at=None, over_at=None)
    return found.filter(resolved_at=None)


def _at(request: HttpRequest, page: Any, step: int) -> str | None:
    """The address of the page before or after one, with the same filter."""
    if not (page.has_previous() if step < 0 else page.has_next()):
        return None
    asked: QueryDict = request.GET.copy()
    asked["page"] = str(page.number + step)
    return f"?{asked.urlencode()}"


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def incident_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    user, incident = person(request), get_object_or_404(Incident, public_id=public_id)
    action = request.POST.get("action", "")
    forms = {"note": NoteForm(prefix="note"), "resolve": ResolveForm(prefix="resolve")}
    sentence = ""
    if request.method == "POST":
        _expect_may(user, action)
        form = {"note": NoteForm, "resolve": ResolveForm, "acknowledge": Form}[action](request.POST, prefix=action)
        try:
            if form.is_valid():
                DOES[action](incident=incident, by=user, **form.cleaned_data)
                return redirect("incident_detail", public_id)
        except Refused as refused:
            sentence = refused.sentence
        forms[action] = form
    return _page(request, incident, forms, sentence)


def _page(request: HttpRequest, incident: Incident, forms: dict[str, Form], sentence: str) -> HttpResponse:
    user = person(request)
    context = {
        "incident": incident, "forms": forms, "sentence": sentence, "writers": incident.writers.all()[:200],
        "steps": incident.steps.all()[:STEPS_SHOWN],
        "may_respond": may_respond(user), "may_resolve": may_resolve(user),
    }  # fmt: skip
    status = 409 if sentence else 400 if any(form.errors for form in forms.values()) else 200
    return render_page(request, "operations/incident_detail.html", context, status=status)


def _expect_may(user: User, action: str) -> None:
    """Raises PermissionDenied, or SuspiciousOperation for what no form of ours sends."""
    may = {"acknowledge": may_respond, "note": may_respond, "resolve": may_resolve}.get(action)
    if may is None:
        raise SuspiciousOperation("There is no such action.")
    if not may(user):
        raise PermissionDenied("Analysts, leads and admins acknowledge and note; leads and admins resolve.")
