"""Asks the trail which events of a case a search finds, part by part, and holds no more than a part of them."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils.http import urlencode

from accounts.models import User
from core.audit import Result
from core.connection import trail
from core.errors import Busy
from investigations import access, admission, audit
from investigations.audit import CaseAction
from investigations.models import Case, EvidenceMatch, EvidenceQuery
from investigations.timeline.pages import Rows
from trail.connection import deadline
from trail.questions.pinned_events import MatchedEvents, match_events
from trail.search.execute import IDS_AT_ONCE
from trail.search.spec import Scope, Search

# Events that are asked about in one request; a case with no more is answered without a row of the database.
PART = IDS_AT_ONCE
# After so many seconds a page shows what has been found, says of how many events that is, and offers to go on.
SECONDS = 10.0
# What was found is good for so long, so that the pages of a timeline ask once and mean one time. It is deleted when it is
# twice as old, so that whoever was given it last still reads it whole.
KEPT = timedelta(minutes=10)
# Of so many events at most one person's other queries are kept before another goes on; and so many rows are deleted at once.
MOST_QUERIED, AT_ONCE = 5_000_000, 10_000
_TOO_MANY = "Your queries of the last minutes were of {:,} events, as many as are kept. Try again in some minutes."
_GONE = "What had been found was deleted meanwhile, for it was old. Ask once more."


@dataclass(frozen=True, slots=True)
class Matches:
    """The keys of the evidence that a search finds, as far as it was asked: of `queried` of `events` events. Of these the
    trail does not show `absent`."""

    keys: Sequence[int] | QuerySet[EvidenceMatch, int]
    queried: int
    events: int
    absent: int


def find_matches(case: Case, events: Rows, search: Search, by: User, *, is_annotated: bool = False) -> Matches:
    """What a search finds of these events, which are the case's, within the person's scope, in turn and on record.

    What was asked in the last KEPT is asked no more, and what time did not do for is asked next time. `is_annotated` says that
    the events are chosen by what people do to evidence, such as a tag: what they do then makes another question. Raises
    BadQuery, Busy, TrailUnavailable, WriteRefused.
    """
    began, scope = time.monotonic(), access.build_scope(by)
    few = list(events.order_by("pk").values_list("pk", "event_id")[: PART + 1])
    if len(few) <= PART:
        with _admit(by, search):
            matched = _match(search.resolved(datetime.now(UTC)), few, scope)
        keys = [pk for pk, event_id in few if event_id in matched.ids]
        matches = Matches(keys, len(few), len(few), matched.absent)
    else:
        matches = _match_in_parts(_get_query(case, events, search, scope, by, is_annotated), events, search, scope)
    total = len(matches.keys) if isinstance(matches.keys, list) else events.filter(pk__in=matches.keys).count()
    words = urlencode(search.to_query(), doseq=True)
    result = Result(hits=total, seconds=time.monotonic() - began)
    audit.record_access(CaseAction.SEARCH, by=by, case=case, labels={"search": words}, result=result)
    return matches


@contextmanager
def _admit(by: User, search: Search) -> Iterator[None]:
    """In turn and within a person's time, as any search."""
    cost = admission.estimate_search(search)
    with admission.admit_question(by, cost=cost), deadline(settings.QUESTION_SECONDS):
        yield


def _match(search: Search, pairs: Iterable[tuple[int, str]], scope: Scope) -> MatchedEvents:
    return match_events(trail(), search, [event_id for _, event_id in pairs], scope)


def _match_in_parts(query: EvidenceQuery, events: Rows, search: Search, scope: Scope) -> Matches:
    resolved, until = search.resolved(query.began_at), time.monotonic() + SECONDS
    if _read_part(events, query.last_key):
        _check_kept(query)
        with _admit(query.owner, search):
            while time.monotonic() < until and (part := _read_part(events, query.last_key)):
                _keep_part(query, part, _match(resolved, part, scope))
    keys = query.matches.values_list("evidence_id", flat=True)
    return Matches(keys, query.queried, query.queried + events.filter(pk__gt=query.last_key).count(), query.absent)


def _read_part(events: Rows, last_key: int) -> list[tuple[int, str]]:
    return list(events.filter(pk__gt=last_key).order_by("pk").values_list("pk", "event_id")[:PART])


def _get_query(case: Case, events: Rows, search: Search, scope: Scope, by: User, is_annotated: bool) -> EvidenceQuery:
    """The row of what is asked: one that is there and younger than KEPT, else a new one.

    New evidence is asked about behind the last key, and what is withdrawn is left out by the rows of the page, so that neither
    makes another question. The span of time in which a row began is part of its digest: one that is too old is never taken
    again, and stays as it is for who reads it.
    """
    now = datetime.now(UTC)
    newest = case.activities.order_by("-pk").values_list("pk", flat=True).first() if is_annotated else None
    parts = [case.pk, newest, search.to_json(), repr(scope), str(events.query)]
    span = int(now.timestamp() // KEPT.total_seconds())
    digest, before = (_digest([*parts, number]) for number in (span, span - 1))
    mine = EvidenceQuery.objects.select_related("owner").filter(owner=by)
    if earlier := mine.filter(digest=before, began_at__gt=now - KEPT).first():
        return earlier
    return mine.get_or_create(owner=by, digest=digest, defaults={"case": case, "began_at": now})[0]


def _digest(parts: Sequence[object]) -> str:
    return sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _check_kept(query: EvidenceQuery) -> None:
    """That the person's other queries leave room. Raises Busy."""
    others = EvidenceQuery.objects.filter(owner=query.owner).exclude(pk=query.pk)
    queried = others.aggregate(queried=Sum("queried"))["queried"] or 0
    if queried >= MOST_QUERIED:
        raise Busy(_TOO_MANY.format(queried))


def _keep_part(query: EvidenceQuery, part: Sequence[tuple[int, str]], matched: MatchedEvents) -> None:
    """Keep what was found of a part and the place after it, once, whoever else asks the same at the same time. Raises Busy."""
    is_next = Q(pk=query.pk, last_key=query.last_key)
    with transaction.atomic():
        changes = {"queried": query.queried + len(part), "absent": query.absent + matched.absent}
        if EvidenceQuery.objects.filter(is_next).update(last_key=part[-1][0], **changes):
            EvidenceMatch.objects.bulk_create(
                EvidenceMatch(query=query, evidence_id=pk) for pk, event_id in part if event_id in matched.ids
            )
    try:
        query.refresh_from_db(fields=("last_key", "queried", "absent"))
    except EvidenceQuery.DoesNotExist:
        raise Busy(_GONE) from None


def remove_old_queries(now: datetime) -> None:
    """Delete the queries that nobody is given any more, with what they found, AT_ONCE rows in a transaction."""
    old = EvidenceQuery.objects.filter(began_at__lt=now - 2 * KEPT)
    for key in old.values_list("pk", flat=True).iterator():
        while _remove_rows(key):
            pass


def _remove_rows(key: int) -> bool:
    """Whether there is more to delete of a query; one that somebody holds is left for the next time."""
    with transaction.atomic():
        query = EvidenceQuery.objects.select_for_update(skip_locked=True).filter(pk=key).first()
        if query is None:
            return False
        part = EvidenceMatch.objects.filter(query=query).values("pk")[:AT_ONCE]
        deleted, _ = EvidenceMatch.objects.filter(pk__in=part).delete()
        if not deleted:
            query.delete()
        return bool(deleted)
