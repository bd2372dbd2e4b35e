"""An event: parsed, checked against the schema, refused with the field's name. Identity and canonical form.

An event is a nested JSON object as it is stored (`{"event": {"id": …}, "user": {…}}`).
"""

import hashlib
import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import orjson
import rfc8785

from trail.errors import InvalidEvent
from trail.schema import BY_NAME, DISCHARGE_FIELDS, FIELDS, OUTCOMES, Field, Kind, Operation

MAX_TEXT = 32_766  # bytes; Lucene's limit on one term, so nothing longer could be found again
MAX_OPAQUE = 1_048_576  # bytes
MAX_LABELS = 64
MAX_ID = 512  # bytes; the engine refuses a whole batch for one longer id, or an empty one
_LONG = range(-(2**63), 2**63)
# RFC 3339 in UTC with up to nine decimals: the writer says the instant, not a zone to be interpreted.
_TIME = re.compile(r"^(19[7-9]\d|2[01]\d\d|22[0-5]\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
                   r"T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?Z\Z", re.ASCII)  # fmt: skip
_LABEL = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}\Z")
# Things that authenticate by themselves: macaroons (fly.io's and the library's formats), JWTs, bearer headers,
# the published prefixes of GitHub, Slack and AWS session tokens, and the keys of our own writers.
SECRET = re.compile(
    r"(?:\b(?:fm1[ar]|fm2|fo1|fd1)_[A-Za-z0-9+/=_-]{24,}"
    r"|\bMDA[A-Za-z0-9_-]{60,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}"
    r"|\b[Bb]earer +[A-Za-z0-9._~+/-]{20,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{60,}"
    r"|\bxox[abeprs]-[A-Za-z0-9-]{20,}"
    r"|\btk_[a-z0-9]{10}_[0-9a-f]{64}"
    r"|\b(?:IQoJ|FwoG|FQoG)[A-Za-z0-9+/=]{100,})"
)
# In everything that SECRET matches stands one of these, or an underscore after one of the others. To look for them
# first, and for one letter of them before that, is many times as fast, and nearly every text holds none.
_MARKS = (("J", ("eyJ", "IQoJ")), ("G", ("FwoG", "FQoG")), ("D", ("MDA",)), ("x", ("xox",)), (" ", ("earer ",)))
_BEFORE_UNDERSCORE = ("fm1a", "fm1r", "fm2", "fo1", "fd1", "ghp", "gho", "ghu", "ghs", "ghr", "pat", "tk")


_OPERATIONS = frozenset(str(operation) for operation in Operation)
_REQUIRED = tuple(field.name for field in FIELDS if field.required)


@dataclass(frozen=True, slots=True)
class Event:
    """A checked event. `document` is the nested object that is stored and must not be changed; `size` its bytes as JSON."""

    document: dict[str, Any]
    size: int = field(default=0, compare=False)

    @property
    def id(self) -> str:
        return str(self.document["event"]["id"])

    @property
    def timestamp(self) -> str:
        return str(self.document["@timestamp"])

    def digest(self) -> str:
        return digest(self.document)


def get(document: dict[str, Any], name: str) -> Any:
    """The value at a dotted name, or None."""
    value: Any = document
    for part in name.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


def nest(flat: dict[str, Any]) -> dict[str, Any]:
    """`{"event.id": 1}` → `{"event": {"id": 1}}`, leaving out what is None, empty text or an empty list."""
    document: dict[str, Any] = {}
    for name, value in flat.items():
        if value is None or value == "" or value == []:
            continue
        path, last = _path(name)
        inner = document
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return document


@lru_cache(maxsize=1_024)
def _path(name: str) -> tuple[tuple[str, ...], str]:
    *path, last = name.split(".")
    return tuple(path), last


