"""Collects what a case is about from its evidence, keeps what people think of it, and finds other cases about the same."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from core.errors import Refused
from core.records import fit_text
from investigations.audit import CaseAction, record_in_case
from investigations.cases.services import hold_open
from investigations.models import Case, CaseEntity, Evidence, Verdict
from trail.documents import get

# The fields whose values a case is about, and what one of them is called.
KINDS = {
    "token.id": "Token",
    "user.id": "User",
    "source.ip": "Address",
    "service.name": "Service",
    "resource.id": "Resource",
}
# A service is in half of all cases: that it is in two says nothing.
_TELLING = ("token.id", "user.id", "source.ip", "resource.id")
LONGEST = 512
RELATED_SHOWN, SHARED_SHOWN = 10, 3


@dataclass(frozen=True, slots=True)
class EntitySummary:
    """An entity of a case: in how many of its events, the numbers of these, and what is thought of it."""

    field: str
    value: str
    numbers: tuple[int, ...]
    verdict: Verdict | None

    @property
    def kind(self) -> str:
        """What it is."""
        return KINDS[self.field]


@dataclass(frozen=True, slots=True)
class RelatedCase:
    """Another case, how many entities and events it shares, and the values of some of them."""

    case: Case
    count: int
    shared: tuple[str, ...]


def collect_entities(case: Case, documents: Iterable[dict[str, Any]]) -> None:
    """Keep what these events are about as the case's; what is known already stays."""
    pairs = dict.fromkeys(pair for document in documents for pair in _list_pairs(document))
    rows = [CaseEntity(case=case, field=field, value=value) for field, value in pairs]
    CaseEntity.objects.bulk_create(rows, ignore_conflicts=True)


def _list_pairs(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for field in KINDS:
        value = get(document, field)
        # What a database cannot hold, half of a surrogate pair or a NUL, is nobody's name.
        if isinstance(value, str) and value and value == fit_text(value, LONGEST):
            yield field, value


def list_entities(case: Case, evidence: Iterable[Evidence]) -> list[EntitySummary]:
    """What the evidence is about, and what somebody has judged: judged ones first, then those in most events. One query."""
    numbers: dict[tuple[str, str], list[int]] = {}
    for each in evidence:
        for pair in () if each.is_statement else _list_pairs(each.document):
            numbers.setdefault(pair, []).append(each.number)
    verdicts: dict[tuple[str, str], Verdict] = {}
    for verdict in Verdict.objects.filter(entity__case=case).select_related("entity").order_by("at", "pk"):
        pair = (verdict.entity.field, verdict.entity.value)
        verdicts[pair] = verdict
        numbers.setdefault(pair, [])
    summaries = [EntitySummary(*pair, tuple(sorted(places)), verdicts.get(pair)) for pair, places in numbers.items()]
    order = list(KINDS)
    return sorted(
        summaries,
        key=lambda entity: (entity.verdict is None, -len(entity.numbers), order.index(entity.field), entity.value),
    )


@transaction.atomic
def judge_entity(*, case: Case, field: str, value: str, word: str, reason: str, by: User) -> Verdict:
    """Say what an entity is. One that is in no evidence becomes the case's by this. Raises CaseClosed, Refused."""
    value = value.strip()
    if field not in KINDS or not 0 < len(value) <= LONGEST:
        raise Refused("Name a token, user, address, service or resource.", "value")
    if word not in Verdict.Word.values:
        raise Refused("Choose what it is.", "word")
    hold_open(case)
    entity, _ = CaseEntity.objects.get_or_create(case=case, field=field, value=value)
    verdict = Verdict.objects.create(
        entity=entity, word=word, reason=reason.strip(), by=by, by_name=by.name or by.username
    )
    case.save(update_fields=["changed_at"])
    labels = {"field": field, "value": value[:200], "verdict": word}
    record_in_case(CaseAction.ENTITY_JUDGE, f"judged {value[:100]}: {word}", by=by, case=case, labels=labels)
    return verdict


def find_related_cases(case: Case, by: User) -> list[RelatedCase]:
    """Other cases with the same token, user, address, resource or event, as far as this person may see them. Four queries."""
    shared: dict[int, dict[str, None]] = {}
    others = Case.objects.visible_to(by).exclude(pk=case.pk).values("pk")
    own = CaseEntity.objects.filter(case=case, field__in=_TELLING)
    same_value = Q(value__in=own.values("value"), field__in=_TELLING, case__in=others)
    known = set(own.values_list("field", "value"))
    for number, field, value in CaseEntity.objects.filter(same_value).values_list("case", "field", "value"):
        if (field, value) in known:
            shared.setdefault(number, {})[value] = None
    events = Evidence.objects.filter(case=case).values("event_id")
    same_event = Evidence.objects.filter(event_id__in=events, case__in=others)
    for number, event_id in same_event.values_list("case", "event_id"):
        shared.setdefault(number, {})[event_id] = None
    closest = sorted(shared, key=lambda number: (-len(shared[number]), -number))[:RELATED_SHOWN]
    cases = Case.objects.in_bulk(closest)
    return [RelatedCase(cases[number], len(shared[number]), tuple(shared[number])[:SHARED_SHOWN]) for number in closest]
