"""Builds the canonical form of an event (RFC 8785), by which it is digested and sealed."""

import hashlib
import json
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
import rfc8785


def canonicalise(document: dict[str, Any]) -> bytes:
    """The bytes that are digested: RFC 8785 over the event as its writer made it.

    Left out: `event.ingested` (the trail adds it) and `raw` (it may hold floats and integers beyond 2^53, which
    RFC 8785 rounds or refuses; the same record stands exact in `event.original`).
    """
    body = document.copy()
    body.pop("raw", None)
    if "ingested" in body.get("event", ()):
        body["event"] = {key: value for key, value in body["event"].items() if key != "ingested"}
    return canonicalise_value(body)


def canonicalise_value(body: dict[str, Any]) -> bytes:
    """RFC 8785 of any object. Raises rfc8785.CanonicalizationError for what it knows no form of."""
    try:
        text = orjson.dumps(body, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except TypeError:  # the reference implementation says what is wrong
        return rfc8785.dumps(body)
    return text if _is_plain(body, ascii_keys=text.isascii()) else rfc8785.dumps(body)


_PLAIN = frozenset({str, int, bool, type(None)})


def _is_plain(body: dict[str, Any], *, ascii_keys: bool) -> bool:
    """Whether orjson, far faster, writes the bytes of RFC 8785: no number but integers, no key beyond ASCII.

    Elsewhere the two differ: in the form of floats, and in the order of keys (UTF-16 or code points).
    """
    inner: list[Any] = [body]
    for value in inner:  # which grows as it is walked
        if type(value) is dict:
            if not ascii_keys and not "".join(value).isascii():
                return False
            value = value.values()
        for part in value:
            kind = type(part)
            if kind is dict or kind is list:
                inner.append(part)
            elif kind not in _PLAIN:
                return False
    return True


# An object of fewer may stand in many others and says too little to be known again.
_FEWEST_MEMBERS = 3


def is_same_event(document: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two events say the same: every field, and `event.original` by its values, however it is spelled."""
    if compute_digest(document) == compute_digest(other):
        return True
    return holds_same_record(document, other) and has_same_fields(document, other)


def has_same_fields(document: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two events say the same but for `event.original` and `raw`."""
    return _digest_fields(document) == _digest_fields(other)


def holds_same_record(document: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two events were made of one source record: their `event.original` has the same values, or one is the other in an
    envelope, as when a record comes by a queue and from a bucket."""
    texts = [event.get("original") for event in (document["event"], other["event"])]
    if not all(isinstance(text, str) for text in texts):
        return False
    if texts[0] == texts[1]:
        return True
    try:
        values = [_parse_exactly(text) for text in texts]
        return values[0] == values[1] or _holds(values[0], values[1]) or _holds(values[1], values[0])
    except (ValueError, RecursionError):  # no JSON, or not sure to mean the same to everybody: it is its text
        return False


def _holds(envelope: Any, record: Any) -> bool:
    """Whether a record stands somewhere in another object, as it is or as a text of JSON."""
    if not isinstance(record, dict) or len(record) < _FEWEST_MEMBERS:
        return False
    waiting = [envelope]
    for value in waiting:  # which grows as it is walked
        if isinstance(value, dict):
            if record == value:
                return True
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str) and value[:1] in ("{", "["):
            with suppress(ValueError, RecursionError):
                waiting.append(_parse_exactly(value))
    return False


def _digest_fields(document: dict[str, Any]) -> str:
    event = {name: value for name, value in document["event"].items() if name != "original"}
    return compute_digest({**document, "event": event})


def _parse_exactly(text: str) -> Any:
    """The values of a JSON text, numbers to their last digit. Raises ValueError where a name is repeated."""
    return json.loads(
        text,
        parse_int=_tag_number,
        parse_float=_tag_number,
        parse_constant=_tag_number,
        object_pairs_hook=_refuse_repeated_names,
    )


def _tag_number(text: str) -> tuple[str, Decimal]:
    """A number that is equal to no truth value: 1, 1.0 and 1e0 are the same, true is another."""
    try:
        return "number", Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text[:40]} is too large") from error


def _refuse_repeated_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name is repeated")
    return values


def compute_digest(document: dict[str, Any]) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonicalise(document)).hexdigest()
