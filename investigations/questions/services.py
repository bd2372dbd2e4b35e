"""Asks the trail, records the question in the audit log, and adds what makes the answer provisional."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.conf import settings
from django.utils.http import urlencode

from core.audit import Actor, Result
from investigations import admission, audit
from investigations.audit import CaseAction
from investigations.coverage import add_doubts
from trail.connection import deadline
from trail.questions.indicator_list import IndicatorList
from trail.search.spec import Search

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What the audit log says of a question: the action, the kind and the id of what it is about, and what was asked.

    `cost` is what it costs the engine, in the units of trail.search.language.cost.
    """

    action: CaseAction
    resource: tuple[str, str] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    cost: int = 0


def question_entry(name: str, /, **labels: str) -> AuditEntry:
    """The entry of a question that has a name, such as `token` or `lineage`."""
    return AuditEntry(CaseAction.QUESTION, ("question", name), labels)


def search_entry(search: Search, /, **labels: str) -> AuditEntry:
    """The entry of a search."""
    cost = admission.estimate_search(search)
    return AuditEntry(CaseAction.SEARCH, labels={"search": _words_of(search), **labels}, cost=cost)


def comparison_entry(left: Search, right: Search) -> AuditEntry:
    """The entry of two searches that are compared."""
    labels = {"left": _words_of(left) or "everything", "right": _words_of(right) or "everything"}
    cost = admission.estimate_search(left) + admission.estimate_search(right)
    return AuditEntry(CaseAction.COMPARE, labels=labels, cost=cost)


def indicators_entry(listed: IndicatorList) -> AuditEntry:
    """The entry of a list of indicators: their number and the list's digest, never the indicators themselves."""
    labels = {"count": str(len(listed.indicators)), "sha256": listed.digest()}
    cost = admission.estimate_indicators(len(listed.indicators))
    return AuditEntry(CaseAction.INDICATORS, ("indicators", labels["sha256"]), labels, cost)


def ask(question: Callable[[], Answer], *, by: Actor, entry: AuditEntry, wait: float = admission.LONG_WAIT) -> Answer:
    """Asks, and returns the answer once the question is on record, with every doubt about its coverage.

    A costly question waits at most `wait` seconds for others; each has QUESTION_SECONDS for itself. Raises Busy; what the
    question raises: BadQuery, TooLarge, TrailUnavailable; and WriteRefused where no record can be kept.
    """
    began = time.monotonic()
    with admission.admit_question(by, cost=entry.cost, wait=wait), deadline(settings.QUESTION_SECONDS):
        answer = question()
    result = Result(hits=_count_hits(answer), seconds=time.monotonic() - began)
    audit.record_access(entry.action, by=by, resource=entry.resource, labels=dict(entry.labels), result=result)
    return add_doubts(answer)


def _count_hits(answer: Any) -> int | None:
    """How many results an answer has, where it says so."""
    if isinstance(answer, list | tuple):
        return len(answer)
    total = getattr(getattr(answer, "page", answer), "total", None)
    return total if isinstance(total, int) else None


def _words_of(search: Search) -> str:
    return urlencode(search.to_query(), doseq=True)
