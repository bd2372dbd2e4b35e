"""Records what is done with evidence, within the transaction of the act, and reads it: who, when and from where."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby, islice

from django.db import connection
from django.db.models import Max, QuerySet
from django.utils import timezone

from accounts.models import User
from core import request_context
from core.records import fit_text
from investigations.hypotheses.evidence_numbers import write_numbers
from investigations.models import Case, CustodyEntry, Evidence, Export

Action = CustodyEntry.Action
SCHEDULE = "the schedule"
# Looks of one person from one address at one piece of evidence are one entry while they are no further apart; the same holds
# for downloads of one export.
VIEWS_APART = timedelta(minutes=10)
AT_ONCE = 1_000  # rows of one statement
PAGE_SIZE = 500  # entries; acts on many pieces of evidence at once are folded

# A page waits for it, and the file may hold very many, so that the rows do not pass through here.
_COPY_EXPORTED = """
    INSERT INTO investigations_custodyentry
        (action, by_id, by_name, at, address, client, case_id, evidence_id, export_id, detail, event_id)
    SELECT %s, %s, %s, %s, %s, %s, case_id, evidence_id, export_id, detail, ''
    FROM investigations_custodyentry WHERE export_id = %s AND action = %s ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """From where an act comes: the address and the client of a request; both empty where there is none."""

    address: str = ""
    client: str = ""


def read_origin() -> Origin:
    """That of the request that is being answered, as the audit log has it."""
    request = request_context.current()
    return Origin(request.address, fit_text(request.client, 1_000)) if request else Origin()


def record_custody(
    evidence: Sequence[Evidence],
    action: Action,
    *,
    by: User | None,
    detail: str = "",
    event_id: str = "",
    origin: Origin | None = None,
) -> None:
    """Enter an act on evidence of one case; `by` is None where the schedule did it. `event_id` is the trail's record of it.

    `origin` is that of the request which asked for it, where that is over by now.
    """
    details = [(each.pk, detail) for each in evidence]
    if details:
        record_details(evidence[0].case, details, action, by=by, event_id=event_id, origin=origin)


def record_details(
    case: Case,
    details: Iterable[tuple[int, str]],
    action: Action,
    *,
    by: User | None,
    event_id: str = "",
    origin: Origin | None = None,
    export: Export | None = None,
) -> None:
    """The same by the evidence's keys, each with words of its own, however many: AT_ONCE are entered in a statement."""
    origin, now, rows = origin or read_origin(), timezone.now(), iter(details)
    while batch := list(islice(rows, AT_ONCE)):
        CustodyEntry.objects.bulk_create(
            CustodyEntry(
                case=case,
                evidence_id=key,
                action=action,
                by=by,
                by_name=SCHEDULE if by is None else by.name or by.username,
                at=now,
                address=origin.address,
                client=origin.client,
                export=export,
                detail=fit_text(detail, 500),
                event_id=event_id,
            )
            for key, detail in batch
        )


def record_view(evidence: Evidence, *, by: User) -> None:
    """Enter that somebody looked at it, unless they did within VIEWS_APART, from the same address."""
    earliest = timezone.now() - VIEWS_APART
    recent = evidence.custody.filter(action=Action.VIEW, by=by, address=read_origin().address, at__gt=earliest)
    if not recent.exists():
        record_custody([evidence], Action.VIEW, by=by)


def read_custody(evidence: Evidence) -> "QuerySet[CustodyEntry]":
    """What was done with a piece of evidence, in the order in which it was done."""
    return evidence.custody.order_by("pk")


def read_case_custody(case: Case, *, before: int | None = None) -> "QuerySet[CustodyEntry]":
    """What was done with the evidence of a case, newest first, and what came before an entry (by its key) where one is named."""
    entries = case.custody.select_related("evidence").order_by("-pk").defer("evidence__frozen", "evidence__search")
    return entries if before is None else entries.filter(pk__lt=before)


@dataclass(frozen=True, slots=True)
class CustodyAct:
    """One act on one or more pieces of evidence of a case: their entries differ in nothing else."""

    entry: CustodyEntry
    numbers: tuple[int, ...]

    @property
    def labels(self) -> str:
        """The evidence, as people call it: E1, E3 to E5."""
        return write_numbers(self.numbers)


def fold_acts(entries: Iterable[CustodyEntry]) -> list[CustodyAct]:
    """The acts that entries are of, in the same order."""
    groups = (list(group) for _, group in groupby(entries, _name_act))
    return [CustodyAct(group[0], tuple(entry.evidence.number for entry in group)) for group in groups]


def _name_act(entry: CustodyEntry) -> tuple[object, ...]:
    return (entry.action, entry.by_name, entry.at, entry.address, entry.client, entry.detail, entry.event_id)


def stream_custody(case: Case, keys: Sequence[int]) -> Iterator[CustodyEntry]:
    """What was done with these pieces of evidence (by their keys), in order: AT_ONCE are held.

    No query stays open between two rows, as in `evidence.services.stream_timeline`.
    """
    wanted, last = set(keys), 0
    while True:
        entries = case.custody.select_related("evidence").defer("evidence__frozen", "evidence__search")
        batch = list(entries.filter(pk__gt=last).order_by("pk")[:AT_ONCE])
        yield from (entry for entry in batch if entry.evidence_id in wanted)
        if len(batch) < AT_ONCE:
            return
        last = batch[-1].pk


def record_download(export: Export, *, by: User) -> None:
    """Enter that somebody took the file of an export away, for each piece of evidence that it holds, in one statement.

    Unless they did within VIEWS_APART, from the same address.
    """
    origin, earliest = read_origin(), timezone.now() - VIEWS_APART
    if export.custody.filter(action=Action.DOWNLOAD, by=by, address=origin.address, at__gt=earliest).exists():
        return
    values = (
        Action.DOWNLOAD.value,
        by.pk,
        by.name or by.username,
        connection.ops.adapt_datetimefield_value(timezone.now()),
        origin.address,
        origin.client,
    )
    with connection.cursor() as cursor:
        cursor.execute(_COPY_EXPORTED, (*values, export.pk, Action.EXPORT.value))


def read_last_verifications(keys: Iterable[int]) -> dict[int, str]:
    """What the last verification of each of these pieces of evidence found, by their keys, in two queries."""
    verified = CustodyEntry.objects.filter(evidence__in=list(keys), action=Action.VERIFY)
    newest = verified.order_by().values("evidence").annotate(newest=Max("pk")).values_list("newest", flat=True)
    return dict(CustodyEntry.objects.filter(pk__in=list(newest)).values_list("evidence", "detail"))
