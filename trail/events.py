"""Checks an event against the schema, or refuses it with the field's name.

An event is a nested JSON object as it is stored (`{"event": {"id": …}, "user": {…}}`).
"""

import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from trail.canonical_form import compute_digest
from trail.documents import flatten, get
from trail.errors import InvalidEvent
from trail.field_checks import RULES, FieldRule
from trail.redaction import holds_secret
from trail.reserved_names import SIGNATURE
from trail.schema import FIELDS, OUTCOMES, Operation
from trail.source_record import find_contradiction

MAX_ID = 512  # bytes; the engine refuses a whole batch for one longer id, or an empty one
_OPERATIONS = frozenset(str(operation) for operation in Operation)
_REQUIRED = tuple(field.name for field in FIELDS if field.required)
# 64 bytes (Ed25519, RFC 8032) in base64. Nobody but the console may send a signature (trail.reserved_names).
_SIGNATURE_VALUE = re.compile(r"[A-Za-z0-9+/]{86}==")
# A UUID of version 7 (RFC 9562, 5.7), alone or behind the name of where it is from.
_TIMED_ID = re.compile(r"(?:.*[:-])?([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Event:
    """A checked event. `document` is the nested object that is stored and must not be changed; `size` its bytes as JSON."""

    document: dict[str, Any]
    size: int = field(default=0, compare=False)

    @property
    def id(self) -> str:
        """`event.id`, which identifies it for ever."""
        return str(self.document["event"]["id"])

    @property
    def timestamp(self) -> str:
        """`@timestamp`: RFC 3339 in UTC, to the nanosecond at most."""
        return str(self.document["@timestamp"])

    def digest(self) -> str:
        """SHA-256 of the canonical form, in hexadecimal."""
        return compute_digest(self.document)


def make_id(prefix: str, at: datetime | None = None) -> str:
    """An id that no other event has and that carries its time, the event's own: `PREFIX-` and a UUID of version 7 (RFC 9562)."""
    milliseconds = int((at or datetime.now(UTC)).timestamp() * 1000) & (1 << 48) - 1
    number = milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    digits = f"{number:032x}"
    return "-".join((prefix, digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def read_id_month(event_id: str) -> str | None:
    """The month such as `2026-11` in which an id was made that carries its time; None for any other id."""
    match = _TIMED_ID.fullmatch(event_id)
    if match is None:
        return None
    try:
        return datetime.fromtimestamp(int(match[1] + match[2], 16) // 1000, UTC).strftime("%Y-%m")
    except (ValueError, OverflowError):
        return None  # a time that no calendar has


def parse_event(document: Any, *, is_derived: bool = False) -> Event:
    """Check a document against the schema. Raises InvalidEvent naming the field and what was expected there.

    `is_derived`: its `raw` was derived from its `event.original` (trail.source_record) and is not compared with that once more.
    """
    if not isinstance(document, dict):
        raise InvalidEvent("event", "expected one JSON object")
    _check_fields(document, RULES, "")
    for name in _REQUIRED:
        if get(document, name) is None:
            raise InvalidEvent(name, "is required")
    _check_meaning(document)
    try:
        text = orjson.dumps(document)
    except orjson.JSONEncodeError as error:
        # The other fields are checked one by one; a source record may hold anything that JSON can say.
        raise InvalidEvent("raw", f"cannot be stored: {error}") from error
    if holds_secret(text.decode()) and holds_secret(orjson.dumps(_leave_out_signature(document)).decode()):
        raise InvalidEvent(
            _where_secret(document), "looks like a bearer secret, which the trail never stores; send its fingerprint"
        )
    if not is_derived and (name := find_contradiction(document)):
        raise InvalidEvent(
            name,
            "expected what event.original says there, for that alone is sealed; send raw as that JSON object, or none",
        )
    return Event(document, len(text))


def _check_fields(document: dict[str, Any], rules: dict[str, Any], path: str) -> None:
    """Check every field, and that there is no other. Fields are nested, so a name with dots in it is none."""
    for key, value in document.items():
        rule = rules.get(key)
        if type(rule) is FieldRule:
            if type(value) is str and len(value) <= rule.plain and value.isascii():
                continue  # nearly every value of nearly every event
            if type(value) is list and not value and not rule.may_be_empty:
                raise InvalidEvent(rule.name, "expected an address, or no such field; an empty list says nothing")
            for item in value if rule.many and type(value) is list else (value,):
                if problem := rule.check(item):
                    raise InvalidEvent(rule.name, problem)
        elif rule and value and isinstance(value, dict):
            _check_fields(value, rule, f"{path}{key}.")
        else:
            name = next(flatten({key: value}))[0]
            what = "is not a field of the schema; a writer's own words belong in labels"
            raise InvalidEvent(f"{path}{name}" or "event", what)


def _check_meaning(document: dict[str, Any]) -> None:
    event = document["event"]
    if not 1 <= len(event["id"].encode()) <= MAX_ID:
        raise InvalidEvent("event.id", f"expected 1 to {MAX_ID} bytes of text")
    if "\0" in event["id"]:
        raise InvalidEvent("event.id", "expected text without NUL")
    if event["outcome"] not in OUTCOMES:
        raise InvalidEvent("event.outcome", f"expected one of {', '.join(OUTCOMES)}")
    operation = get(document, "token.operation")
    if operation is not None and operation not in _OPERATIONS:
        raise InvalidEvent("token.operation", f"expected one of {', '.join(Operation)}")
    if "raw" in document and "original" not in event:
        raise InvalidEvent("event.original", "is required beside raw: it is the part that can be sealed exactly")
    if isinstance(event.get("sequence"), int) and event["sequence"] < 0:
        raise InvalidEvent("event.sequence", "expected a count from 0")


def _leave_out_signature(document: dict[str, Any]) -> dict[str, Any]:
    """The event without the value of the console's signature: 64 random bytes may read like the beginning of a secret."""
    match document.get(SIGNATURE):
        case {"value": str(value), **rest} if _SIGNATURE_VALUE.fullmatch(value):
            return {**document, SIGNATURE: rest}
    return document


def _where_secret(document: dict[str, Any]) -> str:
    """The name of the first field that holds what looks like a bearer secret."""
    names = (
        name for name, value in flatten(_leave_out_signature(document)) if holds_secret(orjson.dumps(value).decode())
    )
    return next(names, "event")
