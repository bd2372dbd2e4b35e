"""Converts foreign records into events of the trail: mapped by their format, cleaned of secrets and checked."""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import rfc8785

from operations.imports.envelopes import unwrap_records
from operations.imports.formats import SourceFormat
from operations.imports.reader import ForeignRecord
from trail.canonical_form import canonicalise_value, has_same_fields
from trail.documents import nest
from trail.errors import InvalidEvent
from trail.events import Event, parse_event
from trail.redaction import describe_secrets, remove_secrets
from trail.reserved_names import expect_unreserved
from trail.schema import FIELDS, Kind
from trail.source_record import LONGEST_VALUE, fit_raw, parse_record

DIGITS = 16  # of a digest, beside an id that few records share
LEFT_OUT = "left_out"  # the label that names the fields that could not be read
_LONGEST_NOTE = 2_000  # characters
_LONGEST_ID = 400  # bytes of a source's own id; a longer one is no id, and the record is known by its values
_LONGEST_EARLIER_ID = 500  # bytes of an own id, before
# What an implied event does not repeat.
_OF_THE_RECORD = ("service.", "resource.", "source.address", "http.", "url.", "message")
# A record is kept without any of these; without any other it would say something else.
_LESSER = frozenset(
    field.name for field in FIELDS if field.writer and not field.required and field.kind not in (Kind.RAW, Kind.OPAQUE)
)


@dataclass(frozen=True, slots=True)
class ConvertedRecord:
    """The events that one record makes, its own first. `earlier_ids` are those that its own event would have had before ids were
    made as they are now, without that which it has."""

    events: list[Event]
    earlier_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Converted:
    """What stands in one envelope, or the one record that is in none, and how many secrets were taken out of it."""

    records: list[ConvertedRecord]
    secrets: int

    @property
    def events(self) -> list[Event]:
        """All that it makes, in their order."""
        return [event for record in self.records for event in record.events]


def convert_record(format: SourceFormat, record: ForeignRecord, given_id: str = "") -> Converted:
    """The checked events of a record. Raises InvalidEvent when one of them does not fit, and then there are none.

    The record is identified by `given_id`, the id that its shipper gave it, else by its own, else by its values. Where its
    source may give the same id to two records, its values are in the id too (docs/decisions/0044). What stands in an envelope is
    converted by itself; the envelope is kept in `event.original`, of several records in that of the first (docs/decisions/0089).
    """
    if record.value is None:
        raise InvalidEvent("record", record.problem)
    try:
        return _convert(format, record, record.value, given_id)
    except RecursionError as error:
        raise InvalidEvent("record", "is nested too deeply") from error


def _convert(format: SourceFormat, record: ForeignRecord, written: dict[str, Any], given_id: str) -> Converted:
    text, secrets = remove_secrets(record.text)
    value = parse_record(text) if secrets else written
    notes = {"removed_secrets": "; ".join(describe_secrets(written))[:_LONGEST_NOTE]} if secrets else {}
    made = _convert_value(format, value)
    records: list[ConvertedRecord] = []
    for inner, parts in made:
        own = record if inner is value else replace(record, text=json.dumps(inner, ensure_ascii=False), value=inner)
        is_given = bool(given_id) and len(made) == 1
        identity, *before = _identify_record(format, own, given_id if is_given else parts[0].get("event.id"), is_given)
        # With each of them an envelope would be kept as many times as it has records, and each be searched by the others' values.
        original = (own.text, inner) if records else (text, value)
        events = _make_events(format, parts, f"{format.dataset}:{identity}", *original, notes)
        earlier = dict.fromkeys(f"{format.dataset}:{other}" for other in before if other != identity)
        records.append(ConvertedRecord(events, tuple(earlier)))
    return Converted(records, secrets)


