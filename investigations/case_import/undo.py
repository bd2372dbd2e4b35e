"""Takes away the rows of an import that did not finish: nobody has seen the case, so that nothing refers to it."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from investigations.entities.services import hold_marks
from investigations.models import (
    Activity,
    Attachment,
    Case,
    CaseEntity,
    CaseImport,
    CaseTag,
    CaseTask,
    ClockSkew,
    CustodyEntry,
    Evidence,
    EvidenceFact,
    EvidenceFactValue,
    EvidenceTag,
    ForeignCase,
    ForeignEvidence,
    Hypothesis,
    HypothesisEvidence,
    ManualEvent,
    ManualEventVersion,
    Membership,
    Note,
    Verdict,
)

STEP = 500  # rows of each kind that go in one transaction


def undo_in_steps(case: Case, hold: Callable[[], object]) -> None:
    """Delete what a case may have very much of, so that others write between two steps; `undo_import` takes the rest.

    `hold` is called first in each transaction, and may raise to stop.
    """
    _expect_arriving(case)
    is_left = True
    while is_left:
        with transaction.atomic():
            hold()
            hold_marks()
            is_left = _undo_step(case)


def _undo_step(case: Case) -> bool:
    """Whether there was something to delete."""
    evidence = dict(Evidence.objects.filter(case=case).order_by("pk").values_list("pk", "event_id")[:STEP])
    entities = dict(CaseEntity.objects.filter(case=case).order_by("pk").values_list("pk", "value")[:STEP])
    activities = list(Activity.objects.filter(case=case).order_by("pk").values_list("pk", flat=True)[:STEP])
    _unmark_entities(case, CaseEntity.objects.filter(pk__in=entities), Q(value__in=entities.values()))
    _unmark_facts(case, EvidenceFact.objects.filter(evidence__in=evidence), Q(evidence__event_id__in=evidence.values()))
    _delete_evidence(list(evidence))
    _delete(Verdict.objects.filter(entity__in=list(entities)))
    _delete(CaseEntity.objects.filter(pk__in=list(entities)))
    _delete(Activity.objects.filter(pk__in=activities))
    return bool(evidence or entities or activities)


def undo_import(case: Case) -> None:
    """Delete the case with all that is there of it. Within the caller's transaction, so that all of it goes or nothing."""
    _expect_arriving(case)
    hold_marks()
    _unmark_entities(case, CaseEntity.objects.filter(case=case))
    _unmark_facts(case, EvidenceFact.objects.filter(case=case))
    _delete_evidence(Evidence.objects.filter(case=case).values("pk"))
    for rows in (
        Hypothesis.objects.filter(case=case),
        Attachment.objects.filter(case=case),
        Membership.objects.filter(case=case),
        Verdict.objects.filter(entity__in=CaseEntity.objects.filter(case=case).values("pk")),
        CaseEntity.objects.filter(case=case),
        CaseTag.objects.filter(case=case),
        CaseTask.objects.filter(case=case),
        Note.objects.filter(case=case),
        ManualEventVersion.objects.filter(event__in=ManualEvent.objects.filter(case=case).values("pk")),
        ManualEvent.objects.filter(case=case),
        ClockSkew.objects.filter(case=case),
        Activity.objects.filter(case=case),
        ForeignCase.objects.filter(case=case),
    ):
        _delete(rows)
    CaseImport.objects.filter(case=case).update(case=None)
    _delete(Case.objects.filter(pk=case.pk))


def _expect_arriving(case: Case) -> None:
    if not ForeignCase.objects.filter(case=case, is_arriving=True).exists():
        raise ValueError("only a case that is arriving is undone")


def _delete_evidence(keys: Any) -> None:
    """Delete pieces of evidence, by their keys or a query of them, with what hangs on them."""
    _delete(EvidenceFactValue.objects.filter(fact__in=keys))  # a fact's key is that of its evidence
    for model in (HypothesisEvidence, EvidenceTag, ForeignEvidence, EvidenceFact, CustodyEntry):
        _delete(model._default_manager.filter(evidence__in=keys))
    _delete(Evidence.objects.filter(pk__in=keys))


def _delete(rows: "QuerySet[Any]") -> None:
    """Delete rows in one statement. Records refuse to be deleted by the ways that pages have."""
    rows._raw_delete(rows.db)


def _unmark_entities(case: Case, own: "QuerySet[CaseEntity]", among: Q | None = None) -> None:
    """Say no longer that other cases share these entities of a case, which it alone had in common with them.

    `among` is the same in words that an index has.
    """
    pair = {"field": OuterRef("field"), "value": OuterRef("value")}
    entities = CaseEntity.objects.filter(**pair)
    CaseEntity.objects.filter(
        among or Q(),
        Exists(own.filter(**pair)),
        ~Exists(entities.exclude(case=case).exclude(case=OuterRef("case"))),
        is_shared=True,
    ).exclude(case=case).update(is_shared=False)


def _unmark_facts(case: Case, own: "QuerySet[EvidenceFact]", among: Q | None = None) -> None:
    """The same of the events of evidence."""
    same = EvidenceFact.objects.filter(evidence__event_id=OuterRef("evidence__event_id"))
    EvidenceFact.objects.filter(
        among or Q(),
        Exists(own.filter(evidence__event_id=OuterRef("evidence__event_id"))),
        ~Exists(same.exclude(case=case).exclude(case=OuterRef("case"))),
        is_shared=True,
    ).exclude(case=case).update(is_shared=False)
