"""Detections: made, changed, looking by themselves; their findings acknowledged and pinned.

A look moves the place up to which it has looked and keeps what it found in one transaction, and only if the place is where
the look began: of two workers one wins, a killed one leaves the place as it was, and no event is looked at twice or never.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.journal import trail
from accounts.models import User
from accounts.records import fitting
from accounts.roles import may_curate, sees_every_case
from investigations.errors import Refused
from investigations.journal import Action, record
from investigations.models import Case, Detection, Finding
from investigations.services import evidence
from investigations.wording import digest_of, in_words
from operations.models import Incident
from operations.services import incidents
from trail.errors import BadQuery, TrailUnavailable
from trail.moments import text_of
from trail.search import bodies, execute
from trail.search.spec import Filter, Scope, Search

# Nothing of the console itself: so whoever investigates may see every finding.
PLATFORM = Scope(user_id="")
EVENTS = evidence.MAX_AT_ONCE  # the first of a finding, which can be pinned
FAILING = 3  # looks in a row that fail before it is an incident
CHANGEABLE = ("name", "severity", "minutes", "enabled")
_NEW = "findings-new"
# The writer stamps what it takes in to the microsecond.
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """What was taken in from `start` to `end`, both included: the next begins a microsecond later."""

    start: datetime
    end: datetime

    def of(self, search: Search) -> Search:
        ends = tuple(text_of(one) for one in (self.start, self.end))
        inside = Filter("event.ingested", ends, operator="between")
        return replace(search, start=None, end=None, sort=("@timestamp", "asc")).with_filter(inside)


def settled(now: datetime) -> datetime:
    """Up to when everything that was taken in can be found: a write lasts up to half a minute, then the engine refreshes."""
    return now - timedelta(seconds=settings.DETECTION_DELAY_SECONDS)


@transaction.atomic
def make(*, name: str, search: Search, minutes: int, severity: str, by: User, enabled: bool = True) -> Detection:
    """A detection of what arrives from now on; the search's own time says nothing of it. Raises BadQuery."""
    lasting = replace(search, start=None, end=None, ingested_until=None)
    bodies.query(lasting, PLATFORM)
    now = timezone.now()
    detection = Detection.objects.create(
        name=name, search=lasting.to_json(), words=fitting(in_words(lasting), 2_000), severity=severity, minutes=minutes,
        enabled=enabled, made_by=by, made_by_name=by.name or by.username, looked_until=settled(now), next_at=now,
    )  # fmt: skip
    labels = {"search": detection.words, "digest": digest_of(lasting), "minutes": str(minutes), "severity": severity}
    record(Action.DETECTION_MAKE, by=by, resource=("detection", detection.public_id), labels=labels)
    return detection


def may_change(user: User, detection: Detection) -> bool:
    """Whether the person may change it: who made it, a lead, an admin."""
    return detection.made_by_id == user.pk or sees_every_case(user) or may_curate(user)


@transaction.atomic
def change(*, detection: Detection, by: User, **values: object) -> list[str]:
    """Change how it is called, how often it looks, whether it does. Turned on again it looks at what arrives from then on."""
    kept = Detection.objects.select_for_update().get(pk=detection.pk)
    changed = [name for name in CHANGEABLE if name in values and getattr(kept, name) != values[name]]
    if not changed:
        return []
    now, new = timezone.now(), {name: values[name] for name in changed}
    if new.get("enabled"):
        new |= {"looked_until": max(kept.looked_until, settled(now)), "failures": 0, "problem": ""}
    Detection.objects.filter(pk=kept.pk).update(**new, next_at=now)
    labels = {"changed": ",".join(changed), **{name: str(values[name]) for name in changed if name != "name"}}
    record(Action.DETECTION_CHANGE, by=by, resource=("detection", kept.public_id), labels=labels)
    if new.get("enabled") is False:
        incidents.over(Incident.Kind.DETECTION, kept.public_id, "The detection was turned off.")
    return changed


def due() -> list[int]:
    """The detections that should look now."""
    return list(Detection.objects.filter(enabled=True, next_at__lte=timezone.now()).values_list("pk", flat=True))


