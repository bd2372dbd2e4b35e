"""From a foreign record to events of the trail: mapped, cleaned of secrets, checked, written; or kept as rejected."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TextIO

from operations.formats import Format
from operations.reading import Record
from trail.connection import Trail
from trail.errors import InvalidEvent
from trail.events import nest, parse, without_secrets
from trail.writer import write_many


@dataclass(slots=True)
class Summary:
    """What became of a file's records. `written`, `existing` and `conflicts` count events, of which a record may make two."""

    read: int = 0
    written: int = 0
    existing: int = 0
    conflicts: int = 0
    rejected: int = 0
    secrets: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def whole(self) -> bool:
        return not self.rejected and not self.conflicts


def events_of(format: Format, record: Record) -> tuple[list[dict[str, Any]], int]:
    """The events a record makes, checked, and how many secrets were taken out of it. Raises InvalidEvent."""
    if record.value is None:
        raise InvalidEvent("record", record.problem)
    text, secrets = without_secrets(record.text)
    value = json.loads(text) if secrets else record.value
    try:
        flat = format.convert(value)
    except (AttributeError, TypeError, KeyError, ValueError, IndexError) as error:
        raise InvalidEvent("record", f"is not a {format.name} record: {error}") from error
    if not flat:
        raise InvalidEvent("record", f"is not a {format.name} record")
    identity = str(
        flat[0].get("event.id") or hashlib.sha256(record.text.encode("utf-8", "surrogateescape")).hexdigest()
    )
    documents = []
    for number, fields in enumerate(flat):
        suffix = "" if number == 0 else f":{fields['token.operation'].rpartition('.')[2]}"
        fields = {"event.dataset": format.dataset, **fields}
        fields["event.id"] = f"{format.dataset}:{identity}{suffix}"
        fields["event.original"] = text
        document = nest(fields)
        if number == 0:
            document["raw"] = value
        documents.append(parse(document).document)
    return documents, secrets


def import_records(
    trail: Trail,
    format: Format,
    records: Iterator[Record],
    *,
    rejects: TextIO,
    source: str,
    dry_run: bool = False,
    seen: Callable[[Record], Any] = lambda record: None,
) -> Summary:
    """Write a source's records. Raises TrailUnavailable or WriteRefused; running again then is safe.

    A record of which one event is not valid is rejected whole.
    """
    summary = Summary()
    places: dict[str, Record] = {}

    def events() -> Iterator[dict[str, Any]]:
        for record in records:
            summary.read += 1
            seen(record)
            try:
                documents, secrets = events_of(format, record)
            except InvalidEvent as error:
                _reject(summary, rejects, source, record.place, str(error), record.text)
                continue
            summary.secrets += secrets
            for document in documents:
                places[document["event"]["id"]] = record
            yield from documents

    outcomes = write_many(trail, events()) if not dry_run else (None for _ in events())
    for outcome in outcomes:
        if outcome is None:
            places.clear()
            continue
        record = places.pop(outcome.event_id, None)
        if outcome.status == "created":
            summary.written += 1
        elif outcome.status == "existing":
            summary.existing += 1
        else:
            summary.conflicts += outcome.status == "conflict"
            place, text = (record.place, record.text) if record else (0, "")
            _reject(summary, rejects, source, place, outcome.reason, text)
    return summary


def _reject(summary: Summary, rejects: TextIO, source: str, place: int, reason: str, text: str) -> None:
    summary.rejected += 1
    summary.reasons[reason.partition(",")[0][:120]] += 1
    # What is kept for inspection must not be where a secret survives.
    kept = without_secrets(text)[0].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    rejects.write(json.dumps({"source": source, "record": place, "reason": reason, "text": kept}) + "\n")
