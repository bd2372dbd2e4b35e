"""Detections and their findings: the list, making one of a search, changing it, saying what a finding was."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import person, requires
from accounts.roles import may_investigate
from investigations import access, journal, presentation, using
from investigations.errors import Refused
from investigations.forms.cases import ReasonForm
from investigations.forms.detections import DetectionForm, FindingPinForm
from investigations.forms.search import read
from investigations.journal import Action
from investigations.models import Detection, Finding
from investigations.services import detections, runs
from investigations.views.search import faulty
from trail.errors import BadQuery
from trail.search.spec import Search
from web.htmx import render_page

SHOWN = 50


@require_safe
@requires(may_investigate)
def detection_list(request: HttpRequest) -> HttpResponse:
    new = Count("findings", filter=Q(findings__acknowledged_at=None))
    context = {
        "detections": Detection.objects.annotate(new=new),
        "findings": Finding.objects.filter(acknowledged_at=None).select_related("detection")[:200],
    }
    return render_page(request, "investigations/detection_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_investigate)
def detection_new(request: HttpRequest) -> HttpResponseBase:
    """A detection of the search whose fields the address, or the form, holds."""
    asked = read(request.POST if request.method == "POST" else request.GET)
    form = DetectionForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form, "search": asked.search}
    if asked.search is None:
        context |= faulty(asked.problem)
    elif request.method == "POST" and form.is_valid():
        try:
            made = detections.make(search=asked.search, by=person(request), **form.cleaned_data)
            return redirect("detection_detail", made.public_id)
        except BadQuery as error:
            context |= faulty(error)
    if asked.search is not None:
        context["fields"] = using.fields_of(asked.search)
    status = 400 if form.errors or "problem" in context else 200
    return render_page(request, "investigations/detection_new.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_investigate)
def detection_detail(request: HttpRequest, public_id: str) -> HttpResponseBase:
    detection = Detection.objects.filter(public_id=public_id).first()
    if detection is None:
        raise Http404("There is no such detection.")
    may_change = detections.may_change(person(request), detection)
    now = {name: getattr(detection, name) for name in detections.CHANGEABLE}
    form = DetectionForm(request.POST or None, initial=now)
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied("Only who made a detection, a lead or an admin may change it.")
        if form.is_valid():
            detections.change(detection=detection, by=person(request), **form.cleaned_data)
            return redirect("detection_detail", public_id)
    context = {
        "detection": detection, "form": form, "may_change": may_change, "findings": detection.findings.all()[:200],
        "address": using.address_of(Search.from_json(detection.search)),
    }  # fmt: skip
    return render_page(request, "investigations/detection.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_investigate)
def finding_detail(request: HttpRequest, public_id: str) -> HttpResponseBase:
    user = person(request)
    finding = Finding.objects.select_related("detection").filter(public_id=public_id).first()
    if finding is None:
        raise Http404("There is no such finding.")
    pins = request.POST.get("action") == "pin"
    said = ReasonForm(request.POST if request.method == "POST" and not pins else None)
    pin = FindingPinForm(request.POST if pins else None, user=user)
    if request.method == "POST" and _done(request, finding, pin if pins else said):
        return redirect("finding_detail", public_id)
    search = Search.from_json(finding.search)
    hits = runs.events([(index, key) for index, key in finding.events[:SHOWN]], access.scope_of(user))
    journal.record(Action.FINDING_READ, by=user, resource=("finding", public_id))
    context = {
        "finding": finding, "said": said, "pin": pin, "address": using.address_of(search), "columns": search.columns,
        "rows": presentation.rows(hits, search.columns), "first": len(finding.events),
    }  # fmt: skip
    wrong = bool(said.errors or pin.errors)
    return render_page(request, "investigations/finding.html", context, status=400 if wrong else 200)


def _done(request: HttpRequest, finding: Finding, form: ReasonForm) -> bool:
    """Acknowledge or pin, as the form says; False when a rule says no, which it then shows."""
    if not form.is_valid():
        return False
    user, reason = person(request), form.cleaned_data["reason"]
    try:
        if isinstance(form, FindingPinForm):
            case = access.writable_case_for(user, form.cleaned_data["case"])
            done = detections.pin(finding=finding, case=case, reason=reason, by=user)
            messages.success(request, f"Pinned {len(done.new)} to “{case.title}”.")
        else:
            detections.acknowledge(finding=finding, reason=reason, by=user)
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.sentence)
        return False
    return True
