"""Shows detections and their findings: makes one of a search, changes it, says what a finding was."""

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
from core.access import recorded_as
from core.errors import Refused
from core.forms import ReasonForm
from core.htmx import render_page
from investigations import access
from investigations.audit import CaseAction
from investigations.cases import services as cases
from investigations.detections import services as detections
from investigations.detections.finding_statements import pin_finding
from investigations.detections.forms import DetectionChangeForm, DetectionForm, FindingPinForm
from investigations.models import Case, Detection, Finding
from investigations.presentation import cells
from investigations.presentation.problems import describe_fault
from investigations.search_url import form_fields, read_search_request, search_address
from investigations.working_case import begin_work, read_chosen_case
from trail.errors import BadQuery
from trail.search.spec import Search

SHOWN = 50


@require_safe
@requires(may_investigate)
@recorded_as(CaseAction.FINDINGS_READ)
def detection_list(request: HttpRequest) -> HttpResponse:
    """The detections, and what of their findings nobody has acknowledged yet."""
    new = Count("findings", filter=Q(findings__acknowledged_at=None))
    context = {
        "detections": Detection.objects.annotate(new=new),
        "findings": Finding.objects.filter(acknowledged_at=None).select_related("detection")[:200],
    }
    return render_page(request, "investigations/detections/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_investigate)
def detection_new(request: HttpRequest) -> HttpResponseBase:
    """A detection of the search whose fields the address, or the form, holds."""
    search_request = read_search_request(request.POST if request.method == "POST" else request.GET)
    form = DetectionForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form, "search": search_request.search}
    if search_request.problem is not None:
        context |= describe_fault(search_request.problem)
    elif search_request.search is not None and request.method == "POST" and form.is_valid():
        try:
            detection = detections.make(search=search_request.search, by=person(request), **form.cleaned_data)
            return redirect("detection_detail", detection.public_id)
        except BadQuery as error:
            context |= describe_fault(error)
    if search_request.search is not None:
        context["fields"] = form_fields(search_request.search)
    status = 400 if form.errors or "problem" in context else 200
    return render_page(request, "investigations/detections/new.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_investigate)
@recorded_as(CaseAction.DETECTION_READ)
def detection_detail(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """One detection with its findings; changed by whom it concerns."""
    detection = Detection.objects.filter(public_id=public_id).first()
    if detection is None:
        raise Http404("There is no such detection.")
    may_change = detections.may_change(person(request), detection)
    form = DetectionChangeForm(request.POST or None, initial=detections.read_changeable_words(detection))
    status = 200
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied("Only who made a detection, a lead or an admin may change it.")
        status = _change(request, detection, form)
        if status == 200:
            return redirect("detection_detail", public_id)
    context = {
        "detection": detection,
        "form": form,
        "may_change": may_change,
        "findings": detection.findings.all()[:200],
        "address": search_address(Search.from_json(detection.search)),
    }
    return render_page(request, "investigations/detections/detail.html", context, status=status)


def _change(request: HttpRequest, detection: Detection, form: DetectionChangeForm) -> int:
    """Change the detection as the form says; the status of the answer."""

    def change() -> None:
        detections.change(detection=detection, by=person(request), **form.cleaned_data)

    def read_current() -> dict[str, object]:
        detection.refresh_from_db()
        return detections.read_changeable_words(detection)

    return form.save_change(change, read_current)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_investigate)
def finding_detail(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """One finding with its first events; a POST acknowledges it or pins them."""
    user = person(request)
    finding = Finding.objects.select_related("detection").filter(public_id=public_id).first()
    if finding is None:
        raise Http404("There is no such finding.")
    pins = request.POST.get("action") == "pin"
    acknowledgement = ReasonForm(request.POST if request.method == "POST" and not pins else None)
    pin = FindingPinForm(request.POST if pins else None, user=user, initial={"case": read_chosen_case(request)})
    if request.method == "POST" and (answer := _carry_out(request, finding, pin if pins else acknowledgement)):
        return answer
    search = Search.from_json(finding.search)
    hits = detections.read_finding(finding, by=user, most=SHOWN)
    context = {
        "finding": finding,
        "acknowledgement": acknowledgement,
        "pin": pin,
        "address": search_address(search),
        "columns": search.columns,
        "rows": cells.build_rows(hits, search.columns),
        "first": len(finding.events),
    }
    wrong = bool(acknowledgement.errors or pin.errors)
    return render_page(request, "investigations/detections/finding.html", context, status=400 if wrong else 200)


def _carry_out(request: HttpRequest, finding: Finding, form: ReasonForm | FindingPinForm) -> HttpResponseBase | None:
    """Acknowledge or pin, as the form says, and where to go then; None when a rule says no, which the form then shows."""
    if not form.is_valid():
        return None
    user = person(request)
    try:
        if isinstance(form, FindingPinForm):
            if form.cleaned_data["case"] == FindingPinForm.NEW:
                return _open_case(request, finding, form)
            case = access.get_writable_case(user, form.cleaned_data["case"])
            messages.success(request, _pin(request, finding, case, form))
        else:
            detections.acknowledge(finding=finding, reason=form.cleaned_data["reason"], by=user)
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.sentence)
        return None
    return redirect("finding_detail", finding.public_id)


def _open_case(request: HttpRequest, finding: Finding, form: FindingPinForm) -> HttpResponseBase:
    """Open a case for the finding, work in it, and pin to it; where nothing can be pinned the case says why and stays."""
    name, severity = finding.detection.name, finding.severity
    case = cases.open_case(title=name, by=person(request), severity=severity)
    begin_work(request, case)
    try:
        messages.success(request, _pin(request, finding, case, form))
    except Refused as refused:
        messages.error(request, refused.sentence)
    return redirect("case_detail", case.public_id)


def _pin(request: HttpRequest, finding: Finding, case: Case, form: FindingPinForm) -> str:
    """Pin the finding itself or its first events, as the button says; a sentence of what was pinned."""
    by, reason, thoughts = person(request), form.cleaned_data["reason"], form.read_thoughts()
    if request.POST.get("what") == "finding":
        evidence = pin_finding(finding=finding, case=case, reason=reason, by=by, **thoughts)
        return f"{evidence.label}: the finding is pinned to “{case.title}”."
    pinned = detections.pin(finding=finding, case=case, reason=reason, by=by, **thoughts)
    return f"Pinned {len(pinned.new)} to “{case.title}”."
