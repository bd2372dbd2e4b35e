"""Counts anew from the frozen copies what the console keeps of them, and compares both."""

from collections import Counter, defaultdict

from investigations.entities.services import KINDS
from investigations.models import CaseEntity, Evidence, EvidenceFact, EvidenceFactValue
from investigations.timeline.facts import build_fact, build_further_values
from trail.documents import get


def assert_counted_anew() -> None:
    """That facts, and the entities of every case, are what the copies of all cases say, and that what is shared is said to be."""
    events = list(Evidence.objects.filter(kind=Evidence.Kind.EVENT).select_related("case"))
    cases_of, counted = defaultdict[str, set[int]](set), Counter[tuple[int, str, str]]()
    for each in events:
        cases_of[each.event_id].add(each.case_id)
        for field in KINDS if each.withdrawn_at is None else ():
            value = get(each.document, field)
            if isinstance(value, str) and value:
                counted[each.case_id, field, value] += 1
    facts = {fact.pk: fact for fact in EvidenceFact.objects.all()}
    assert facts.keys() == {each.pk for each in events}
    for each in events:
        expected, fact = build_fact(each), facts[each.pk]
        assert expected is not None
        expected.is_shared = len(cases_of[each.event_id]) > 1
        names = [field.attname for field in EvidenceFact._meta.concrete_fields]
        assert {name: getattr(fact, name) for name in names} == {name: getattr(expected, name) for name in names}
    further = {(each.fact_id, each.case_id, each.column, each.value) for each in EvidenceFactValue.objects.all()}
    anew = [value for each in events for value in build_further_values(each)]
    assert further == {(each.fact_id, each.case_id, each.column, each.value) for each in anew}
    entities = list(CaseEntity.objects.all())
    assert {(e.case_id, e.field, e.value): e.events for e in entities if e.events} == dict(counted)
    having = Counter((entity.field, entity.value) for entity in entities)
    assert [e for e in entities if e.is_shared != (having[e.field, e.value] > 1)] == []
