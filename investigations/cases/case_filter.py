"""Finds cases by what is written in them, and by their status, severity, tag and people."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable

from accounts.models import User
from investigations.cases.numbers import read_number
from investigations.models import Case, CaseTag, CaseTask, Evidence, Hypothesis, ManualEvent, Note
from investigations.models.cases import CaseQuerySet

PAGE_SIZE = 50
STATUSES = {"open": "Open", "contained": "Contained", "closed": "Closed", "all": "All"}
SORTS = {"changed": "Last change", "opened": "Newest", "severity": "Severity", "number": "Number"}
_SEVERITY = models.Case(
    *(models.When(severity=severity, then=place) for place, severity in enumerate(Case.Severity.values)),
    output_field=models.IntegerField(),
)
_ORDERS: dict[str, tuple[Any, ...]] = {
    "changed": ("-changed_at", "-pk"),
    "opened": ("-opened_at", "-pk"),
    "severity": (_SEVERITY.desc(), "-changed_at", "-pk"),
    "number": ("-number",),
}


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases are shown, and in which order. `text` is looked for in everything that is written in a case.

    On the `board` every status has a column, so that `status` says nothing there.
    """

    text: str = ""
    status: str = "open"
    severity: str = ""
    tag: str = ""
    assignee: str = ""
    mine: bool = False
    sort: str = "changed"
    board: bool = False

    def is_narrow(self) -> bool:
        """Whether it leaves cases out by more than their status."""
        return bool(self.text or self.severity or self.tag or self.assignee or self.mine)


def read_filter(query: Mapping[str, str]) -> CaseFilter:
    """The filter that an address holds; what it does not know there is left out."""
    status, severity, sort = query.get("status", ""), query.get("severity", ""), query.get("sort", "")
    return CaseFilter(
        text=query.get("q", "").strip()[:200],
        status=status if status in STATUSES else "open",
        severity=severity if severity in Case.Severity.values else "",
        tag=query.get("tag", "").strip().lower()[:40],
        assignee=query.get("assignee", "").strip()[:64],
        mine=bool(query.get("mine")),
        sort=sort if sort in SORTS else "changed",
        board=query.get("view") == "board",
    )


def find_cases(user: User, chosen: CaseFilter) -> QuerySet[Case]:
    """Those that this person may know of, in the chosen order."""
    cases = _narrow(user, chosen)
    if chosen.status != "all":
        cases = cases.filter(status=chosen.status)
    return cases.with_origin().select_related("assignee").prefetch_related("tags").order_by(*_ORDERS[chosen.sort])


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """The cases of one status: the first PAGE_SIZE of them in the chosen order, and how many there are in all."""

    status: str
    words: str
    number: int
    cases: list[Case]


def build_board(user: User, chosen: CaseFilter) -> list[BoardColumn]:
    """A column for each status. Two queries for each and one for all, however many cases there are."""
    numbers = {status: number for status, _, number in count_by_status(user, chosen)}
    return [
        BoardColumn(status, words, numbers[status], list(find_cases(user, replace(chosen, status=status))[:PAGE_SIZE]))
        for status, words in Case.Status.choices
    ]


def count_by_status(user: User, chosen: CaseFilter) -> list[tuple[str, str, int]]:
    """For each status, and for all: its name in addresses, in words, and how many cases the rest of the filter finds."""
    counted = dict(_narrow(user, chosen).order_by().values_list("status").annotate(Count("pk")))
    counted["all"] = sum(counted.values())
    return [(status, words, counted.get(status, 0)) for status, words in STATUSES.items()]


def list_tags(user: User) -> list[tuple[str, int]]:
    """The tags of the cases that this person may know of, the commonest first."""
    seen = Case.objects.visible_to(user).values("pk")
    tags = CaseTag.objects.filter(case__in=seen).order_by().values_list("name").annotate(number=Count("pk"))
    return list(tags.order_by("-number", "name")[:30])


def _narrow(user: User, chosen: CaseFilter) -> CaseQuerySet:
    cases = Case.objects.visible_to(user)
    if chosen.text:
        cases = cases.filter(_written(chosen.text))
    if chosen.severity:
        cases = cases.filter(severity=chosen.severity)
    if chosen.tag:
        cases = cases.filter(Exists(CaseTag.objects.filter(case=OuterRef("pk"), name=chosen.tag)))
    if chosen.assignee:
        cases = cases.filter(assignee__username=chosen.assignee)
    if chosen.mine:
        cases = cases.filter(assignee=user)
    return cases


def _written(text: str) -> Combinable | Q:
    """Whether the text stands in what people wrote in the case, its number and tags included, or is an event's id of it."""
    if number := read_number(text):
        return Q(number=number)
    here = OuterRef("pk")
    return (
        Q(title__icontains=text)
        | Q(description__icontains=text)
        | Q(closing_reason__icontains=text)
        | Q(public_id=text)
        | Exists(CaseTag.objects.filter(case=here, name__icontains=text))
        | Exists(Hypothesis.objects.filter(case=here).filter(Q(statement__icontains=text) | Q(answer__icontains=text)))
        | Exists(CaseTask.objects.filter(case=here, title__icontains=text))
        | Exists(ManualEvent.objects.filter(case=here).filter(Q(title__icontains=text) | Q(details__icontains=text)))
        | Exists(Note.objects.filter(case=here, text__icontains=text))
        | Exists(Evidence.objects.filter(case=here).filter(Q(reason__icontains=text) | Q(event_id=text)))
    )
