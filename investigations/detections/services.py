"""Makes and changes detections, looks for them, and acknowledges and pins what they found.

A look moves the place up to which it has looked and keeps what it found in one transaction, and only if the place is where
the look began: of two workers one wins, a killed one leaves the place as it was, and no event is looked at twice or never.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Unpack

from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.models import User
from accounts.roles import may_curate, sees_every_case
from core.connection import trail
from core.errors import Conflict, Refused
from core.records import fit_text
from investigations.access import build_scope
from investigations.audit import CaseAction, record, record_access
from investigations.evidence import services as evidence
from investigations.models import Case, Detection, Finding
from investigations.page_counts import PageCounts
from investigations.presentation.search_description import describe_search, digest_of
from investigations.runs import services as runs
from investigations.search_url import search_address
from operations.incidents import services as incidents
from operations.models import Incident
from trail.errors import BadQuery, TrailUnavailable
from trail.questions.new_events import Arrived, ask_of_arrived, read_present_place
from trail.search.bodies.query import build_query
from trail.search.execute import Hit
from trail.search.spec import Filter, Scope, Search
from trail.times import format_datetime

# Nothing of the console itself: so whoever investigates may see every finding.
PLATFORM = Scope(user_id="")
EVENTS = evidence.MAX_AT_ONCE  # the first of a finding, which can be pinned
NAMED = 3  # indices that a sentence names
FAILING = 3  # looks in a row that fail before it is an incident
CHANGEABLE = ("name", "severity", "minutes", "enabled")
COUNT_NAME, COUNT_SECONDS = "findings-new", 15
# The times of two windows differ by this at least.
_TICK = timedelta(microseconds=1)
_LAST_TIME = "2259-12-31T00:00:00Z"  # that an event may have


def make(*, name: str, search: Search, minutes: int, severity: str, by: User, enabled: bool = True) -> Detection:
    """A detection of what arrives from now on; the search's own time says nothing of it. Raises BadQuery, TrailUnavailable."""
    lasting = replace(search, start=None, end=None, ingested_until=None)
    build_query(lasting, PLATFORM)
    now, place = timezone.now(), read_present_place(trail())
    with transaction.atomic():
        detection = Detection.objects.create(
            name=name,
            search=lasting.to_json(),
            words=fit_text(describe_search(lasting), 2_000),
            severity=severity,
            minutes=minutes,
            enabled=enabled,
            made_by=by,
            made_by_name=by.name or by.username,
            place=place,
            looked_until=now,
            next_at=now,
        )
        labels = {
            "search": detection.words,
            "digest": digest_of(lasting),
            "minutes": str(minutes),
            "severity": severity,
        }
        record(CaseAction.DETECTION_MAKE, by=by, resource=("detection", detection.public_id), labels=labels)
    return detection


def may_change(user: User, detection: Detection) -> bool:
    """Whether the person may change it: who made it, a lead, an admin."""
    return detection.made_by_id == user.pk or sees_every_case(user) or may_curate(user)


def read_changeable_words(detection: Detection) -> dict[str, object]:
    """What `change` may change, as it stands, with its revision."""
    return {name: getattr(detection, name) for name in (*CHANGEABLE, "revision")}


def change(*, detection: Detection, by: User, revision: int, **words: object) -> list[str]:
    """Change how it is called, how often it looks, whether it does; the names of what really changed.

    Turned on again it looks at what arrives from then on. `revision` is the one that `by` was shown; raises Conflict when
    somebody has changed the detection since, TrailUnavailable.
    """
    place = read_present_place(trail()) if words.get("enabled") else None
    with transaction.atomic():
        current = Detection.objects.select_for_update().get(pk=detection.pk)
        changed = [name for name in CHANGEABLE if name in words and getattr(current, name) != words[name]]
        if not changed:
            return []
        if current.revision != revision:
            raise Conflict
        now, new = timezone.now(), {name: words[name] for name in changed}
        if new.get("enabled"):
            new |= {"place": place, "looked_until": now, "failures": 0, "problem": ""}
        Detection.objects.filter(pk=current.pk).update(**new, revision=F("revision") + 1, next_at=now)
        labels = {"changed": ",".join(changed), **{name: str(words[name]) for name in changed if name != "name"}}
        record(CaseAction.DETECTION_CHANGE, by=by, resource=("detection", current.public_id), labels=labels)
    if new.get("enabled") is False:
        incidents.record_recovery(Incident.Kind.DETECTION, current.public_id, "The detection was turned off.")
    return changed


def list_due() -> list[int]:
    """The detections that should look now."""
    return list(Detection.objects.filter(enabled=True, next_at__lte=timezone.now()).values_list("pk", flat=True))


def look(pk: int) -> Finding | None:
    """Look at what has arrived since the last look. Safe to call at any time, twice, by anyone."""
    now = timezone.now()
    detection = Detection.objects.filter(pk=pk, enabled=True, next_at__lte=now).first()
    if detection is None:
        return None
    search = replace(Search.from_json(detection.search), sort=("@timestamp", "asc"))
    try:
        arrived = ask_of_arrived(
            trail(),
            _narrow_to_new(detection, search),
            PLATFORM,
            detection.place or {},
            size=EVENTS,
            opaque_id=f"detection-{detection.public_id}",
        )
    except (TrailUnavailable, BadQuery) as error:
        _fail(detection, error)
        return None
    return _move_on(detection, search, arrived, until=now)