def look(pk: int) -> Finding | None:
    """Look at what was taken in since the last look. Safe to call at any time, twice, by anyone."""
    now = timezone.now()
    detection = Detection.objects.filter(pk=pk, enabled=True, next_at__lte=now).first()
    if detection is None:
        return None
    window = Window(detection.looked_until + _TICK, settled(now))
    if window.end < window.start:
        return None
    try:
        search = window.of(Search.from_json(detection.search))
        body = bodies.hits(search, PLATFORM, size=EVENTS) | {"track_total_hits": True, "_source": False}
        answer = execute.ask(trail(), body, opaque_id=f"detection-{detection.public_id}")["hits"]
    except (TrailUnavailable, BadQuery) as error:
        _failed(detection, error)
        return None
    events = [(hit["_index"], hit["_id"]) for hit in answer["hits"]]
    return _looked(detection, window, search, int(answer["total"]["value"]), events)


def _looked(
    detection: Detection, window: Window, search: Search, count: int, events: list[tuple[str, str]]
) -> Finding | None:
    now = timezone.now()
    with transaction.atomic():
        here = Detection.objects.filter(pk=detection.pk, enabled=True, looked_until=detection.looked_until)
        following = now + timedelta(minutes=detection.minutes)
        if not here.update(looked_until=window.end, looked_at=now, next_at=following, failures=0, problem=""):
            return None
        finding = Finding.objects.create(
            detection=detection, window_start=window.start, window_end=window.end, severity=detection.severity,
            count=count, events=events, search=search.to_json(),
        ) if count else None  # fmt: skip
    if detection.failures >= FAILING:
        incidents.over(Incident.Kind.DETECTION, detection.public_id, "It looks again, and has missed nothing.")
    if finding:
        _count_anew()
    return finding


def _failed(detection: Detection, error: Exception) -> None:
    """The place stays, so that the next look begins where this one would have."""
    incidents.trail_failed(error, writer="auditconsole", events=0)
    again = timezone.now() + timedelta(seconds=min(60, detection.minutes * 60))
    problem = f"It could not look: {error}"
    Detection.objects.filter(pk=detection.pk).update(failures=F("failures") + 1, problem=problem[:500], next_at=again)
    if detection.failures + 1 >= FAILING:
        what = f"The detection “{detection.name}” fails again and again. {error}"
        incidents.failed(Incident.Kind.DETECTION, detection.public_id, what)


def new_findings() -> int:
    """How many findings nobody has acknowledged yet, as every page shows it: at most a few seconds old."""
    with suppress(RedisError):
        known = cache.get(_NEW)
        if known is None:
            known = Finding.objects.filter(acknowledged_at=None).count()
            cache.set(_NEW, known, timeout=15)
        return int(known)
    return Finding.objects.filter(acknowledged_at=None).count()


def _count_anew() -> None:
    with suppress(RedisError):
        cache.delete(_NEW)


@transaction.atomic
def acknowledge(*, finding: Finding, reason: str, by: User) -> None:
    """Say what a finding was. Raises Refused without a reason, and when somebody has said so already."""
    if not reason.strip():
        raise Refused("Say what it was: the reason stays beside the finding.", "reason")
    said = {"acknowledged_at": timezone.now(), "acknowledged_by_name": by.name or by.username, "reason": reason.strip()}
    if not Finding.objects.filter(pk=finding.pk, acknowledged_at=None).update(**said):
        raise Refused("Somebody has acknowledged this finding already.")
    record(Action.FINDING_ACKNOWLEDGE, by=by, resource=("finding", finding.public_id))
    transaction.on_commit(_count_anew)


def pin(*, finding: Finding, case: Case, reason: str, by: User) -> evidence.Pinned:
    """Pin a finding's first events, up to 500, to a case. Raises Refused."""
    ids = [event_id for _, event_id in finding.events]
    return evidence.pin(case=case, event_ids=ids, reason=reason, by=by, search=Search.from_json(finding.search))