def is_same_inner_record(format: SourceFormat, document: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two events under one id were made of one record in two envelopes: they say the same, and what their envelopes hold
    under this id has the same values."""
    if not has_same_fields(document, other):
        return False
    try:
        inner = [_find_inner_record(format, event["event"]) for event in (document, other)]
    except (InvalidEvent, ValueError, RecursionError):
        return False
    # As texts: 1, 1.0 and true are equal values.
    texts = [json.dumps(value, sort_keys=True) for value in inner]
    return None not in inner and texts[0] == texts[1]


def _find_inner_record(format: SourceFormat, event: dict[str, Any]) -> dict[str, Any] | None:
    """The record that makes an event, out of the envelope that the event keeps."""
    value = parse_record(event["original"])
    for inner, parts in _convert_value(format, value):
        own = ForeignRecord(1, json.dumps(inner, ensure_ascii=False), inner)
        identity = _identify_record(format, own, parts[0].get("event.id"), is_given=False)[0]
        if f"{format.dataset}:{identity}" == event.get("implied_by", event["id"]):
            return inner
    return None


def _make_events(
    format: SourceFormat,
    parts: list[dict[str, Any]],
    identity: str,
    text: str,
    value: dict[str, Any],
    notes: dict[str, str],
) -> list[Event]:
    """The events of one record: its own, then those that it holds or implies besides."""
    events = []
    for number, part in enumerate(parts):
        operation = part.get("token.operation", "").rpartition(".")[2]
        fields = {"event.dataset": format.dataset, **part, "event.original": text}
        fields["event.id"] = f"{identity}:{operation or number}" if number else identity
        if number and operation:
            fields = _mark_implied(fields, parts[0], identity)
        if notes:
            fields["labels"] = {**(fields.get("labels") or {}), **notes}
        events.append(_check(fields, None if number else value, len(text)))
    return events


def _mark_implied(fields: dict[str, Any], call: dict[str, Any], identity: str) -> dict[str, Any]:
    """An event that a record implies, apart from the record's own: it repeats neither its action nor what it was done to, so that
    counts by these are counts of records, and nothing of the caller where the token is another's (docs/decisions/0090)."""
    keeps_resource = "token.revocation.scope" in fields
    if fields.get("user.id") != call.get("user.id"):
        fields = {
            name: value for name, value in fields.items() if not name.startswith("user.") or value != call.get(name)
        }
    own = {
        name: value
        for name, value in fields.items()
        if not name.startswith(_OF_THE_RECORD) or (keeps_resource and name.startswith("resource."))
    }
    return own | {"event.action": fields["token.operation"], "event.implied_by": identity}


def _check(fields: dict[str, Any], value: dict[str, Any] | None, length: int) -> Event:
    """The event of these fields, checked. A lesser field that does not fit is left out, and the event says so in its labels."""
    left_out: list[str] = []
    while True:
        document = nest(fields)
        expect_unreserved(document)
        try:
            return parse_event(document) if value is None else _parse_with_source(document, value, length)
        except InvalidEvent as error:
            name = error.field if error.field in fields else ""
            if name not in _LESSER:
                raise
            left_out.append(name)
            labels = {} if name == "labels" else fields.get("labels") or {}
            fields = {other: inner for other, inner in fields.items() if other != name}
            fields["labels"] = {**labels, LEFT_OUT: ", ".join(left_out)[:_LONGEST_NOTE]}


def _identify_record(format: SourceFormat, record: ForeignRecord, own_id: Any, is_given: bool) -> tuple[str, ...]:
    """What tells a record from every other, then what did so before: its own id, its values or its text."""
    identity = str(own_id or "")
    length = len(identity.encode("utf-8", "surrogatepass"))
    if is_given or (0 < length <= _LONGEST_ID and not format.may_share_id(record.value or {})):
        return (identity,)
    values = _digest_values(record)
    before = [identity] if 0 < length <= _LONGEST_EARLIER_ID else []
    own = f"{identity}:{values[:DIGITS]}" if 0 < length <= _LONGEST_ID else values
    return (own, *before, values, _digest_text(record))


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


def _convert_value(format: SourceFormat, value: dict[str, Any]) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The record and the fields of its events; where it is an envelope, those of each record within."""
    try:
        parts = format.convert(value)
    except (AttributeError, TypeError, LookupError, ValueError, ArithmeticError, RecursionError) as error:
        try:
            made = list(unwrap_records(value, format.convert))
        except (ValueError, RecursionError) as problem:
            raise InvalidEvent("record", f"is no {format.name} record: {problem}") from problem
        if not made:
            raise InvalidEvent("record", f"is no {format.name} record: {error}") from error
        return made
    if not parts:
        raise InvalidEvent("record", f"is no {format.name} record")
    return [(value, parts)]


def _parse_with_source(document: dict[str, Any], value: dict[str, Any], length: int) -> Event:
    """The record's own event, checked, with the record as `raw`: as it is, or as near as `raw` can hold it."""
    if length <= LONGEST_VALUE:
        with suppress(InvalidEvent):  # the checks that follow say what is wrong, if it is not what `raw` cannot hold
            return parse_event(document | {"raw": value}, is_derived=True)
    return parse_event(document | {"raw": fit_raw(value)}, is_derived=True)