def _narrow_to_new(detection: Detection, search: Search) -> Search:
    """The search; of a detection from before there were places, of what was taken in after its last look."""
    if detection.place is not None:
        return search
    ends = (format_datetime(detection.looked_until + _TICK), _LAST_TIME)
    return search.with_filter(Filter("event.ingested", ends, operator="between"))


def _move_on(detection: Detection, search: Search, arrived: Arrived, *, until: datetime) -> Finding | None:
    """Move the place and keep what was found, together; nothing where another has moved it meanwhile."""
    window_start = detection.looked_until + _TICK
    until = max(until, window_start)  # a clock that was put back
    here = Detection.objects.filter(pk=detection.pk, enabled=True, looked_until=detection.looked_until)
    with transaction.atomic():
        moved = here.update(
            place=arrived.place,
            looked_until=until,
            looked_at=until,
            failures=0,
            problem=_describe_silent(arrived),
            next_at=timezone.now() + timedelta(minutes=detection.minutes),
        )
        if not moved:
            return None
        finding = (
            Finding.objects.create(
                detection=detection,
                window_start=window_start,
                window_end=until,
                severity=detection.severity,
                count=arrived.count,
                events=arrived.events,
                search=_build_finding_search(search, arrived).to_json(),
            )
            if arrived.count
            else None
        )
    if detection.failures >= FAILING:
        incidents.record_recovery(
            Incident.Kind.DETECTION, detection.public_id, "It looks again, and has missed nothing."
        )
    if finding:
        _count_anew()
    return finding


def _describe_silent(arrived: Arrived) -> str:
    """What the look could not see; empty where it saw all that has arrived."""
    named = ", ".join(arrived.silent[:NAMED])
    further = f" and {len(arrived.silent) - NAMED} more" if len(arrived.silent) > NAMED else ""
    return f"It could not look into {named}{further}, which did not answer." if named else ""


def _build_finding_search(search: Search, arrived: Arrived) -> Search:
    """The search of exactly these events; of too many for an address, of their times of arrival."""
    ids = tuple(event_id for _, event_id in arrived.events)
    if len(ids) == arrived.count:
        exact = search.with_filter(Filter("event.id", ids))
        if search_address(exact) is not None:
            return exact
    assert arrived.taken is not None
    first, last = (datetime.fromtimestamp(milliseconds / 1000, UTC) for milliseconds in arrived.taken)
    ends = (format_datetime(first), format_datetime(last + timedelta(milliseconds=1)))
    return search.with_filter(Filter("event.ingested", ends, operator="between"))


def _fail(detection: Detection, error: Exception) -> None:
    """The place stays, so that the next look begins where this one would have."""
    incidents.record_trail_outage(error, writer="auditconsole", events=0)
    again = timezone.now() + timedelta(seconds=min(60, detection.minutes * 60))
    problem = f"It could not look: {error}"
    Detection.objects.filter(pk=detection.pk).update(failures=F("failures") + 1, problem=problem[:500], next_at=again)
    if detection.failures + 1 >= FAILING:
        what = f"The detection “{detection.name}” fails again and again. {error}"
        incidents.record_failure(Incident.Kind.DETECTION, detection.public_id, what)


def count_new_findings(counts: PageCounts | None = None) -> int:
    """How many findings nobody has acknowledged yet, as every page shows it: at most COUNT_SECONDS old."""
    counts = counts or PageCounts(COUNT_NAME)
    return counts.read(COUNT_NAME, Finding.objects.filter(acknowledged_at=None).count, seconds=COUNT_SECONDS)


def _count_anew() -> None:
    with suppress(RedisError):
        cache.delete(COUNT_NAME)


def read_finding(finding: Finding, *, by: User, most: int) -> list[Hit]:
    """The finding's first `most` events that the person may see, in order; that it was read is recorded.

    Raises TrailUnavailable, WriteRefused.
    """
    hits = runs.read_events([(index, event_id) for index, event_id in finding.events[:most]], build_scope(by))
    record_access(CaseAction.FINDING_READ, by=by, resource=("finding", finding.public_id))
    return hits


@transaction.atomic
def acknowledge(*, finding: Finding, reason: str, by: User) -> None:
    """Say what a finding was. Raises Refused without a reason, and when somebody has said so already."""
    if not reason.strip():
        raise Refused("Say what it was: the reason stays beside the finding.", "reason")
    answer = {
        "acknowledged_at": timezone.now(),
        "acknowledged_by_name": by.name or by.username,
        "reason": reason.strip(),
    }
    if not Finding.objects.filter(pk=finding.pk, acknowledged_at=None).update(**answer):
        raise Refused("Somebody has acknowledged this finding already.")
    record(CaseAction.FINDING_ACKNOWLEDGE, by=by, resource=("finding", finding.public_id))
    transaction.on_commit(_count_anew)


def pin(
    *, finding: Finding, case: Case, reason: str, by: User, **thoughts: Unpack[evidence.PinThoughts]
) -> evidence.Pinned:
    """Pin a finding's first events, up to 500, to a case. Raises Refused."""
    ids = [event_id for _, event_id in finding.events]
    search = Search.from_json(finding.search)
    return evidence.pin(case=case, event_ids=ids, reason=reason, by=by, search=search, **thoughts)
