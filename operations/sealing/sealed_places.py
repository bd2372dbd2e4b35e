"""Says of events that were just found whether they are sealed, by the engine's numbers and how far each shard is sealed."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Sum

from operations.models import Checkpoint, Cursor
from trail.search.execute import Hit


def find_sealed(hits: Iterable[Hit]) -> frozenset[str]:
    """The ids of those that are sealed for certain: their number is below what every shard of their index is sealed up to."""
    hits = [hit for hit in hits if hit.number is not None]
    reached: dict[str, int] = {}
    for index, seq in Cursor.objects.filter(index__in={hit.index for hit in hits}).values_list("index", "seq"):
        reached[index] = min(seq, reached.get(index, seq))
    return frozenset(hit.event_id for hit in hits if (hit.number or 0) <= reached.get(hit.index, -1))


def read_sealed_extent() -> tuple[int, datetime | None]:
    """How many events are sealed, and when the newest checkpoint that is on record was signed."""
    newest = Checkpoint.objects.order_by("-pk").values_list("at", flat=True).first()
    return Cursor.objects.aggregate(events=Sum("events"))["events"] or 0, newest
