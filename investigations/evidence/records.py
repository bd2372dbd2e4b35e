"""Adds pinned evidence to a case with all that its pages count, and takes withdrawn evidence out of these counts."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import orjson
from django.utils import timezone

from accounts.models import User
from investigations.entities.services import count_entities, hold_marks
from investigations.models import Case, Evidence, EvidenceFact, EvidenceFactValue
from investigations.timeline.facts import build_fact, build_further_values

AT_ONCE = 500  # rows of one statement


def add_evidence(case: Case, new: Sequence[Evidence]) -> None:
    """Keep new evidence of a case: the rows, the facts of its events, and what these are about.

    Whatever pins does so by this alone, while it holds the case (`hold_open`), else its pages would not know of it.
    """
    hold_marks()
    Evidence.objects.bulk_create(new, batch_size=AT_ONCE)
    facts = [fact for fact in map(build_fact, new) if fact is not None]
    _mark_shared(case, facts, {each.pk: each.event_id for each in new})
    EvidenceFact.objects.bulk_create(facts, batch_size=AT_ONCE)
    further = chain.from_iterable(map(build_further_values, new))
    while batch := list(islice(further, AT_ONCE)):
        EvidenceFactValue.objects.bulk_create(batch)
    count_entities(case, (each.document for each in new if not each.is_statement), by=1)


def _mark_shared(case: Case, facts: Sequence[EvidenceFact], event_ids: Mapping[int, str]) -> None:
    """Say of these events, whose ids stand by the keys of the evidence, and of the same ones in other cases, that several cases
    have them."""
    rows = iter(facts)
    while batch := list(islice(rows, AT_ONCE)):
        ids = [event_ids[fact.pk] for fact in batch]
        same = EvidenceFact.objects.filter(evidence__event_id__in=ids).exclude(case=case)
        others = dict(same.values_list("evidence", "evidence__event_id"))
        EvidenceFact.objects.filter(pk__in=others, is_shared=False).update(is_shared=True)
        known = set(others.values())
        for fact in batch:
            fact.is_shared = event_ids[fact.pk] in known


def withdraw_evidence(case: Case, evidence: Sequence[Evidence], *, reason: str, by: User) -> None:
    """Note of evidence of a case that it is withdrawn; it stays, and counts no more. The caller holds the case and records it."""
    keys, now = [each.pk for each in evidence], timezone.now()
    for start in range(0, len(keys), AT_ONCE):
        batch = keys[start : start + AT_ONCE]
        Evidence.objects.filter(pk__in=batch).update(
            withdrawn_at=now, withdrawn_by_name=by.name or by.username, withdrawn_reason=reason
        )
        EvidenceFact.objects.filter(pk__in=batch).update(is_withdrawn=True)
    count_entities(case, _read_documents(evidence), by=-1)


def _read_documents(evidence: Sequence[Evidence]) -> Iterator[dict[str, Any]]:
    """The copies of events; one that is no JSON any more, for it was tampered with, says nothing."""
    for each in evidence:
        try:
            if not each.is_statement:
                yield each.document
        except orjson.JSONDecodeError:
            continue