def flatten(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each field of the schema with its value; a name that is not in the schema comes out as it stands."""
    stack = [("", iter(document.items()))]  # and no recursion: a foreign record may be nested as deeply as it likes
    while stack:
        path, items = stack[-1]
        for key, value in items:
            name = f"{path}{key}"
            if value and isinstance(value, dict) and name not in BY_NAME:
                stack.append((f"{name}.", iter(value.items())))
                break
            yield name, value
        else:
            stack.pop()


def canonical(document: dict[str, Any]) -> bytes:
    """The bytes that are digested: RFC 8785 over the event as its writer made it.

    Left out: `event.ingested` (the trail adds it) and `raw` (it may hold floats and integers beyond 2^53, which
    RFC 8785 rounds or refuses; the same record stands exact in `event.original`).
    """
    body = document.copy()
    body.pop("raw", None)
    if "ingested" in body.get("event", ()):
        body["event"] = {key: value for key, value in body["event"].items() if key != "ingested"}
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
        for one in value:
            kind = type(one)
            if kind is dict or kind is list:
                inner.append(one)
            elif kind not in _PLAIN:
                return False
    return True


def digest(document: dict[str, Any]) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(document)).hexdigest()


def parse(document: Any) -> Event:
    """Check a document against the schema. Raises InvalidEvent naming the field and what was expected there."""
    if not isinstance(document, dict):
        raise InvalidEvent("event", "expected one JSON object")
    _check_fields(document, _RULES, "")
    for name in _REQUIRED:
        if get(document, name) is None:
            raise InvalidEvent(name, "is required")
    _check_meaning(document)
    try:
        text = orjson.dumps(document)
    except orjson.JSONEncodeError as error:
        # The other fields are checked one by one; a source record may hold anything that JSON can say.
        raise InvalidEvent("raw", f"cannot be stored: {error}") from error
    if holds_secret(text.decode()):
        raise InvalidEvent(
            _where_secret(document), "looks like a bearer secret, which the trail never stores; send its fingerprint"
        )
    return Event(document, len(text))


def _check_fields(document: dict[str, Any], known: dict[str, Any], path: str) -> None:
    """Every field, and that nothing else is there: a name with dots in it is no field either, for fields are nested."""
    for key, value in document.items():
        rule = known.get(key)
        if type(rule) is _Rule:
            if type(value) is str and len(value) <= rule.plain and value.isascii():
                continue  # nearly every value of nearly every event
            for one in value if rule.many and type(value) is list else (value,):
                if problem := rule.check(one):
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


def _text(limit: int, value: Any) -> str | None:
    if not isinstance(value, str):
        return "expected text"
    try:
        size = len(value) if value.isascii() else len(value.encode())
    except UnicodeEncodeError:
        return "expected text without lone surrogates"
    return f"expected at most {limit} bytes of text, got {size}" if size > limit else None


def _time(value: Any) -> str | None:
    wrong = "expected an RFC 3339 time in UTC such as 2026-11-24T09:30:00.123456789Z, from 1970 to 2259"
    if not isinstance(value, str) or not _TIME.match(value):
        return wrong
    year, month, day = int(value[:4]), int(value[5:7]), int(value[8:10])
    last = 29 if month == 2 and (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)) else _DAYS[month]
    return wrong if day > last else None


_DAYS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


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
    Kind.TIME: _time,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.GEO_POINT: _geo_point,
    Kind.NESTED: _discharge,
    Kind.LABELS: _labels,
    Kind.RAW: _raw,
}
_LIMITS = {Kind.KEYWORD: 8_191, Kind.TEXT: MAX_OPAQUE, Kind.WILDCARD: MAX_TEXT, Kind.OPAQUE: MAX_OPAQUE}  # bytes


@dataclass(frozen=True, slots=True)
class _Rule:
    """What may stand in a field. ASCII text of at most `plain` characters needs no closer look."""

    name: str
    many: bool
    check: Callable[[Any], str | None]
    plain: int


def _rule(field: Field) -> _Rule:
    if not field.writer:
        return _Rule(field.name, False, lambda value: "is set by the trail, not by a writer", -1)
    limit = _LIMITS.get(field.kind)
    return _Rule(field.name, field.many, _CHECKS[field.kind] if limit is None else partial(_text, limit), limit or -1)


# The schema as events are nested: `{"event": {"id": rule, …}, …}`.
_RULES = nest({field.name: _rule(field) for field in FIELDS})


def _where_secret(document: dict[str, Any]) -> str:
    """The name of the first field that holds what looks like a bearer secret."""
    held = (name for name, value in flatten(document) if holds_secret(orjson.dumps(value).decode()))
    return next(held, "event")


def holds_secret(text: str) -> bool:
    """Whether something in a text looks like a bearer secret."""
    return _is_marked(text) and SECRET.search(text) is not None


def _is_marked(text: str) -> bool:
    for letter, marks in _MARKS:
        if letter in text:
            for mark in marks:
                if mark in text:
                    return True
    return "_" in text and any(part.endswith(_BEFORE_UNDERSCORE) for part in text.split("_"))


def without_secrets(text: str) -> tuple[str, int]:
    """A source record's text with each bearer secret replaced by its SHA-256, and how many there were."""

    if not holds_secret(text):
        return text, 0

    def fingerprint(match: re.Match[str]) -> str:
        return f"[removed secret sha256:{hashlib.sha256(match.group().encode()).hexdigest()}]"

    return SECRET.subn(fingerprint, text)


def is_ip(text: str) -> bool:
    """Whether a text is one IPv4 or IPv6 address."""
    return _ip(text) is None


def is_time(text: str) -> bool:
    """Whether a text is a time as events hold it: RFC 3339 in UTC."""
    return _time(text) is None
