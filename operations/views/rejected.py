"""Rejected events: by writer and cause, one with its exact text, and what an admin decides about them."""

from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.paginator import Paginator
from django.db.models import Count, Max, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import person, requires
from accounts.errors import Refused
from accounts.roles import may_curate, may_read_rejected
from operations.forms.rejected import DiscardForm, MappingForm, WriteForm
from operations.models import Decision, Mapping, RejectedEvent
from operations.services import decisions
from web.htmx import render_page

PAGE_SIZE = 50
GROUPS = 200
PREVIEWED = 3
State = RejectedEvent.State


@require_safe
@requires(may_read_rejected)
def rejected_list(request: HttpRequest) -> HttpResponse:
    asked = request.GET.get("state", "")
    state = asked if asked in State.values else State.WAITING
    groups = (
        RejectedEvent.objects.filter(state=state).order_by().values("writer", "cause", "status")
        .annotate(number=Count("pk"), last=Max("last_at")).order_by("writer", "cause")[:GROUPS]
    )  # fmt: skip
    shown = [
        {**group, "url": f"{reverse('rejected_group')}?{urlencode(_of(group['writer'], group['cause'], state))}"}
        for group in groups
    ]
    context = {"groups": shown, "state": state, "states": State.choices, "decisions": Decision.objects.all()[:20]}
    return render_page(request, "operations/rejected_list.html", context)


def _of(writer: str, cause: str, state: str) -> dict[str, str]:
    return {"writer": writer, "cause": cause, "state": state}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_read_rejected)
def rejected_group(request: HttpRequest) -> HttpResponse:
    asked = {name: request.GET.get(name, "") for name in ("writer", "cause")}
    state = request.GET.get("state", "")
    state = state if state in State.values else State.WAITING
    rows = RejectedEvent.objects.filter(state=state, **asked)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    links = {
        name: f"?{urlencode(asked | {'state': state, 'page': page.number + step})}" if there else None
        for name, step, there in (("newer_url", -1, page.has_previous()), ("older_url", 1, page.has_next()))
    }
    return _page(request, rows, "operations/rejected_group.html", asked | {"page": page, "state": state, **links})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_read_rejected)
def rejected_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    row = get_object_or_404(RejectedEvent, public_id=public_id)
    context = {"row": row, "state": row.state, "steps": row.steps.all()[:200]}
    return _page(request, RejectedEvent.objects.filter(pk=row.pk), "operations/rejected_detail.html", context)


def _page(request: HttpRequest, rows: QuerySet[RejectedEvent], template: str, context: dict[str, Any]) -> HttpResponse:
    """The page, or what was decided on it. Without an action nothing but a preview."""
    forms: dict[str, Form] = {"write": WriteForm(), "discard": DiscardForm()}
    status = 200
    if request.method == "POST":
        if not may_curate(person(request)):
            raise PermissionDenied("Admins decide about rejected events.")
        action = request.POST.get("action", "")
        if action not in ("preview", "write", "discard"):
            raise SuspiciousOperation("There is no such action.")
        name = "discard" if action == "discard" else "write"
        forms[name] = form = DiscardForm(request.POST) if name == "discard" else WriteForm(request.POST)
        status = 400
        if form.is_valid() and action == "preview":
            context["previewed"] = decisions.preview(list(rows[:PREVIEWED]), form.cleaned_data["mapping"])
            status = 200
        elif form.is_valid():
            return _decided(request, rows, Decision.Kind(name), form.cleaned_data, template, context | {"forms": forms})
    context |= {"forms": forms, "may_decide": may_curate(person(request)) and context["state"] == State.WAITING}
    return render_page(request, template, context, status=status)


def _decided(
    request: HttpRequest, rows: QuerySet[RejectedEvent], kind: Decision.Kind, words: dict[str, Any], template: str,
    context: dict[str, Any],
) -> HttpResponse:  # fmt: skip
    try:
        made = decisions.decide(kind=kind, rows=rows, by=person(request), **words)
    except Refused as refused:
        return render_page(request, template, context | {"sentence": refused.sentence}, status=409)
    if made.event is None:
        return redirect("rejected_list")
    decisions.step(made)
    return redirect("rejected_detail", made.event.public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_curate)
def mapping_list(request: HttpRequest) -> HttpResponse:
    form = MappingForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        decisions.save_mapping(by=person(request), **form.cleaned_data)
        return redirect("mapping_list")
    context = {"form": form, "mappings": Mapping.objects.all()[:200]}
    return render_page(request, "operations/mapping_list.html", context, status=400 if form.errors else 200)
