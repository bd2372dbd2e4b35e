"""Keep what the trail did not take. What becomes of it then is decided by admins (operations.services.decisions)."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Literal

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.records import fitting
from operations.models import Incident, RejectedEvent
from operations.services import incidents
from trail.events import without_secrets

AT_ONCE = 500  # rows of one statement


@dataclass(frozen=True, slots=True)
class Rejected:
    """One text that was refused: why, the field at fault where there is one, and how the trail would call it.

    Bytes that are no UTF-8 come as lone surrogates (decoded with `surrogateescape`, PEP 383).
    """

    text: str
    reason: str
    field: str
    status: Literal["invalid", "conflict"]


def keep(writer: str, source: str, items: Iterable[Rejected]) -> None:
    """Keep texts that `writer` sent through `source`; one that is kept already is counted. All of them or none.

    An incident of the writer begins or goes on, but for texts that an admin has decided about before. Raises
    django.db.Error when they cannot be kept: they are then still the caller's to answer for.
    """
    now, kept, rest = timezone.now(), Counter[str](), iter(items)
    with transaction.atomic():
        while some := list(islice(rest, AT_ONCE)):
            kept.update(_keep(writer, source, some, now))
    for status, number in kept.items():
        incidents.failed(_KIND[status], writer, _what(writer, number, status), writer=writer, events=number)


_KIND = {"invalid": Incident.Kind.REJECTED, "conflict": Incident.Kind.CONFLICT}


def _what(writer: str, number: int, status: str) -> str:
    if number == 1:
        one = "claims an id under which the trail holds another event" if status == "conflict" else (
            "does not fit the trail's schema and waits for a decision"
        )  # fmt: skip
        return f"1 event of {writer} {one}."
    if status == "conflict":
        return f"{number:,} events of {writer} claim ids under which the trail holds other events."
    return f"{number:,} events of {writer} do not fit the trail's schema and wait for a decision."


def _keep(writer: str, source: str, items: list[Rejected], now: datetime) -> Counter[str]:
    """One batch; by status, how many of it wait for a decision."""
    writer, source = fitting(writer, 200), fitting(source, 300)
    times: Counter[str] = Counter()
    rows: dict[str, RejectedEvent] = {}
    for item in items:
        content = _bytes(without_secrets(item.text)[0])
        digest = hashlib.sha256(content).hexdigest()
        times[digest] += 1
        rows[digest] = RejectedEvent(
            writer=writer, source=source, content=content, digest=digest, status=item.status,
            field=fitting(item.field, 200), reason=fitting(item.reason, 1_000),
            cause=fitting(item.reason.partition(", got")[0], 200), first_at=now, last_at=now,
        )  # fmt: skip
    RejectedEvent.objects.bulk_create(rows.values(), ignore_conflicts=True)
    same = RejectedEvent.objects.filter(writer=writer)
    for number in set(times.values()):
        seen = [digest for digest, n in times.items() if n == number]
        same.filter(digest__in=seen).update(count=F("count") + number, last_at=now)
    waiting = same.filter(digest__in=list(times), state=RejectedEvent.State.WAITING)
    counted: Counter[str] = Counter()
    for digest, status in waiting.values_list("digest", "status"):
        counted[status] += times[digest]
    return counted


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return text.encode("utf-8", "surrogatepass")
