"""Gives out the cases whose timelines are shown as one, and the facts of all that they hold."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db.models import QuerySet, Window
from django.db.models.functions import RowNumber
from django.http import Http404

from accounts.models import User
from investigations import access
from investigations.cases.bulk import MOST_TOGETHER
from investigations.models import Case, Evidence, EvidenceFact, ManualEvent
from investigations.presentation.manual_picture import MOST
from investigations.timeline.fact_lifeline import Facts
from investigations.timeline.pages import KeyPage, Rows


class Entered(NamedTuple):
    """What was entered by hand into several cases, and what of it begins a phase, both in order of time."""

    events: list[ManualEvent]
    milestones: list[ManualEvent]


def get_cases(user: User, numbers: Sequence[str]) -> list[Case]:
    """The cases of these numbers, each once, in the order of the address. Raises Http404 for none, for more than MOST_TOGETHER,
    and for one that this person may not know of, as for a number that no case has."""
    wanted = list(dict.fromkeys(numbers))
    if not 0 < len(wanted) <= MOST_TOGETHER:
        raise Http404(f"Name from one to {MOST_TOGETHER} cases.")
    return [access.get_case_by_number(user, number) for number in wanted]


def select_facts(cases: Sequence[Case]) -> Facts:
    """The facts of everything in these cases that is not withdrawn."""
    return EvidenceFact.objects.not_withdrawn().filter(case__in=[case.pk for case in cases])


def select_evidence(cases: Sequence[Case]) -> Rows:
    """Everything in these cases that is not withdrawn."""
    return Evidence.objects.not_withdrawn().filter(case__in=[case.pk for case in cases])


def list_entered(cases: Sequence[Case]) -> Entered:
    """What was entered by hand into these cases, the first of each, in order of time: one more than is drawn, which says that
    there is more. The milestones are read by themselves, for the phase before one that is cut would not end. Two queries."""
    entered = ManualEvent.objects.not_withdrawn().filter(case__in=[case.pk for case in cases])
    return Entered(list(_take_of_each(entered, MOST + 1)), list(_take_of_each(entered.exclude(phase=""), MOST)))


def _take_of_each(rows: QuerySet[ManualEvent], most: int) -> QuerySet[ManualEvent]:
    place = Window(RowNumber(), partition_by="case", order_by=("place", "number"))
    return rows.annotate(rank=place).filter(rank__lte=most).order_by("place", "case", "number")


def name_ends(cases: Sequence[Case], page: KeyPage) -> dict[str, str]:
    """What the links to the page before and after name: the first and the last evidence, with their cases."""
    numbers = {case.pk: case.number for case in cases}
    ends = {"earlier": page.first, "later": page.last}
    return {word: f"{numbers[key.case_id]}-{key.label}" for word, key in ends.items() if key}
