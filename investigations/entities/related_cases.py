"""Finds other cases that have the same entities or the same events, as far as a person may see them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from accounts.models import User
from investigations.models import Case, CaseEntity, Evidence, EvidenceFact

# A service is in half of all cases: that it is in two says nothing.
TELLING = ("token.id", "user.id", "source.ip", "resource.id")
RELATED_SHOWN, SHARED_SHOWN = 10, 3
# Of a case that shares more than these with others, so many are looked at.
MOST_SHARED = 250
# So many of the cases that share most entities, and most events, are compared.
MOST_CASES = 100


@dataclass(frozen=True, slots=True)
class RelatedCase:
    """Another case, how many entities and events it shares, at least so many where `is_more`, and the values of some."""

    case: Case
    count: int
    shared: tuple[str, ...]
    is_more: bool = False


def find_related_cases(case: Case, by: User) -> list[RelatedCase]:
    """Other cases with the same token, user, address, resource or event, those that share most first.

    What several cases have is marked where it is pinned, so that a case of very many events is not read. Seven queries.
    """
    entities = CaseEntity.objects.filter(case=case, is_shared=True, field__in=TELLING)
    pairs = list(entities.values_list("field", "value")[:MOST_SHARED])
    events = EvidenceFact.objects.filter(case=case, is_shared=True)
    ids = list(events.values_list("evidence__event_id", flat=True)[:MOST_SHARED])
    others = Case.objects.visible_to(by).exclude(pk=case.pk).values("pk")
    same_entity = CaseEntity.objects.filter(_match(pairs), case__in=others)
    same_event = Evidence.objects.filter(event_id__in=ids, case__in=others)
    counts = Counter[int]()
    for rows, counted in ((same_entity, "pk"), (same_event, "event_id")):
        number = Count(counted, distinct=True)
        ranked = rows.order_by().values("case").annotate(number=number).order_by("-number", "-case")
        for key, shared in ranked.values_list("case", "number")[:MOST_CASES]:
            counts[key] += shared
    closest = sorted(counts, key=lambda key: (-counts[key], -key))[:RELATED_SHOWN]
    names: dict[int, list[str]] = defaultdict(list)
    for rows, name in ((same_entity, "value"), (same_event, "event_id")):
        for key, value in rows.filter(case__in=closest).values_list("case", name)[:MOST_SHARED]:
            if value not in names[key]:
                names[key].append(value)
    is_more = len(pairs) == MOST_SHARED or len(ids) == MOST_SHARED
    cases = Case.objects.with_origin().in_bulk(closest)
    return [RelatedCase(cases[key], counts[key], tuple(names[key][:SHARED_SHOWN]), is_more) for key in closest]


def _match(pairs: Sequence[tuple[str, str]]) -> Q:
    """That an entity is one of these."""
    same = Q(pk__in=())
    for field in TELLING:
        if values := [value for name, value in pairs if name == field]:
            same |= Q(field=field, value__in=values)
    return same
