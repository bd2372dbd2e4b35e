"""Collects what the home page shows a person: the trail's volume, new findings, their cases, where they were."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from django.db import models
from django.db.models import Count, Max, Q, QuerySet, Sum, Value, When
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import User
from core.connection import quick_trail
from core.errors import Busy
from investigations.admission import admit_question
from investigations.detections.services import PLATFORM
from investigations.models import Activity, Case, CaseTask, Finding, PastSearch
from investigations.presentation.volume_chart import Spark, build_spark
from trail.connection import deadline
from trail.errors import TrailUnavailable
from trail.questions.volume import TrailVolume, read_volume

SHOWN = 6
DAYS, SPARK_DAYS = 90, 30
VOLUME_SECONDS = 5.0
SEVERITIES = tuple(reversed(Case.Severity.values))


def read_trail_volume(by: User) -> TrailVolume | None:
    """What the trail holds without the console's own events; None where it does not answer in time."""
    try:
        with admit_question(by), deadline(VOLUME_SECONDS):
            return read_volume(quick_trail(), PLATFORM, today=datetime.now(UTC).date(), days=DAYS)
    except (Busy, TrailUnavailable):
        return None


def list_new_findings() -> list[tuple[Finding, Spark]]:
    """Those that nobody has acknowledged, the most severe first, and of these the newest; each with a month of its detection."""
    ranks = [When(severity=severity, then=Value(rank)) for rank, severity in enumerate(SEVERITIES)]
    new = Finding.objects.filter(acknowledged_at=None).select_related("detection")
    findings = list(new.order_by(models.Case(*ranks, default=Value(len(ranks))), "-found_at", "-pk")[:SHOWN])
    days = Finding.objects.filter(detection__in={finding.detection_id for finding in findings})
    counts = _count_days(days, "detection_id", "found_at", Sum("count"))
    return [(finding, _build_spark(counts[finding.detection_id])) for finding in findings]


def list_own_cases(by: User) -> list[tuple[Case, Spark]]:
    """The open cases that the person is in, changed last first, with `pinned` and `last_change`; each with a month of it."""
    own = (
        Case.objects.filter(memberships__user=by)
        .not_closed()
        .with_origin()
        .annotate(
            pinned=Count("evidence", filter=Q(evidence__withdrawn_at=None), distinct=True),
            last_change=Max("activities__at"),
        )
    )
    cases = list(own.order_by("-last_change", "-pk")[:SHOWN])
    activities = Activity.objects.filter(case__in=cases)
    counts = _count_days(activities, "case_id", "at", Count("pk"))
    return [(case, _build_spark(counts[case.pk])) for case in cases]


def list_own_tasks(by: User) -> list[CaseTask]:
    """What the person has to do, what is due first first."""
    return list(CaseTask.objects.open_for(by).in_working_order().select_related("case")[:SHOWN])


def count_own_cases(by: User) -> int:
    """How many open cases the person is in."""
    return Case.objects.filter(memberships__user=by).not_closed().count()


def list_recent_searches(by: User, most: int = SHOWN) -> list[PastSearch]:
    """The person's own last searches that looked for something."""
    searches = PastSearch.objects.filter(owner=by)[: most * 4]
    return [search for search in searches if search.search.get("q") or search.search.get("f")][:most]


def _count_days(rows: QuerySet, key: str, at: str, amount: Sum | Count) -> Mapping[int, dict[date, int]]:  # type: ignore[type-arg]
    """By the key of a row how much each of the last days has. One query."""
    since = timezone.now() - timedelta(days=SPARK_DAYS)
    days: Iterable[tuple[int, date, int]] = (
        rows.filter(**{f"{at}__gte": since})
        .annotate(day=TruncDate(at, tzinfo=UTC))
        .order_by()
        .values_list(key, "day")
        .annotate(amount=amount)
    )
    counts: defaultdict[int, dict[date, int]] = defaultdict(dict)
    for row, day, number in days:
        counts[row][day] = number
    return counts


def _build_spark(counts: Mapping[date, int]) -> Spark:
    today = datetime.now(UTC).date()
    return build_spark([counts.get(today - timedelta(days=back), 0) for back in reversed(range(SPARK_DAYS))])
