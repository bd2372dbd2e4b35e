"""Shows the tasks of a case, adds and changes them, and says what is done."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import person, signed_in
from core.access import recorded_as
from core.errors import Refused
from core.forms import try_change
from core.htmx import render_page
from core.responses import choose_way_back
from investigations import access
from investigations.audit import CaseAction
from investigations.case_tasks import services as tasks
from investigations.case_tasks.forms import TaskChangeForm, TaskForm
from investigations.cases.case_page import build_case_context, render_tab
from investigations.models import Case, CaseTask


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.TASKS_READ)
def task_list(request: HttpRequest, public_id: str) -> HttpResponse:
    """The tasks of a case, and one more."""
    user = person(request)
    case = access.get_case(user, public_id)
    form = TaskForm(request.POST or None, case=case)
    if request.method == "POST":
        case = access.get_writable_case(user, public_id)
        if form.is_valid() and try_change(form, lambda: tasks.add_task(case=case, by=user, **form.cleaned_data)):
            return redirect("task_list", public_id)
    return render_tab(
        request,
        case,
        "tasks",
        "investigations/case_tasks/list.html",
        form,
        tasks=case.tasks.in_working_order().select_related("assignee"),
        today=timezone.now().date(),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.TASKS_READ)
def task_detail(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """One task, changed; of two who change it at once the second sees both."""
    case = access.get_writable_case(person(request), public_id)
    task = _get_task(case, number)
    form = TaskChangeForm(request.POST or None, case=case, initial=_read_words(task))
    status = 200
    if request.method == "POST":
        status = _change(request, task, form)
        if status == 200:
            return redirect("task_list", public_id)
    context = build_case_context(person(request), case) | {"tab": "tasks", "form": form, "task": task}
    return render_page(request, "investigations/case_tasks/detail.html", context, status=status)


def _change(request: HttpRequest, task: CaseTask, form: TaskChangeForm) -> int:
    """Change the task as the form says; the status of the answer."""

    def change() -> None:
        tasks.change_task(task=task, by=person(request), **form.cleaned_data)

    def read_current() -> dict[str, Any]:
        task.refresh_from_db()
        return _read_words(task)

    return form.save_change(change, read_current)


def _read_words(task: CaseTask) -> dict[str, Any]:
    assignee = task.assignee.username if task.assignee else ""
    return {"title": task.title, "assignee": assignee, "due": task.due, "revision": task.revision}


@require_POST
@signed_in
def task_state(request: HttpRequest, public_id: str, number: int) -> HttpResponseBase:
    """Say that a task is done, not needed, or open again; then back to where it was said."""
    case = access.get_writable_case(person(request), public_id)
    task = _get_task(case, number)
    try:
        tasks.set_task_state(task=task, state=request.POST.get("state", ""), by=person(request))
    except Refused as refused:
        messages.error(request, refused.sentence)
    tasks_page = reverse("task_list", args=[public_id])
    return redirect(choose_way_back(request, request.POST.get("back", ""), otherwise=tasks_page))


def _get_task(case: Case, number: int) -> CaseTask:
    task = case.tasks.filter(number=number).select_related("assignee", "case").first()
    if task is None:
        raise Http404("There is no such task.")
    return task
