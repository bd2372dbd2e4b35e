"""Builds what a collector of metrics reads, from the database and the parts' health alone."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from operations.models import Checkpoint, Incident, MissingNumbers, Notice, RejectedEvent, WatchedWriter
from operations.status import health
from trail.reserved_names import DEMONSTRATION_WRITERS


def render_metrics() -> bytes:
    """The Prometheus text format, version 0.0.4. Raises django.db.Error."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(TrailCollector())
    return generate_latest(registry)


class TrailCollector(Collector):
    """Asked anew at each scrape."""

    def collect(self) -> Iterator[Metric]:
        yield _count_incidents()
        yield _count_rejected()
        yield from _describe_checkpoint()
        yield from _describe_writers()
        up = GaugeMetricFamily("auditconsole_part_up", "Whether a part of the console is up.", labels=["part"])
        for name, part in health.check_parts().items():
            up.add_metric([name], part.state != "down")
        yield up


def _count_incidents() -> Metric:
    metric = GaugeMetricFamily(
        "auditconsole_incidents",
        "Incidents by kind and state: failing, over (unresolved), resolved.",
        labels=["kind", "state"],
    )
    unresolved = Q(resolved_at=None)
    counted = (
        Incident.objects.order_by()
        .values("kind")
        .annotate(
            failing=Count("pk", filter=unresolved & Q(over_at=None)),
            over=Count("pk", filter=unresolved & ~Q(over_at=None)),
            resolved=Count("pk", filter=~unresolved),
        )
    )
    by_kind: dict[str, Any] = {row["kind"]: row for row in counted}
    for kind in Incident.Kind.values:  # also where there is none, so that an alert sees the first
        for state in ("failing", "over", "resolved"):
            metric.add_metric([kind, state], by_kind.get(kind, {}).get(state, 0))
    return metric


def _count_rejected() -> Metric:
    metric = GaugeMetricFamily("auditconsole_rejected_events", "Rejected events by state.", labels=["state"])
    counted = dict(RejectedEvent.objects.order_by().values_list("state").annotate(number=Count("pk")))
    for state in RejectedEvent.State.values:
        metric.add_metric([state], counted.get(state, 0))
    return metric


def _describe_checkpoint() -> Iterator[Metric]:
    newest = Checkpoint.objects.order_by("-pk").only("size", "at").first()
    if newest is not None:
        age = (timezone.now() - newest.at).total_seconds()
        yield GaugeMetricFamily(
            "auditconsole_checkpoint_events", "Events that the newest checkpoint covers.", newest.size
        )
        yield GaugeMetricFamily("auditconsole_checkpoint_age_seconds", "Age of the newest checkpoint.", max(0.0, age))


def _describe_writers() -> Iterator[Metric]:
    last = GaugeMetricFamily("auditconsole_writer_last_sequence", "A writer's highest number.", labels=["writer"])
    heard = GaugeMetricFamily(
        "auditconsole_writer_last_heard_timestamp_seconds",
        "When a writer last took a number, by its clock.",
        labels=["writer"],
    )
    for writer, number, at in WatchedWriter.objects.values_list("writer", "last", "heard_at").iterator():
        last.add_metric([writer], number)
        if at is not None:
            heard.add_metric([writer], at.timestamp())
    yield from (last, heard)
    gaps = MissingNumbers.objects.filter(arrived_at=None)
    missing = gaps.exclude(writer__writer__istartswith=DEMONSTRATION_WRITERS).count()
    yield GaugeMetricFamily("auditconsole_sequence_gaps", "Ranges of writers' numbers that never arrived.", missing)
    waiting = Notice.objects.filter(sent_at=None, dropped_at=None).count()
    yield GaugeMetricFamily("auditconsole_notices_waiting", "Messages about incidents that nobody took yet.", waiting)
