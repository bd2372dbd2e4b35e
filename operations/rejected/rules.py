"""Corrects rejected events by short lists of rules, each of which does one thing. No rule is a program.

A mapping's rules are JSON, in the order in which they are done:

    {"do": "rename", "from": "usr", "to": "user.id"}
    {"do": "set", "field": "event.outcome", "value": "success"}
    {"do": "copy", "from": "actor.id", "to": "user.id"}
    {"do": "to_label", "field": "colour"}                       as labels.colour, as text
    {"do": "time", "field": "@timestamp", "format": "unix_ms"}  formats: TIMES

A field that is not there is passed over by every rule but `set`.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from trail.documents import get
from trail.errors import InvalidEvent
from trail.events import Event, parse_event
from trail.reserved_names import SIGNATURE, is_reserved_dataset, is_reserved_writer

MOST_RULES = 50
LONGEST_NAME = 200
NAMES = {
    "rename": ("from", "to"),
    "copy": ("from", "to"),
    "set": ("field", "value"),
    "to_label": ("field",),
    "time": ("field", "format"),
}


def _parse_iso(value: Any) -> datetime:
    parsed = datetime.fromisoformat(str(value))
    if parsed.tzinfo is None:
        raise ValueError("it names no zone; use iso_utc if it is UTC")
    return parsed


TIMES: dict[str, Callable[[Any], datetime]] = {
    "iso": _parse_iso,
    "iso_utc": lambda value: datetime.fromisoformat(str(value)).replace(tzinfo=UTC),
    "unix_s": lambda value: datetime.fromtimestamp(float(value), UTC),
    "unix_ms": lambda value: datetime.fromtimestamp(float(value) / 1_000, UTC),
    "rfc2822": lambda value: parsedate_to_datetime(str(value)).astimezone(UTC),
    "apache": lambda value: datetime.strptime(str(value), "%d/%b/%Y:%H:%M:%S %z"),
}


_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # as JSON writes the character


class BadRule(ValueError):
    """A mapping cannot be used. The message says which rule, and what would be right."""


def check_rules(rules: Any) -> list[dict[str, Any]]:
    """The rules, as they may be saved. Raises BadRule."""
    if not isinstance(rules, list) or not 0 < len(rules) <= MOST_RULES:
        raise BadRule(f"A mapping is a list of 1 to {MOST_RULES} rules.")
    for number, rule in enumerate(rules, 1):
        names = NAMES.get(rule.get("do", "")) if isinstance(rule, dict) and isinstance(rule.get("do"), str) else None
        if names is None:
            raise BadRule(f"Rule {number}: “do” is one of {', '.join(NAMES)}.")
        if set(rule) != {"do", *names}:
            raise BadRule(f"Rule {number}: {rule['do']} takes {' and '.join(names)}, and nothing else.")
        for name in names:
            if name != "value" and not (isinstance(rule[name], str) and 0 < len(rule[name]) <= LONGEST_NAME):
                raise BadRule(f"Rule {number}: “{name}” is a text of at most {LONGEST_NAME} characters.")
        _expect_storable(number, rule)
        if rule["do"] == "time" and rule["format"] not in TIMES:
            raise BadRule(f"Rule {number}: “format” is one of {', '.join(TIMES)}.")
        _expect_unreserved(number, rule)
    return rules


def _expect_storable(number: int, rule: dict[str, Any]) -> None:
    """Refuse what JSON has no word for, or a database no place: such a mapping would fail wherever it is read. Raises BadRule."""
    try:
        text = json.dumps(rule, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, RecursionError) as error:  # among them UnicodeEncodeError
        raise BadRule(f"Rule {number}: no number beyond what a float holds, and no half of a character.") from error
    if _NUL.search(text):
        raise BadRule(f"Rule {number}: no NUL character.")


def _expect_unreserved(number: int, rule: dict[str, Any]) -> None:
    """Raises BadRule for a rule that would make one of the console's own records."""
    target = rule.get("to") or rule.get("field") or ""
    if target.partition(".")[0] == SIGNATURE:
        raise BadRule(f"Rule {number}: {SIGNATURE} is made by the console alone, over its own records.")
    if rule["do"] == "set" and (
        (target == "event.dataset" and is_reserved_dataset(rule["value"]))
        or (target == "writer.id" and is_reserved_writer(rule["value"]))
    ):
        raise BadRule(
            f"Rule {number}: {rule['value']} is reserved for the console's own records; set another {target}."
        )


def correct_text(text: str, rules: list[dict[str, Any]]) -> Event:
    """The event that a rejected text becomes, with that text as event.original. Raises InvalidEvent."""
    document = parse_text(text)
    for rule in rules:
        _apply(document, rule)
    _put(document, "event.original", text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    return parse_event(document)


def parse_text(text: str) -> dict[str, Any]:
    """A rejected text as JSON. Raises InvalidEvent."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidEvent("event", f"is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidEvent("event", "expected a JSON object")
    return document


def _apply(document: dict[str, Any], rule: dict[str, Any]) -> None:
    if rule["do"] == "set":
        return _put(document, rule["field"], rule["value"])
    source = rule.get("from") or rule["field"]
    value = get(document, source) if source not in document else document[source]
    if value is None:
        return None
    match rule["do"]:
        case "copy":
            return _put(document, rule["to"], value)
        case "rename":
            _remove(document, source)
            return _put(document, rule["to"], value)
        case "to_label":
            _remove(document, source)
            label = source.replace(".", "_")
            return _put(document, f"labels.{label}", value if isinstance(value, str) else json.dumps(value))
    return _put(document, source, _convert_time(source, value, rule["format"]))


def _convert_time(field: str, value: Any, form: str) -> str:
    try:
        return TIMES[form](value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise InvalidEvent(field, f"is no time as {form} has it: {error}") from error


def _put(document: dict[str, Any], name: str, value: Any) -> None:
    *path, last = name.split(".")
    inner = document
    for part in path:
        below = inner.setdefault(part, {})
        if not isinstance(below, dict):
            raise InvalidEvent(name, f"cannot be put where {part} holds a value")
        inner = below
    inner[last] = value


def _remove(document: dict[str, Any], name: str) -> None:
    if name in document:
        del document[name]
        return
    *path, last = name.split(".")
    outers = [document]
    for part in path:
        outers.append(outers[-1][part])
    del outers[-1][last]
    for outer, part in zip(reversed(outers[:-1]), reversed(path), strict=True):
        if not outer[part]:  # an object that held nothing else
            del outer[part]
