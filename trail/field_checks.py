"""Checks the values of an event's fields by the kinds of the schema."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from trail.documents import nest
from trail.schema import DISCHARGE_FIELDS, FIELDS, Field, Kind
from trail.times import find_time_problem

MAX_TEXT = 32_766  # bytes; Lucene's limit on one term, so nothing longer could be found again
MAX_OPAQUE = 1_048_576  # bytes
MAX_LABELS = 64
_LONG = range(-(2**63), 2**63)
_LABEL = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}\Z")


def is_ip(text: str) -> bool:
    """Whether a text is one IPv4 or IPv6 address."""
    return _ip(text) is None


def _text(limit: int, value: Any) -> str | None:
    if not isinstance(value, str):
        return "expected text"
    try:
        size = len(value) if value.isascii() else len(value.encode())
    except UnicodeEncodeError:
        return "expected text without lone surrogates"
    return f"expected at most {limit} bytes of text, got {size}" if size > limit else None


def _ip(value: Any) -> str | None:
    return None if isinstance(value, str) and _is_address(value) else "expected an IPv4 or IPv6 address"


@lru_cache(maxsize=16_384)  # a trail sees the same addresses again and again
def _is_address(text: str) -> bool:
    try:
        return "%" not in text and bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _integer(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int) or value not in _LONG:
        return "expected a whole number of at most 64 bits"
    # RFC 8785 keeps integers only as far as IEEE 754 doubles do.
    return None if abs(value) <= 2**53 - 1 else "expected a whole number of at most 2^53 - 1"


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "expected true or false"


def _geo_point(value: Any) -> str | None:
    try:
        latitude, longitude = (float(part) for part in value.split(","))
        if -90 <= latitude <= 90 and -180 <= longitude <= 180:
            return None
    except (ValueError, AttributeError):
        pass
    return 'expected text such as "52.52,13.40"'


def _labels(value: Any) -> str | None:
    if not isinstance(value, dict) or len(value) > MAX_LABELS:
        return f"expected an object of at most {MAX_LABELS} texts"
    for name, text in value.items():
        if not _LABEL.match(name):
            return f"expected label names of letters, digits, _ and -, got {name[:40]!r}"
        if problem := _text(8_191, text):
            return f"{name}: {problem}"
    return None


def _discharge(value: Any) -> str | None:
    if not isinstance(value, dict) or set(value) - set(DISCHARGE_FIELDS):
        return f"expected objects of {', '.join(DISCHARGE_FIELDS)}"
    return next((problem for text in value.values() if (problem := _text(MAX_TEXT, text))), None)


def _raw(value: Any) -> str | None:
    return None if isinstance(value, dict) else "expected the source record as one JSON object"


_CHECKS: dict[Kind, Callable[[Any], str | None]] = {
    Kind.IP: _ip,
    Kind.TIME: find_time_problem,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.GEO_POINT: _geo_point,
    Kind.NESTED: _discharge,
    Kind.LABELS: _labels,
    Kind.RAW: _raw,
}
_LIMITS = {Kind.KEYWORD: 8_191, Kind.TEXT: MAX_OPAQUE, Kind.WILDCARD: MAX_TEXT, Kind.OPAQUE: MAX_OPAQUE}  # bytes


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What may stand in a field: `check` says what is wrong with a value. ASCII text of up to `plain` characters needs none.

    `may_be_empty`: a list may have no values. Of addresses the first is the caller's, so there is one.
    """

    name: str
    many: bool
    check: Callable[[Any], str | None]
    plain: int
    may_be_empty: bool = True


def _rule(field: Field) -> FieldRule:
    if not field.writer:
        return FieldRule(field.name, False, lambda value: "is set by the trail, not by a writer", -1)
    limit = _LIMITS.get(field.kind)
    return FieldRule(
        field.name,
        field.many,
        _CHECKS[field.kind] if limit is None else partial(_text, limit),
        limit or -1,
        may_be_empty=field.kind is not Kind.IP,
    )


# The schema as events are nested: `{"event": {"id": rule, …}, …}`.
RULES = nest({field.name: _rule(field) for field in FIELDS})
