"""Takes away the rows of an import that did not finish: nobody has seen the case, so that nothing refers to it."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

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


def undo_import(case: Case) -> None:
    """Delete the case with all that was written of it. Within the caller's transaction, so that all of it goes or nothing."""
    if not ForeignCase.objects.filter(case=case, is_arriving=True).exists():
        raise ValueError("only a case that is arriving is undone")
    hold_marks()
    _unmark_others(case)
    evidence = Evidence.objects.filter(case=case).values("pk")
    for rows in (
        HypothesisEvidence.objects.filter(evidence__in=evidence),
        Hypothesis.objects.filter(case=case),
        Attachment.objects.filter(case=case),
        Membership.objects.filter(case=case),
        EvidenceTag.objects.filter(evidence__in=evidence),
        ForeignEvidence.objects.filter(evidence__in=evidence),
        EvidenceFactValue.objects.filter(case=case),
        EvidenceFact.objects.filter(case=case),
        CustodyEntry.objects.filter(case=case),
        Evidence.objects.filter(case=case),
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


def _delete(rows: "QuerySet[Any]") -> None:
    """Delete rows in one statement. Records refuse to be deleted by the ways that pages have."""
    rows._raw_delete(rows.db)


def _unmark_others(case: Case) -> None:
    """Say no longer that other cases share what this one alone had in common with them."""
    pair = {"field": OuterRef("field"), "value": OuterRef("value")}
    entities = CaseEntity.objects.filter(**pair)
    CaseEntity.objects.filter(
        Exists(entities.filter(case=case)),
        ~Exists(entities.exclude(case=case).exclude(case=OuterRef("case"))),
        is_shared=True,
    ).exclude(case=case).update(is_shared=False)
    same = EvidenceFact.objects.filter(evidence__event_id=OuterRef("evidence__event_id"))
    EvidenceFact.objects.filter(
        Exists(same.filter(case=case)),
        ~Exists(same.exclude(case=case).exclude(case=OuterRef("case"))),
        is_shared=True,
    ).exclude(case=case).update(is_shared=False)
