"""Counts what a case is about in its evidence, keeps what people think of it, and marks what several cases have."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.http import urlencode

from accounts.models import User
from core.errors import Refused
from core.records import fit_text
from investigations.audit import CaseAction, record_in_case
from investigations.cases.services import hold_open
from investigations.models import Case, CaseEntity, Evidence, Verdict
from trail.documents import get
from trail.search.spec import Filter

# The fields whose values a case is about, and what one of them is called.
KINDS = {
    "token.id": "Token",
    "user.id": "User",
    "source.ip": "Address",
    "service.name": "Service",
    "resource.id": "Resource",
}
LONGEST = 512
AT_ONCE = 200  # entities of one statement
# Names the lock of `hold_marks` among the advisory locks of the database; any number that nobody else takes.
_MARKS = 7_230_001

_ADD_COUNTS = """
    INSERT INTO investigations_caseentity (case_id, field, value, events, is_shared) VALUES {rows}
    ON CONFLICT (case_id, field, value) DO UPDATE SET events = investigations_caseentity.events + excluded.events
"""
_TAKE_COUNTS = """
    UPDATE investigations_caseentity SET events = CASE WHEN events > %s THEN events - %s ELSE 0 END
    WHERE case_id = %s AND field = %s AND value = %s
"""


@dataclass(frozen=True, slots=True)
class EntitySummary:
    """An entity of a case: in how many of its events, what is thought of it, and the events' numbers where asked for."""

    field: str
    value: str
    count: int
    verdict: Verdict | None
    numbers: tuple[int, ...] = ()

    @property
    def kind(self) -> str:
        """What it is."""
        return KINDS[self.field]

    @property
    def form_id(self) -> str:
        """What its form on a page is called: the same until somebody judges it anew, whatever it is."""
        digest = hashlib.sha256(f"{self.field}:{self.value}".encode(errors="surrogatepass")).hexdigest()
        return f"judge-{digest[:16]}-{self.verdict.pk if self.verdict else 0}"

    @property
    def filter_words(self) -> str:
        """What an address says of a timeline that shows its events alone."""
        return urlencode({"f": str(Filter(self.field, (self.value,)))})


def count_entities(case: Case, documents: Iterable[dict[str, Any]], *, by: int) -> None:
    """Count what these events are about, `by` 1 where they are pinned and by -1 where they are withdrawn.

    What is new in the case becomes an entity of it. The caller holds the case.
    """
    counts = Counter(pair for document in documents for pair in set(_list_pairs(document)))
    if not counts:
        return
    if by < 0:
        rows = [(number, number, case.pk, field, value) for (field, value), number in sorted(counts.items())]
        with connection.cursor() as cursor:
            cursor.executemany(_TAKE_COUNTS, rows)
        return
    pairs = sorted(counts)
    for start in range(0, len(pairs), AT_ONCE):
        batch = pairs[start : start + AT_ONCE]
        values = [part for pair in batch for part in (case.pk, *pair, counts[pair], False)]
        with connection.cursor() as cursor:
            cursor.execute(_ADD_COUNTS.format(rows=", ".join(["(%s, %s, %s, %s, %s)"] * len(batch))), values)
        mark_shared_entities(case, batch)


def hold_marks() -> None:
    """Hold, to the end of the transaction, the right to say what several cases have.

    Of two cases that pin the same event at once, neither sees the other's row before it is committed, so that neither would be
    marked; and each would wait for the rows of the other. Where SQLite writes, nobody else does.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_MARKS])


def mark_shared_entities(case: Case, pairs: Sequence[tuple[str, str]]) -> None:
    """Say of these entities of the case, and of the same ones in other cases, that several cases have them. Two queries."""
    hold_marks()
    same = CaseEntity.objects.filter(field__in={field for field, _ in pairs}, value__in={value for _, value in pairs})
    known, rows = set(pairs), list(same.values_list("pk", "case", "field", "value"))
    elsewhere = {(field, value) for _, number, field, value in rows if number != case.pk} & known
    keys = [key for key, _, field, value in rows if (field, value) in elsewhere]
    CaseEntity.objects.filter(pk__in=keys, is_shared=False).update(is_shared=True)


def _list_pairs(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for field in KINDS:
        value = get(document, field)
        # What a database cannot hold, half of a surrogate pair or a NUL, is nobody's name.
        if isinstance(value, str) and value and value == fit_text(value, LONGEST):
            yield field, value


def summarise_entities(case: Case, evidence: Iterable[Evidence]) -> list[EntitySummary]:
    """What this evidence is about, and what somebody has judged, each with the numbers of its events.

    Every copy is read, so it is for as much as a report holds. Judged ones first, then those in most events. One query.
    """
    numbers: dict[tuple[str, str], list[int]] = {}
    for each in evidence:
        for pair in () if each.is_statement else _list_pairs(each.document):
            numbers.setdefault(pair, []).append(each.number)
    verdicts: dict[tuple[str, str], Verdict] = {}
    for verdict in Verdict.objects.filter(entity__case=case).select_related("entity").order_by("at", "pk"):
        pair = (verdict.entity.field, verdict.entity.value)
        verdicts[pair] = verdict
        numbers.setdefault(pair, [])
    return _sort(
        EntitySummary(*pair, len(places), verdicts.get(pair), tuple(sorted(places))) for pair, places in numbers.items()
    )


def list_entities(case: Case, *, start: int = 0, most: int) -> list[EntitySummary]:
    """What the case is about, `most` at a time: at the start what somebody has judged, then those in most events.

    Counted where it was pinned, so that no copy is read. Two queries.
    """
    verdicts: dict[int, Verdict] = {}
    for verdict in Verdict.objects.filter(entity__case=case).select_related("entity").order_by("at", "pk"):
        verdicts[verdict.entity_id] = verdict
    others = list_counted(case).exclude(pk__in=list(verdicts)).order_by("-events", "field", "value")
    judged = _sort(_summarise(verdict.entity, verdict) for verdict in verdicts.values())
    shown = judged[start : start + most]
    first = max(0, start - len(judged))
    rest = others[first : first + most - len(shown)] if len(shown) < most else others.none()
    return [*shown, *_sort(_summarise(entity, None) for entity in rest)]


def list_counted(case: Case) -> QuerySet[CaseEntity]:
    """Those that stand in evidence which is not withdrawn."""
    return CaseEntity.objects.filter(case=case, field__in=KINDS, events__gt=0)


def count_listed(case: Case) -> int:
    """How many `list_entities` lists. One query."""
    judged = Q(pk__in=Verdict.objects.filter(entity__case=case).values("entity"))
    return CaseEntity.objects.filter(Q(events__gt=0) | judged, case=case).count()


def _summarise(entity: CaseEntity, verdict: Verdict | None) -> EntitySummary:
    return EntitySummary(entity.field, entity.value, entity.events, verdict)


def _sort(summaries: Iterable[EntitySummary]) -> list[EntitySummary]:
    order = list(KINDS)
    return sorted(
        summaries,
        key=lambda entity: (entity.verdict is None, -entity.count, order.index(entity.field), entity.value),
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
    entity, is_new = CaseEntity.objects.get_or_create(case=case, field=field, value=value)
    if is_new:
        mark_shared_entities(case, [(field, value)])
    verdict = Verdict.objects.create(
        entity=entity, word=word, reason=reason.strip(), by=by, by_name=by.name or by.username
    )
    case.save(update_fields=["changed_at"])
    labels = {"field": field, "value": value[:200], "verdict": word}
    record_in_case(CaseAction.ENTITY_JUDGE, f"judged {value[:100]}: {word}", by=by, case=case, labels=labels)
    return verdict
