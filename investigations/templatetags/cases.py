"""Says in words how far the parts of a case are."""

from datetime import date
from typing import Any

from django import template
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.models import User
from investigations import access
from investigations.exports.formats.csv import HEADER
from investigations.exports.forms import list_formats
from investigations.hypotheses.evidence_numbers import write_numbers
from investigations.hypotheses.services import list_numbers
from investigations.models import Case, CaseTask, Hypothesis, RedactionProfile, Run
from investigations.presentation.cells import make_visible
from investigations.presentation.times import format_day
from investigations.redaction.services import list_offered
from investigations.search_url import search_address
from trail.search.spec import Search

register = template.Library()


@register.simple_tag
def redaction_profiles() -> "QuerySet[RedactionProfile]":
    """The profiles that somebody who takes something out of the console may choose."""
    return list_offered()


@register.filter
def run_title(run: Run, user: User) -> str:
    """What a run is called, for who may see it."""
    return run.title if access.may_see(user, run) else "a run that you may not see"


@register.filter
def may_see_run(user: User, run: Run | None) -> bool:
    """Whether there is a run that this person may see."""
    return run is not None and access.may_see(user, run)


@register.simple_tag
def export_menu(is_case: bool) -> dict[str, object]:
    """The formats that an export of a case, or of a run, can have, in groups; and the columns of its CSV."""
    return {"groups": list_formats(is_case=is_case), "columns": HEADER}


@register.simple_tag
def task_note(task: CaseTask, today: date) -> str:
    """Whose the task is and until when; or who settled it."""
    if not task.is_open:
        return f"{task.get_state_display().lower()}, {make_visible(task.settled_by_name)}"
    whose = make_visible(task.assignee_name) or "unassigned"
    due = task_due(task, today)
    return f"{whose}, {due}" if due else whose


@register.simple_tag
def task_mark(task: CaseTask) -> str:
    """What stands in the task's box: nothing while it is open."""
    return {"open": "", "done": "✓", "dropped": "–"}[task.state]


@register.simple_tag
def task_due(task: CaseTask, today: date) -> str:
    """Until when the task is to be done; nothing for one without a day."""
    if task.due is None:
        return ""
    day = format_day(f"{task.due.isoformat()}T00:00:00Z")
    return f"overdue since {day}" if task.is_late(today) else f"due {day}"


@register.simple_tag
def hypothesis_evidence(hypothesis: Hypothesis, case: Case) -> SafeString:
    """What speaks for it and against it, each range a link to its first."""
    sides = [(word, list_numbers(hypothesis, speaks_for=side)) for word, side in (("for", True), ("against", False))]
    if not any(numbers for _, numbers in sides):
        return SafeString("nothing speaks for or against it yet")
    return SafeString("; ".join(f"{word} {_link_numbers(numbers, case)}" for word, numbers in sides))


def _link_numbers(numbers: list[int], case: Case) -> str:
    if not numbers:
        return "none"
    page = reverse("case_detail", args=[case.public_id])
    ranges = write_numbers(numbers).split(", ")
    firsts = ((words.partition(" ")[0], words) for words in ranges)
    return ", ".join(f'<a class="ref" href="{page}?at={first}#{first}">{words}</a>' for first, words in firsts)


@register.filter
def search_link(search: dict[str, Any]) -> str:
    """The address at which a search that is kept as JSON is asked here; empty where it is none, or its address too long."""
    return search_address(Search.from_json(search)) or "" if search else ""
