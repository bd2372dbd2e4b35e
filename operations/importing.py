"""From a foreign record to events of the trail: mapped, cleaned of secrets, checked, written; or kept as rejected."""

import hashlib
import json
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TextIO

from operations.formats import Format
from operations.reading import Record
from operations.services.rejected import Rejected
from trail.connection import Trail
from trail.errors import InvalidEvent
from trail.events import Event, nest, parse, without_secrets
from trail.writer import write_many

# The engine's longest term is 32,766 bytes, with the value's path in it; a character is up to four.
LONGEST_VALUE = 7_000


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


def events_of(format: Format, record: Record, given_id: str | None = None) -> tuple[list[dict[str, Any]], int]:
    """The events a record makes, checked, and how many secrets were taken out of it. Raises InvalidEvent.

    `given_id` identifies the record, where whoever sent it gave it an id; else its own does, or its exact text.
    """
    if record.value is None:
        raise InvalidEvent("record", record.problem)
    text, secrets = without_secrets(record.text)
    value = json.loads(text) if secrets else record.value
    try:
        flat = format.convert(value)
    except (AttributeError, TypeError, LookupError, ValueError, ArithmeticError, RecursionError) as error:
        raise InvalidEvent("record", f"is no {format.name} record: {error}") from error
    if not flat:
        raise InvalidEvent("record", f"is no {format.name} record")
    own = given_id or flat[0].get("event.id")
    identity = str(own or hashlib.sha256(record.text.encode("utf-8", "surrogateescape")).hexdigest())
    documents = []
    for number, fields in enumerate(flat):
        part = fields.get("token.operation", "").rpartition(".")[2] or number
        suffix = "" if number == 0 else f":{part}"
        fields = {"event.dataset": format.dataset, **fields}
        fields["event.id"] = f"{format.dataset}:{identity}{suffix}"
        fields["event.original"] = text
        document = nest(fields)
        event = parse(document) if number else _parse_with_source(document, value, len(text))
        documents.append(event.document)
    return documents, secrets


def _parse_with_source(document: dict[str, Any], value: dict[str, Any], length: int) -> Event:
    """The record's own event, checked, with the record as `raw`: as it is, or as near as `raw` can hold it."""
    if length <= LONGEST_VALUE:
        with suppress(InvalidEvent):  # the checks that follow say what is wrong, if it is not what `raw` cannot hold
            return parse(document | {"raw": value})
    return parse(document | {"raw": searchable(value)})


def searchable(value: Any) -> Any:
    """The source record as `raw` can hold it: long text is cut, an integer beyond 64 bits is text.

    `event.original` beside it stays exact.
    """
    match value:
        case dict():
            return {searchable(name): searchable(inner) for name, inner in value.items()}
        case list():
            return [searchable(inner) for inner in value]
        case str():
            return value[:LONGEST_VALUE].encode("utf-8", "replace").decode()
        case int() if not -(2**63) <= value < 2**64:
            return str(value)
        case _:
            return value


def import_records(
    trail: Trail,
    format: Format,
    records: Iterator[Record],
    *,
    rejects: TextIO,
    source: str,
    dry_run: bool = False,
    seen: Callable[[Record], Any] = lambda record: None,
    refused: Callable[[Rejected], Any] = lambda one: None,
) -> Summary:
    """Write a source's records. Raises TrailUnavailable or WriteRefused; running again then is safe.

    A record of which one event is not valid is rejected whole, and told to `refused`.
    """
    summary = Summary()
    reject = partial(_reject, summary, rejects, source, refused)
    # The record of each event under way: outcomes come in the order of the events.
    under_way: deque[Record] = deque()

    def events() -> Iterator[Event]:
        for record in records:
            summary.read += 1
            seen(record)
            try:
                documents, secrets = events_of(format, record)
            except InvalidEvent as error:
                reject(record, str(error), error.field, "invalid")
                continue
            summary.secrets += secrets
            if not dry_run:
                under_way.extend(record for _ in documents)
            yield from map(Event, documents)

    if dry_run:
        deque(events(), maxlen=0)
        return summary
    for outcome in write_many(trail, events()):
        record = under_way.popleft()
        summary.written += outcome.status == "created"
        summary.existing += outcome.status == "existing"
        summary.conflicts += outcome.status == "conflict"
        if outcome.status == "conflict" or outcome.status == "invalid":
            reject(record, outcome.reason, "", outcome.status)
    return summary


def _reject(
    summary: Summary, rejects: TextIO, source: str, refused: Callable[[Rejected], Any],
    record: Record, reason: str, field: str, status: Literal["invalid", "conflict"],
) -> None:  # fmt: skip
    summary.rejected += 1
    summary.reasons[reason.partition(", got")[0][:120]] += 1
    # What is kept for inspection must not be where a secret survives.
    kept = without_secrets(record.text)[0].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    rejects.write(json.dumps({"source": source, "record": record.place, "reason": reason, "text": kept}) + "\n")
    refused(Rejected(record.text, reason, field, status))
