"""Changes the tasks of a case, one function for each change: atomic, and on record in the trail."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.errors import Conflict, Refused
from core.records import next_number
from investigations.audit import CaseAction, record_in_case
from investigations.cases.services import find_assignee, hold_open
from investigations.models import Case, CaseTask


@transaction.atomic
def add_task(*, case: Case, title: str, by: User, assignee: str = "", due: date | None = None) -> CaseTask:
    """A new task. `assignee` is the username of somebody who may write to the case. Raises CaseClosed, Refused."""
    hold_open(case)
    task = CaseTask.objects.create(
        case=case,
        number=next_number(case.tasks),
        title=title,
        assignee=find_assignee(case, assignee),
        due=due,
        created_by_name=by.name or by.username,
    )
    _record(CaseAction.TASK_ADD, f"added task {task.number}", task, by)
    return task


@transaction.atomic
def change_task(*, task: CaseTask, title: str, assignee: str, due: date | None, revision: int, by: User) -> None:
    """Change a task's words. Raises CaseClosed, Refused; Conflict when it was changed since `revision`."""
    hold_open(task.case)
    current = CaseTask.objects.select_for_update().get(pk=task.pk)
    words = {"title": title, "assignee": find_assignee(task.case, assignee), "due": due}
    if all(getattr(current, name) == word for name, word in words.items()):
        return
    if current.revision != revision:
        raise Conflict
    for name, word in words.items():
        setattr(current, name, word)
    current.revision += 1
    current.save()
    _record(CaseAction.TASK_CHANGE, f"changed task {current.number}", current, by)


@transaction.atomic
def set_task_state(*, task: CaseTask, state: str, by: User) -> None:
    """Say that it is done, not needed, or open again. What is so already changes nothing. Raises CaseClosed, Refused."""
    if state not in CaseTask.State.values:
        raise Refused("A task is open, done or not needed; nothing was changed.")
    hold_open(task.case)
    is_open = state == CaseTask.State.OPEN
    settled = {
        "settled_by_name": "" if is_open else by.name or by.username,
        "settled_at": None if is_open else timezone.now(),
    }
    if CaseTask.objects.filter(pk=task.pk).exclude(state=state).update(state=CaseTask.State(state), **settled):
        task.refresh_from_db()
        words = {"open": "opened", "done": "did", "dropped": "dropped"}[state]
        _record(CaseAction.TASK_SETTLE, f"{words} task {task.number}", task, by)


def _record(action: CaseAction, summary: str, task: CaseTask, by: User) -> None:
    task.case.save(update_fields=["changed_at"])
    labels = {"task": str(task.number), "state": task.state}
    if task.assignee:
        labels["assignee"] = task.assignee.username
    record_in_case(action, summary, by=by, case=task.case, labels=labels)
