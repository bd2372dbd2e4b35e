"""Keeps what the trail did not take. What becomes of it then is decided by admins (operations.rejected.decisions)."""

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

from core.records import fit_text
from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.models import RejectedEvent
from trail.redaction import remove_secrets

BATCH = 500  # rows of one statement
_KINDS = {"invalid": IncidentKind.REJECTED, "conflict": IncidentKind.CONFLICT}


@dataclass(frozen=True, slots=True)
class RejectedText:
    """One text that was refused: why, the field at fault where there is one, and what the trail calls it.

    Bytes that are no UTF-8 come as lone surrogates (decoded with `surrogateescape`, PEP 383). `format`, `dataset` and
    `given_id` say how it is read as an event, as the columns of RejectedEvent do; `place` says where in a file it stood.
    """

    text: str
    reason: str
    field: str
    status: Literal["invalid", "conflict"]
    format: str = ""
    dataset: str = ""
    given_id: str = ""
    place: str = ""


def keep_rejected(writer: str, source: str, texts: Iterable[RejectedText]) -> None:
    """Keep texts that `writer` sent through `source`; one that is kept already is counted. All of them or none.

    An incident of the writer begins or goes on, but for texts that an admin has decided about before. Raises
    django.db.Error when they cannot be kept: they are then still the caller's to answer for.
    """
    now, waiting, remaining = timezone.now(), Counter[str](), iter(texts)
    with transaction.atomic():
        while batch := list(islice(remaining, BATCH)):
            waiting.update(_keep_batch(writer, source, batch, now))
    for status, number in waiting.items():
        sentence = _describe_rejected(writer, number, status)
        incidents.record_failure(_KINDS[status], writer, sentence, writer=writer, events=number)


def _describe_rejected(writer: str, number: int, status: str) -> str:
    if status == "conflict":
        if number == 1:
            return f"1 event of {writer} claims an id under which the trail holds another event."
        return f"{number:,} events of {writer} claim ids under which the trail holds other events."
    if number == 1:
        return f"1 event of {writer} does not fit the trail's schema and waits for a decision."
    return f"{number:,} events of {writer} do not fit the trail's schema and wait for a decision."


def _keep_batch(writer: str, source: str, texts: list[RejectedText], now: datetime) -> Counter[str]:
    """Keep one batch; by status, how many of it wait for a decision."""
    writer, source = fit_text(writer, 200), fit_text(source, 300)
    times: Counter[str] = Counter()
    rows: dict[str, RejectedEvent] = {}
    for text in texts:
        content = _encode(remove_secrets(text.text)[0])
        digest = hashlib.sha256(content).hexdigest()
        times[digest] += 1
        rows[digest] = RejectedEvent(
            writer=writer,
            source=source,
            content=content,
            digest=digest,
            status=text.status,
            format=text.format,
            dataset=text.dataset,
            given_id=fit_text(text.given_id, 1_000),
            place=fit_text(text.place, 1_000),
            field=fit_text(text.field, 200),
            reason=fit_text(text.reason, 1_000),
            cause=fit_text(text.reason.partition(", got")[0], 200),
            first_at=now,
            last_at=now,
        )
    RejectedEvent.objects.bulk_create(rows.values(), ignore_conflicts=True)
    of_writer = RejectedEvent.objects.filter(writer=writer)
    for number in set(times.values()):
        digests = [digest for digest, count in times.items() if count == number]
        of_writer.filter(digest__in=digests).update(count=F("count") + number, last_at=now)
    waiting: Counter[str] = Counter()
    rows_waiting = of_writer.filter(digest__in=list(times), state=RejectedEvent.State.WAITING)
    for digest, status in rows_waiting.values_list("digest", "status"):
        waiting[status] += times[digest]
    return waiting


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return text.encode("utf-8", "surrogatepass")
