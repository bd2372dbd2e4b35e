"""Converts foreign records into events of the trail: mapped by their format, cleaned of secrets and checked."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import rfc8785

from operations.imports.formats import SourceFormat
from operations.imports.reader import ForeignRecord
from trail.canonical_form import canonicalise_value
from trail.documents import nest
from trail.errors import InvalidEvent
from trail.events import Event, parse_event
from trail.redaction import remove_secrets
from trail.reserved_names import expect_unreserved
from trail.source_record import LONGEST_VALUE, fit_raw, parse_record

DIGITS = 16  # of a digest, beside an id that few records share


@dataclass(frozen=True, slots=True)
class Converted:
    """The events that one record makes, its own first, and how many secrets were taken out of it.

    `earlier_id` is the id that its own event would have had before ids were made as they are now; empty where it is the same.
    """

    events: list[Event]
    secrets: int
    earlier_id: str = ""


def convert_record(format: SourceFormat, record: ForeignRecord, given_id: str = "") -> Converted:
    """The checked events of a record. Raises InvalidEvent when one of them does not fit, and then there are none.

    The record is identified by `given_id`, the id that its shipper gave it, else by its own, else by its values. Where its
    source may give the same id to two records, its values are in the id too (docs/decisions/0044).
    """
    if record.value is None:
        raise InvalidEvent("record", record.problem)
    text, secrets = remove_secrets(record.text)
    value = parse_record(text) if secrets else record.value
    parts = _convert_value(format, value)
    own_id = given_id or parts[0].get("event.id")
    identity, earlier = _identify_record(format, record, own_id, is_given=bool(given_id))
    events = []
    for number, part in enumerate(parts):
        operation = part.get("token.operation", "").rpartition(".")[2]
        suffix = f":{operation or number}" if number else ""
        fields = {"event.dataset": format.dataset, **part}
        fields["event.id"] = f"{format.dataset}:{identity}{suffix}"
        fields["event.original"] = text
        document = nest(fields)
        expect_unreserved(document)
        events.append(parse_event(document) if number else _parse_with_source(document, value, len(text)))
    return Converted(events, secrets, f"{format.dataset}:{earlier}" if earlier != identity else "")


def _identify_record(format: SourceFormat, record: ForeignRecord, own_id: Any, *, is_given: bool) -> tuple[str, str]:
    """What tells a record from every other, and what did so before."""
    if own_id and (is_given or not format.may_share_id(record.value or {})):
        return str(own_id), str(own_id)
    if own_id:
        return f"{own_id}:{_digest_values(record)[:DIGITS]}", str(own_id)
    return _digest_values(record), _digest_text(record)


def _digest_values(record: ForeignRecord) -> str:
    """SHA-256 of RFC 8785 of a record; of its text, where that knows no form of it."""
    try:
        return hashlib.sha256(canonicalise_value(record.value or {})).hexdigest()
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError):
        return _digest_text(record)


def _digest_text(record: ForeignRecord) -> str:
    return hashlib.sha256(record.text.encode("utf-8", "surrogateescape")).hexdigest()


def add_given_id(value: Any, given_id: str) -> Any:
    """An event of the trail with the id that its shipper gave it, where it has none of its own. Raises InvalidEvent."""
    if not given_id or not isinstance(value, dict) or not isinstance(inner := value.get("event", {}), dict):
        return value
    if inner.get("id", given_id) != given_id:
        raise InvalidEvent("event.id", "expected the same as the _id it was sent with")
    return {**value, "event": {**inner, "id": given_id}}


def add_writer(event: Event, writer: str) -> Event:
    """The event under a writer's name, where it names no writer itself."""
    if event.document.get("writer") is not None:
        return event
    return Event({**event.document, "writer": {"id": writer}})


def _convert_value(format: SourceFormat, value: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        parts = format.convert(value)
    except (AttributeError, TypeError, LookupError, ValueError, ArithmeticError, RecursionError) as error:
        raise InvalidEvent("record", f"is no {format.name} record: {error}") from error
    if not parts:
        raise InvalidEvent("record", f"is no {format.name} record")
    return parts


def _parse_with_source(document: dict[str, Any], value: dict[str, Any], length: int) -> Event:
    """The record's own event, checked, with the record as `raw`: as it is, or as near as `raw` can hold it."""
    if length <= LONGEST_VALUE:
        with suppress(InvalidEvent):  # the checks that follow say what is wrong, if it is not what `raw` cannot hold
            return parse_event(document | {"raw": value}, is_derived=True)
    return parse_event(document | {"raw": fit_raw(value)}, is_derived=True)
