"""Shows what was entered into a timeline by hand, adds to it, changes and withdraws it."""

from dataclasses import asdict
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.decorators import person, signed_in
from core.access import recorded_as
from core.forms import ReasonForm, try_change
from core.htmx import render_page
from investigations import access
from investigations.audit import CaseAction
from investigations.cases.case_page import build_case_context, build_references, render_tab
from investigations.manual_events import services as manual_events
from investigations.manual_events.forms import ManualEventChangeForm, ManualEventForm
from investigations.models import Case, ManualEvent
from investigations.presentation.markdown import render_markdown

TAB = "timeline"


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.MANUAL_EVENTS_READ)
def manual_event_list(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """What was entered by hand, and one more."""
    user = person(request)
    case = access.get_case(user, public_id)
    form = ManualEventForm(request.POST or None, initial={"starts": request.GET.get("at", "")[:60]})
    if request.method == "POST":
        case = access.get_writable_case(user, public_id)
        if form.is_valid() and try_change(
            form, lambda: manual_events.add_manual_event(case=case, words=form.read_words(), by=user)
        ):
            return redirect("case_detail", public_id)
    events = case.manual_events.all()
    return render_tab(request, case, TAB, "investigations/manual_events/list.html", form, manual_events=events)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.MANUAL_EVENTS_READ)
def manual_event_detail(request: HttpRequest, public_id: str, number: int) -> HttpResponseBase:
    """One of them with its versions; a POST withdraws it."""
    case = access.get_case(person(request), public_id)
    event = _get_event(case, number)
    form = ReasonForm(request.POST or None)
    if request.method == "POST":
        access.get_writable_case(person(request), public_id)
        if form.is_valid() and try_change(form, lambda: _withdraw(request, event, form)):
            return redirect("manual_event_list", public_id)
    return render_tab(
        request,
        case,
        TAB,
        "investigations/manual_events/detail.html",
        form,
        event=event,
        versions=event.versions.all(),
        details=render_markdown(event.details, build_references(case)),
    )


def _withdraw(request: HttpRequest, event: ManualEvent, form: ReasonForm) -> None:
    manual_events.withdraw_manual_event(event=event, reason=form.cleaned_data["reason"], by=person(request))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.MANUAL_EVENTS_READ)
def manual_event_change(request: HttpRequest, public_id: str, number: int) -> HttpResponse | HttpResponseBase:
    """One of them, changed; of two who change it at once the second sees both."""
    case = access.get_writable_case(person(request), public_id)
    event = _get_event(case, number)
    form = ManualEventChangeForm(request.POST or None, initial=_read_words(event))
    status = 200
    if request.method == "POST":
        status = _change(request, event, form)
        if status == 200:
            return redirect("manual_event_detail", public_id, number)
    context = build_case_context(person(request), case) | {"tab": TAB, "form": form, "event": event}
    return render_page(request, "investigations/manual_events/change.html", context, status=status)


def _change(request: HttpRequest, event: ManualEvent, form: ManualEventChangeForm) -> int:
    """Change it as the form says; the status of the answer."""

    def change() -> None:
        manual_events.change_manual_event(
            event=event, words=form.read_words(), revision=form.cleaned_data["revision"], by=person(request)
        )

    def read_current() -> dict[str, Any]:
        event.refresh_from_db()
        return _read_words(event)

    return form.save_change(change, read_current, marks_field=True)


def _read_words(event: ManualEvent) -> dict[str, Any]:
    return asdict(manual_events.read_words(event)) | {"revision": event.revision}


def _get_event(case: Case, number: int) -> ManualEvent:
    event = case.manual_events.filter(number=number).first()
    if event is None:
        raise Http404("Nothing of this number was entered by hand.")
    event.case = case
    return event
