"""What a collector of metrics reads: counts from the database, and whether each part is up. Nothing is kept in a process."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from operations import health
from operations.models import Checkpoint, Incident, MissingNumbers, Notice, RejectedEvent, WatchedWriter

PARTS = ("opensearch", "redis", "worker", "keeper", "firsts", "database")  # as health.parts() has them


def text() -> bytes:
    """The Prometheus text format, version 0.0.4. Raises django.db.Error."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(OfTheTrail())
    return generate_latest(registry)


class OfTheTrail(Collector):
    """Asked anew at each scrape."""

    def collect(self) -> Iterator[Metric]:
        yield _incidents()
        yield _rejected()
        yield from _checkpoint()
        yield from _writers()
        up = GaugeMetricFamily("auditconsole_part_up", "Whether a part of the console is up.", labels=["part"])
        for name, part in zip(PARTS, health.parts(), strict=True):
            up.add_metric([name], part.state != "down")
        yield up


def _incidents() -> Metric:
    metric = GaugeMetricFamily(
        "auditconsole_incidents", "Incidents by kind and state: failing, over (unresolved), resolved.", labels=["kind", "state"]
    )  # fmt: skip
    unresolved = Q(resolved_at=None)
    counted = Incident.objects.order_by().values("kind").annotate(
        failing=Count("pk", filter=unresolved & Q(over_at=None)), over=Count("pk", filter=unresolved & ~Q(over_at=None)),
        resolved=Count("pk", filter=~unresolved),
    )  # fmt: skip
    found: dict[str, Any] = {row["kind"]: row for row in counted}
    for kind in Incident.Kind.values:  # also where there is none, so that an alert sees the first
        for state in ("failing", "over", "resolved"):
            metric.add_metric([kind, state], found.get(kind, {}).get(state, 0))
    return metric


def _rejected() -> Metric:
    metric = GaugeMetricFamily("auditconsole_rejected_events", "Rejected events by state.", labels=["state"])
    counted = dict(RejectedEvent.objects.order_by().values_list("state").annotate(number=Count("pk")))
    for state in RejectedEvent.State.values:
        metric.add_metric([state], counted.get(state, 0))
    return metric


def _checkpoint() -> Iterator[Metric]:
    newest = Checkpoint.objects.order_by("-pk").only("size", "at").first()
    if newest is not None:
        age = (timezone.now() - newest.at).total_seconds()
        yield GaugeMetricFamily(
            "auditconsole_checkpoint_events", "Events that the newest checkpoint covers.", newest.size
        )
        yield GaugeMetricFamily("auditconsole_checkpoint_age_seconds", "Age of the newest checkpoint.", max(0.0, age))


def _writers() -> Iterator[Metric]:
    last = GaugeMetricFamily("auditconsole_writer_last_sequence", "A writer's highest number.", labels=["writer"])
    heard = GaugeMetricFamily(
        "auditconsole_writer_last_heard_timestamp_seconds", "When a writer last took a number, by its clock.",
        labels=["writer"],
    )  # fmt: skip
    for writer, number, at in WatchedWriter.objects.values_list("writer", "last", "heard_at").iterator():
        last.add_metric([writer], number)
        if at is not None:
            heard.add_metric([writer], at.timestamp())
    yield from (last, heard)
    missing = MissingNumbers.objects.filter(arrived_at=None).count()
    yield GaugeMetricFamily("auditconsole_sequence_gaps", "Stretches of writers' numbers that never arrived.", missing)
    waiting = Notice.objects.filter(sent_at=None, dropped_at=None).count()
    yield GaugeMetricFamily("auditconsole_notices_waiting", "Messages about incidents that nobody took yet.", waiting)
