"""Shows cases: the list, one case with its timeline, its notes, people and activity."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import person, requires, signed_in
from accounts.models import User
from accounts.roles import may_break_glass, may_curate, may_import_cases, may_investigate
from core.access import not_recorded, recorded_as
from core.errors import Refused
from core.forms import read_number, try_change
from core.htmx import render_page
from core.presence import note_present
from core.responses import choose_way_back, name_page_of_form
from investigations import access, working_case
from investigations.audit import CaseAction
from investigations.cases import bulk, case_filter, restriction
from investigations.cases import services as cases
from investigations.cases.case_page import build_case_context
from investigations.cases.forms import (
    BreakGlassForm,
    BulkForm,
    CaseChangeForm,
    CloseForm,
    MemberForm,
    NewCaseForm,
    read_revisions,
)
from investigations.models import Case, CaseTemplate


@require_safe
@signed_in
def case_list(request: HttpRequest) -> HttpResponse:
    """The cases that this person may know of: the open ones as a list, unless the address says otherwise, or all on a board."""
    user, chosen = person(request), case_filter.read_filter(request.GET)
    context = {
        "chosen": chosen,
        "tags": case_filter.list_tags(user),
        "severities": Case.Severity.choices,
        "sorts": case_filter.SORTS,
        "may_open": may_investigate(user),
        "may_break_glass": may_break_glass(user),
        "may_curate": may_curate(user),
        "may_import": may_import_cases(user),
        **(_build_board(user, chosen) if chosen.board else _build_list(user, chosen, request.GET.get("page"))),
    }
    return render_page(request, "investigations/cases/list.html", context)


def _build_list(user: User, chosen: case_filter.CaseFilter, page: str | None) -> dict[str, object]:
    """A page of the cases, what each status has, and who may be made the assignee of any of them."""
    shown = Paginator(case_filter.find_cases(user, chosen), case_filter.PAGE_SIZE).get_page(page)
    return {
        "cases": shown,
        "statuses": case_filter.count_by_status(user, chosen),
        "writers": bulk.list_writers(shown) if may_investigate(user) else (),
    }


def _build_board(user: User, chosen: case_filter.CaseFilter) -> dict[str, object]:
    """The columns of the board; it is empty where none of them holds a case."""
    columns = case_filter.build_board(user, chosen)
    return {"columns": columns, "cases": any(column.number for column in columns)}


@require_POST
@requires(may_investigate)
def case_bulk(request: HttpRequest) -> HttpResponse:
    """Change the chosen cases, and say of each what became of it; or on to their timelines as one."""
    form = BulkForm(request.POST)
    revisions = read_revisions(request.POST.getlist("case"))
    if request.POST.get("together"):
        return _show_together(request, list(revisions))
    if not form.is_valid():
        messages.error(
            request, "Nothing was changed: a tag has at most 40 characters, and severities are those of the list."
        )
    else:
        try:
            _tell_result(request, bulk.change_cases(revisions=revisions, change=form.read_change(), by=person(request)))
        except Refused as refused:
            messages.error(request, refused.sentence)
    return redirect(choose_way_back(request, name_page_of_form(request), otherwise=reverse("case_list")))


def _show_together(request: HttpRequest, keys: list[str]) -> HttpResponse:
    """On to the timelines of these cases as one, where there are some and not too many."""
    numbers = bulk.list_numbers(keys, by=person(request))
    if 0 < len(numbers) <= bulk.MOST_TOGETHER:
        return redirect(f"{reverse('case_timelines')}?{urlencode({'case': numbers}, doseq=True)}")
    messages.error(request, f"Choose from one to {bulk.MOST_TOGETHER} cases to see their timelines together.")
    return redirect(choose_way_back(request, name_page_of_form(request), otherwise=reverse("case_list")))


def _tell_result(request: HttpRequest, result: bulk.BulkResult) -> None:
    """How many were changed, and which were not and why."""
    if result.changed:
        messages.success(request, f"Changed {_name_cases(result.changed)}.")
    if result.unchanged:
        messages.info(request, f"So already: {_name_cases(result.unchanged)}.")
    for reason, numbers in result.refused.items():
        messages.warning(request, f"Not changed ({reason}): {_name_cases(numbers)}.")
    if not (result.changed or result.unchanged or result.refused):
        messages.error(request, "None of the chosen cases is there.")


def _name_cases(numbers: list[str]) -> str:
    """How many cases, and which: 2 cases, C-2026-0001, C-2026-0002."""
    return f"{len(numbers)} case{'s' if len(numbers) > 1 else ''}, {', '.join(numbers)}"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_investigate)
def case_new(request: HttpRequest) -> HttpResponse:
    """A new case, which who opens it leads; the address may name the template that it begins with."""
    template = CaseTemplate.objects.offered().filter(slug=request.GET.get("template", "")).first()
    form = NewCaseForm(request.POST or None, template=template)
    if request.method == "POST" and form.is_valid():
        case = cases.open_case(by=person(request), template=template, **form.cleaned_data)
        return redirect("case_detail", case.public_id)
    context = {"form": form, "template": template, "templates": CaseTemplate.objects.offered()}
    return render_page(request, "investigations/cases/form.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def case_change(request: HttpRequest, public_id: str) -> HttpResponse:
    """A case's own words, changed; of two who change them at once the second sees both texts."""
    case = access.get_writable_case(person(request), public_id)
    form = CaseChangeForm(request.POST or None, case=case, initial=cases.read_changeable_words(case))
    status = 200
    if request.method == "POST":
        status = _change_words(request, case, form)
        if status == 200:
            return redirect("case_detail", public_id)
    context = {"form": form, "case": case}
    return render_page(request, "investigations/cases/form.html", context, status=status)


