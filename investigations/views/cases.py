"""Cases: the list, one case with its timeline, its notes, people and activity."""

from collections.abc import Callable

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import person, requires, signed_in
from accounts.models import User
from accounts.roles import may_investigate
from investigations import access
from investigations.errors import Refused
from investigations.forms.cases import CaseForm, MemberForm, NoteForm
from investigations.models import Case
from investigations.services import cases
from web.htmx import render_page


@require_safe
@signed_in
def case_list(request: HttpRequest) -> HttpResponse:
    user = person(request)
    asked = request.GET.get("status", "open")
    status = asked if asked in (*Case.Status.values, "all") else "open"
    found = Case.objects.visible_to(user).prefetch_related("memberships__user").distinct()
    shown = found if status == "all" else found.filter(status=status)
    context = {"cases": shown, "status": status, "may_open": may_investigate(user)}
    return render_page(request, "investigations/case_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_investigate)
def case_new(request: HttpRequest) -> HttpResponse:
    form = CaseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect("case_detail", cases.open_case(by=person(request), **form.cleaned_data).public_id)
    return render_page(request, "investigations/case_form.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def case_change(request: HttpRequest, public_id: str) -> HttpResponse:
    case = access.writable_case_for(person(request), public_id)
    form = CaseForm(request.POST or None, initial={name: getattr(case, name) for name in cases.CHANGEABLE})
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data
        if _done(form, lambda: cases.change(case=case, by=person(request), **words)):
            return redirect("case_detail", public_id)
    context = {"form": form, "case": case}
    return render_page(request, "investigations/case_form.html", context, status=400 if form.errors else 200)


@require_safe
@signed_in
def case_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    user = person(request)
    case = access.case_for(user, public_id)
    context = _case(user, case) | {
        "tab": "timeline",
        "evidence": case.evidence.standing().in_time_order(),
        "withdrawn": case.evidence.exclude(withdrawn_at=None).in_time_order(),
        "exports": case.exports.filter(run=None)[:5],
    }
    return render_page(request, "investigations/case_detail.html", context, {"timeline": "timeline"})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def case_notes(request: HttpRequest, public_id: str) -> HttpResponse:
    user = person(request)
    case = access.case_for(user, public_id)
    form = NoteForm(request.POST or None)
    if request.method == "POST":
        case = access.writable_case_for(user, public_id)
        if form.is_valid() and _done(form, lambda: cases.write_note(case=case, by=user, **form.cleaned_data)):
            return redirect("case_notes", public_id)
    context = _case(user, case) | {"tab": "notes", "form": form, "notes": case.notes.all()}
    # A note that was refused stays in the form, though the case may have been closed meanwhile.
    context["may_write"] = context["may_write"] or bool(form.errors)
    return render_page(request, "investigations/case_notes.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def case_people(request: HttpRequest, public_id: str) -> HttpResponse:
    user = person(request)
    case = access.case_for(user, public_id)
    form = MemberForm(request.POST or None)
    if request.method == "POST":
        case = access.led_case_for(user, public_id)
        if form.is_valid() and _done(form, lambda: _change_people(request, case, form)):
            return redirect("case_people", public_id)
    people = case.memberships.select_related("user")
    context = _case(user, case) | {"tab": "people", "form": form, "people": people}
    return render_page(request, "investigations/case_people.html", context, status=400 if form.errors else 200)


def _change_people(request: HttpRequest, case: Case, form: MemberForm) -> None:
    """Add, change or remove as the button said."""
    assert form.person is not None
    if request.POST.get("action") == "remove":
        cases.remove_member(case=case, user=form.person, by=person(request))
    else:
        cases.add_member(case=case, user=form.person, level=form.cleaned_data["level"], by=person(request))


def _done(form: Form, change: Callable[[], object]) -> bool:
    """Carry a change out; False when a rule says no, which the form then shows beside what was typed."""
    try:
        change()
    except Refused as refused:
        form.add_error(None, refused.sentence)
        return False
    return True


@require_safe
@signed_in
def case_activity(request: HttpRequest, public_id: str) -> HttpResponse:
    user = person(request)
    case = access.case_for(user, public_id)
    context = _case(user, case) | {"tab": "activity", "activities": case.activities.all()[:500]}
    return render_page(request, "investigations/case_activity.html", context)


@require_POST
@signed_in
def case_status(request: HttpRequest, public_id: str) -> HttpResponse:
    case = access.led_case_for(person(request), public_id)
    if request.POST.get("status") == Case.Status.CLOSED:
        cases.close(case=case, by=person(request))
        messages.success(request, "The case is closed. It can be reopened.")
    else:
        cases.reopen(case=case, by=person(request))
        messages.success(request, "The case is open again.")
    return redirect("case_detail", public_id)


def _case(user: User, case: Case) -> dict[str, object]:
    """What every page of a case shows, and what this person may do there."""
    return {
        "case": case,
        "may_write": case.is_open and access.may_write(user, case),
        "may_lead": access.may_lead(user, case),
        "counts": {"evidence": case.evidence.standing().count(), "notes": case.notes.count()},
    }
