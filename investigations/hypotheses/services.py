"""Changes the hypotheses of a case: atomic, and on record in the trail."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F, Prefetch, QuerySet
from django.utils import timezone

from accounts.models import User
from core.errors import Conflict, Refused
from core.records import next_number
from investigations.audit import CaseAction, record_in_case
from investigations.cases.services import hold_open
from investigations.hypotheses.evidence_numbers import read_numbers, write_numbers
from investigations.models import Case, Evidence, Hypothesis, HypothesisEvidence


@transaction.atomic
def add_hypothesis(*, case: Case, statement: str, by: User) -> Hypothesis:
    """A new one, of which nothing is known yet. Raises CaseClosed."""
    hold_open(case)
    hypothesis = Hypothesis.objects.create(
        case=case,
        number=next_number(case.hypotheses),
        statement=statement,
        created_by_name=by.name or by.username,
    )
    _record(CaseAction.HYPOTHESIS_ADD, f"added hypothesis {hypothesis.number}", hypothesis, by)
    return hypothesis


def read_words(hypothesis: Hypothesis) -> dict[str, object]:
    """What `change_hypothesis` may change, as a form holds it, with its revision."""
    return {
        "statement": hypothesis.statement,
        "state": hypothesis.state,
        "supporting": write_numbers(list_numbers(hypothesis, speaks_for=True)),
        "contradicting": write_numbers(list_numbers(hypothesis, speaks_for=False)),
        "answer": hypothesis.answer,
        "revision": hypothesis.revision,
    }


@transaction.atomic
def change_hypothesis(*, hypothesis: Hypothesis, revision: int, by: User, **words: str) -> None:
    """Change its statement, state, evidence for (`supporting`) and against it (`contradicting`), or answer.

    `revision` is the one that `by` was shown. Raises CaseClosed; Conflict when somebody has changed it since; Refused for
    evidence that the case does not have.
    """
    hold_open(hypothesis.case)
    current = Hypothesis.objects.select_for_update().get(pk=hypothesis.pk)
    supporting = _find_evidence(current.case, words["supporting"], "supporting")
    contradicting = _find_evidence(current.case, words["contradicting"], "contradicting")
    if both := supporting.keys() & contradicting.keys():
        raise Refused(f"{write_numbers(both)} cannot speak for it and against it.", "contradicting")
    new = words | {"supporting": write_numbers(supporting), "contradicting": write_numbers(contradicting)}
    before = read_words(current)
    if all(before[name] == word for name, word in new.items()):
        return
    if current.revision != revision:
        raise Conflict
    current.statement, current.state, current.answer = words["statement"], words["state"], words["answer"]
    current.revision += 1
    current.changed_by_name, current.changed_at = by.name or by.username, timezone.now()
    current.save()
    current.evidence_links.all().delete()
    sides = ((supporting.values(), True), (contradicting.values(), False))
    HypothesisEvidence.objects.bulk_create(
        HypothesisEvidence(hypothesis=current, evidence_id=key, speaks_for=side) for keys, side in sides for key in keys
    )
    _record(CaseAction.HYPOTHESIS_CHANGE, f"changed hypothesis {current.number}", current, by)


@transaction.atomic
def link_evidence(*, hypothesis: Hypothesis, evidence: Evidence, speaks_for: bool, by: User) -> bool:
    """Say that evidence speaks for a hypothesis, or against it, whatever was said before; whether that is new.

    Raises CaseClosed.
    """
    hold_open(hypothesis.case)
    current = Hypothesis.objects.select_for_update().get(pk=hypothesis.pk)
    if current.evidence_links.filter(evidence=evidence, speaks_for=speaks_for).exists():
        return False
    current.evidence_links.update_or_create(evidence=evidence, defaults={"speaks_for": speaks_for})
    current.revision += 1
    current.changed_by_name, current.changed_at = by.name or by.username, timezone.now()
    current.save()
    side = "for" if speaks_for else "against"
    summary = f"said that {evidence.label} speaks {side} hypothesis {current.number}"
    _record(CaseAction.HYPOTHESIS_CHANGE, summary, current, by)
    return True


def link_new(*, hypothesis: Hypothesis, keys: Iterable[int], speaks_for: bool, by: User) -> None:
    """Say that evidence that was pinned just now, by its keys, speaks for a hypothesis or against it.

    The caller holds the case's row, and puts it on record with the pin.
    """
    links = (HypothesisEvidence(hypothesis=hypothesis, evidence_id=key, speaks_for=speaks_for) for key in keys)
    HypothesisEvidence.objects.bulk_create(links)
    Hypothesis.objects.filter(pk=hypothesis.pk).update(
        revision=F("revision") + 1, changed_by_name=by.name or by.username, changed_at=timezone.now()
    )


def list_numbers(hypothesis: Hypothesis, *, speaks_for: bool) -> list[int]:
    """The numbers of the evidence on one side."""
    links = hypothesis.evidence_links.all()
    return [link.evidence.number for link in links if link.speaks_for is speaks_for]


def list_hypotheses(case: Case) -> QuerySet[Hypothesis]:
    """Those of a case with their evidence, in two queries."""
    # The frozen copies are large, and a list says numbers alone.
    numbers = Evidence.objects.only("number", "case")
    return case.hypotheses.prefetch_related(Prefetch("evidence_links__evidence", queryset=numbers))


def _find_evidence(case: Case, text: str, field: str) -> dict[int, int]:
    """The keys of the evidence by its number. Raises Refused for what is no number, or is not in the case."""
    try:
        numbers = read_numbers(text)
    except ValueError as error:
        raise Refused(f"{error} is no evidence; write E1, E3 to E5.", field) from error
    keys = dict(case.evidence.filter(number__in=numbers).values_list("number", "pk"))
    if missing := _list_missing(numbers, keys):
        raise Refused(f"This case has no {write_numbers(missing)}.", field)
    return keys


def _list_missing(numbers: Iterable[int], known: Iterable[int]) -> list[int]:
    return sorted(set(numbers) - set(known))


def _record(action: CaseAction, summary: str, hypothesis: Hypothesis, by: User) -> None:
    hypothesis.case.save(update_fields=["changed_at"])
    labels = {"hypothesis": str(hypothesis.number), "state": hypothesis.state}
    record_in_case(action, summary, by=by, case=hypothesis.case, labels=labels)