def _change_words(request: HttpRequest, case: Case, form: CaseChangeForm) -> int:
    """Change the case as the form says; the status of the answer."""

    def change() -> None:
        # What a form does not hold, as a program's may not, is left as it is.
        words = {name: word for name, word in form.cleaned_data.items() if name in (*form.data, "revision")}
        cases.change(case=case, by=person(request), **words)

    def read_current() -> dict[str, object]:
        case.refresh_from_db()
        return cases.read_changeable_words(case)

    return form.save_change(change, read_current)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def case_people(request: HttpRequest, public_id: str) -> HttpResponse:
    """Who is in a case; its leads add, change and remove people."""
    user = person(request)
    case = access.get_case(user, public_id)
    form = MemberForm(request.POST or None)
    if request.method == "POST":
        case = access.get_led_case(user, public_id)
        if form.is_valid() and try_change(form, lambda: _change_people(request, case, form)):
            return redirect("case_people", public_id)
    people = case.memberships.select_related("user")
    context = build_case_context(user, case) | {"tab": "people", "form": form, "people": people}
    return render_page(request, "investigations/cases/people.html", context, status=400 if form.errors else 200)


def _change_people(request: HttpRequest, case: Case, form: MemberForm) -> None:
    """Add, change or remove as the button said."""
    assert form.person is not None
    if request.POST.get("action") == "remove":
        cases.remove_member(case=case, user=form.person, by=person(request))
    else:
        cases.add_member(case=case, user=form.person, level=form.cleaned_data["level"], by=person(request))


@require_safe
@signed_in
@recorded_as(CaseAction.ACTIVITY_READ)
def case_activity(request: HttpRequest, public_id: str) -> HttpResponse:
    """What was done in a case, the last 500 things."""
    user = person(request)
    case = access.get_case(user, public_id)
    context = build_case_context(user, case) | {"tab": "activity", "activities": case.activities.all()[:500]}
    return render_page(request, "investigations/cases/activity.html", context)


@require_POST
@signed_in
def case_status(request: HttpRequest, public_id: str) -> HttpResponse:
    """Mark the case as contained, or reopen it."""
    case = access.get_led_case(person(request), public_id)
    if request.POST.get("status") == Case.Status.CONTAINED:
        cases.contain(case=case, by=person(request))
        messages.success(request, "The case is marked as contained; work in it goes on.")
        return redirect("case_detail", public_id)
    try:
        cases.reopen(case=case, by=person(request))
        messages.success(request, "The case is open again.")
    except Refused as refused:
        messages.error(request, refused.sentence)
    return redirect("case_detail", public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def case_close(request: HttpRequest, public_id: str) -> HttpResponse:
    """Close the case, saying what it turned out to be and why."""
    case = access.get_led_case(person(request), public_id)
    form = CloseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        cases.close(case=case, by=person(request), **form.cleaned_data)
        messages.success(request, "The case is closed. It can be reopened.")
        return redirect("case_detail", public_id)
    context = {"form": form, "case": case}
    return render_page(request, "investigations/cases/close.html", context, status=400 if form.errors else 200)


@require_POST
@signed_in
def case_restriction(request: HttpRequest, public_id: str) -> HttpResponse:
    """Restrict the case to its members, or lift that."""
    case = access.get_led_case(person(request), public_id)
    try:
        if request.POST.get("restricted"):
            restriction.restrict(case=case, by=person(request))
            messages.success(request, "The case is restricted: nobody but its members knows of it.")
        else:
            restriction.lift_restriction(case=case, by=person(request))
            messages.success(request, "The restriction is lifted: leads know of the case.")
    except Refused as refused:
        messages.error(request, refused.sentence)
    return redirect("case_people", public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_break_glass)
def case_glass(request: HttpRequest) -> HttpResponse:
    """Into a restricted case, for a lead or an admin who says why; its members are told."""
    form, entered = BreakGlassForm(request.POST or None), []
    if request.method == "POST" and form.is_valid():

        def enter() -> None:
            entered.append(restriction.break_glass(by=person(request), **form.cleaned_data))

        if try_change(form, enter):
            return redirect("case_detail", entered[0].public_id)
    return render_page(request, "investigations/cases/glass.html", {"form": form}, status=400 if form.errors else 200)


@require_safe
@signed_in
def case_by_number(request: HttpRequest, number: str) -> HttpResponse:
    """On to the case of this number, which people say and type."""
    return redirect("case_detail", access.get_case_by_number(person(request), number).public_id)


@require_safe
@signed_in
@never_cache
@not_recorded(because="the page of a case asks it by itself; what it then shows anew is on record")
def case_live(request: HttpRequest, public_id: str) -> HttpResponse:
    """Who else looks at the case, and that it changed since the activity that the page has seen."""
    user = person(request)
    case = access.get_case(user, public_id)
    newest, seen = cases.find_newest_activity(case), read_number(request.GET.get("seen", "")) or 0
    context = {"case": case, "newest": newest, "present": note_present(f"case:{case.pk}", str(user))}
    if newest > seen:
        context["news"] = cases.describe_news(case, since=seen, but=user)
    response = render_page(request, "investigations/cases/_live.html", context)
    if newest > seen:
        response["HX-Trigger"] = "case-changed"
    return response


@require_POST
@signed_in
def case_work(request: HttpRequest, public_id: str) -> HttpResponse:
    """Work in the case from here on: every page says so, and what is pinned goes to it."""
    working_case.begin_work(request, access.get_case(person(request), public_id))
    return redirect("case_detail", public_id)


@require_POST
@signed_in
def case_leave(request: HttpRequest) -> HttpResponse:
    """Work in no case any more, and go on where one was."""
    working_case.end_work(request)
    return redirect(choose_way_back(request, name_page_of_form(request), otherwise=reverse("case_list")))
