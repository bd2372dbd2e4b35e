"""Shows rejected events, by writer and cause and each with its exact text, and takes what an admin decides about them."""

from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.paginator import Paginator
from django.db.models import BigAutoField, Count, Max, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import person, requires
from accounts.roles import may_curate, may_read_rejected
from core.errors import Refused
from core.forms import read_number
from core.htmx import render_page
from operations.models import Decision, Mapping, RejectedEvent
from operations.rejected.decisions import make_decision, preview_decision, work_on_batch
from operations.rejected.forms import DiscardForm, MappingForm, WriteForm
from operations.rejected.mappings import retire_mapping, save_mapping

PAGE_SIZE = 50
GROUPS_SHOWN = 200
DECISIONS_SHOWN = 20
STEPS_SHOWN = 200
MAPPINGS_SHOWN = 200
PREVIEWED = 3
State = RejectedEvent.State
FORMS: dict[str, type[Form]] = {"preview": WriteForm, "write": WriteForm, "discard": DiscardForm}


@require_safe
@requires(may_read_rejected)
def rejected_list(request: HttpRequest) -> HttpResponse:
    """The groups of one state, each of one writer and cause, and the latest decisions."""
    state = _read_state(request)
    groups = RejectedEvent.objects.filter(state=state).order_by().values("writer", "cause", "status")
    groups = groups.annotate(number=Count("pk"), last=Max("last_at")).order_by("writer", "cause")
    context = {
        "groups": [
            {**group, "url": _link_group(group["writer"], group["cause"], state)} for group in groups[:GROUPS_SHOWN]
        ],
        "state": state,
        "states": State.choices,
        "decisions": Decision.objects.all()[:DECISIONS_SHOWN],
    }
    return render_page(request, "operations/rejected/list.html", context)


def _read_state(request: HttpRequest) -> str:
    state = request.GET.get("state", "")
    return state if state in State.values else State.WAITING


def _link_group(writer: str, cause: str, state: str) -> str:
    return f"{reverse('rejected_group')}?{urlencode({'writer': writer, 'cause': cause, 'state': state})}"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_read_rejected)
def rejected_group(request: HttpRequest) -> HttpResponse:
    """The rejected events of one writer and cause, and the decision about all of them that wait."""
    group = {name: request.GET.get(name, "") for name in ("writer", "cause")}
    state = _read_state(request)
    rows = RejectedEvent.objects.filter(state=state, **group)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    links = {
        name: f"?{urlencode(group | {'state': state, 'page': page.number + step})}" if is_there else None
        for name, step, is_there in (("newer_url", -1, page.has_previous()), ("older_url", 1, page.has_next()))
    }
    context = group | links | {"page": page, "state": state}
    return _decide_or_render(request, rows, "operations/rejected/group.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_read_rejected)
def rejected_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """One rejected event with its exact text, its history, and the decision about it."""
    row = get_object_or_404(RejectedEvent, public_id=public_id)
    context = {"row": row, "state": row.state, "steps": row.steps.all()[:STEPS_SHOWN]}
    rows = RejectedEvent.objects.filter(pk=row.pk)
    return _decide_or_render(request, rows, "operations/rejected/detail.html", context)


def _decide_or_render(
    request: HttpRequest, rows: QuerySet[RejectedEvent], template: str, context: dict[str, Any]
) -> HttpResponse:
    """Take the decision that was posted about these rows; else the page, with a preview if that was posted."""
    forms: dict[str, Form] = {"write": WriteForm(), "discard": DiscardForm()}
    context |= {"forms": forms, "may_decide": may_curate(person(request)) and context["state"] == State.WAITING}
    if request.method != "POST":
        return render_page(request, template, context)
    action = _read_action(request)
    form = FORMS[action](request.POST)
    forms["discard" if action == "discard" else "write"] = form
    if not form.is_valid():
        return render_page(request, template, context, status=400)
    if action == "preview":
        context["previewed"] = preview_decision(list(rows[:PREVIEWED]), form.cleaned_data["mapping"])
        return render_page(request, template, context)
    try:
        decision = make_decision(kind=Decision.Kind(action), rows=rows, by=person(request), **form.cleaned_data)
    except Refused as refused:
        return render_page(request, template, context | {"sentence": refused.sentence}, status=409)
    return _begin_decision(decision)


def _read_action(request: HttpRequest) -> str:
    """Raises PermissionDenied, or SuspiciousOperation for what no form of ours sends."""
    if not may_curate(person(request)):
        raise PermissionDenied("Admins decide about rejected events.")
    action = request.POST.get("action", "")
    if action not in FORMS:
        raise SuspiciousOperation("There is no such action.")
    return action


def _begin_decision(decision: Decision) -> HttpResponse:
    """A decision about one event is done at once; the keeper does one about a group."""
    if decision.event is None:
        return redirect("rejected_list")
    work_on_batch(decision)
    return redirect("rejected_detail", decision.event.public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_curate)
def mapping_list(request: HttpRequest) -> HttpResponse:
    """Every mapping, the form that saves one, and what retires one."""
    if request.POST.get("action") == "retire":
        return _retire_mapping(request)
    form = MappingForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        save_mapping(by=person(request), **form.cleaned_data)
        return redirect("mapping_list")
    context = {"form": form, "mappings": Mapping.objects.select_related("retirement")[:MAPPINGS_SHOWN]}
    return render_page(request, "operations/rejected/mapping_list.html", context, status=400 if form.errors else 200)


def _retire_mapping(request: HttpRequest) -> HttpResponse:
    """Raises SuspiciousOperation for what no form of ours sends."""
    number = read_number(request.POST.get("mapping", ""), most=BigAutoField.MAX_BIGINT)
    if number is None:
        raise SuspiciousOperation("There is no such mapping.")
    retire_mapping(mapping=get_object_or_404(Mapping, pk=number), by=person(request))
    return redirect("mapping_list")
