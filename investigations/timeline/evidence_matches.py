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
from django.db.models import Q, QuerySet
from django.utils.http import urlencode

from accounts.models import User
from core.audit import Result
from core.connection import trail
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
# What was found is good for so long, unless something is done in the case; so its pages ask once and mean one time.
KEPT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Matches:
    """The keys of the evidence that a search finds, as far as it was asked: of `queried` of `events` events. Of these the
    trail does not show `absent`."""

    keys: Sequence[int] | QuerySet[EvidenceMatch, int]
    queried: int
    events: int
    absent: int


def find_matches(case: Case, events: Rows, search: Search, by: User) -> Matches:
    """What a search finds of these events, which are the case's, within the person's scope, in turn and on record.

    What was asked in the last KEPT is asked no more, and what time did not do for is asked next time. Raises BadQuery, Busy,
    TrailUnavailable, WriteRefused.
    """
    began, scope = time.monotonic(), access.build_scope(by)
    few = list(events.order_by("pk").values_list("pk", "event_id")[: PART + 1])
    if len(few) <= PART:
        with _admit(by, search):
            matched = _match(search.resolved(datetime.now(UTC)), few, scope)
        keys = [pk for pk, event_id in few if event_id in matched.ids]
        matches = Matches(keys, len(few), len(few), matched.absent)
    else:
        matches = _match_in_parts(case, events, search, scope, by)
    total = len(matches.keys) if isinstance(matches.keys, list) else matches.keys.count()  # type: ignore[call-arg]
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


def _match_in_parts(case: Case, events: Rows, search: Search, scope: Scope, by: User) -> Matches:
    query = _get_query(case, events, search, scope, by)
    resolved, until = search.resolved(query.began_at), time.monotonic() + SECONDS
    if _read_part(events, query.last_key):
        with _admit(by, search):
            while time.monotonic() < until and (part := _read_part(events, query.last_key)):
                _keep_part(query, part, _match(resolved, part, scope))
    keys = query.matches.values_list("evidence_id", flat=True)
    return Matches(keys, query.queried, query.queried + events.filter(pk__gt=query.last_key).count(), query.absent)


def _read_part(events: Rows, last_key: int) -> list[tuple[int, str]]:
    return list(events.filter(pk__gt=last_key).order_by("pk").values_list("pk", "event_id")[:PART])


def _get_query(case: Case, events: Rows, search: Search, scope: Scope, by: User) -> EvidenceQuery:
    """The row of what is asked: one that is there, where nothing has changed since; what is old is deleted."""
    now = datetime.now(UTC)
    EvidenceQuery.objects.filter(began_at__lt=now - KEPT).delete()
    newest = case.activities.order_by("-pk").values_list("pk", flat=True).first()
    parts = [case.pk, newest, search.to_json(), repr(scope), str(events.query)]
    digest = sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return EvidenceQuery.objects.get_or_create(owner=by, digest=digest, defaults={"case": case, "began_at": now})[0]


def _keep_part(query: EvidenceQuery, part: Sequence[tuple[int, str]], matched: MatchedEvents) -> None:
    """Keep what was found of a part and the place after it, once, whoever else asks the same at the same time."""
    is_next = Q(pk=query.pk, last_key=query.last_key)
    with transaction.atomic():
        changes = {"queried": query.queried + len(part), "absent": query.absent + matched.absent}
        if EvidenceQuery.objects.filter(is_next).update(last_key=part[-1][0], **changes):
            EvidenceMatch.objects.bulk_create(
                EvidenceMatch(query=query, evidence_id=pk) for pk, event_id in part if event_id in matched.ids
            )
    query.refresh_from_db()
