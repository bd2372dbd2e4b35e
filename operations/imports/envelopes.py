"""Takes records out of what interfaces, queues and shippers wrap them in, to any depth that people have."""

import json
from collections.abc import Callable, Iterator
from typing import Any

# Members under which a document holds a list of records.
LISTS = (
    "Records", "records", "value", "items", "Items", "activities", "entries", "Events", "logEvents",
    "events", "logs", "authlogs", "results", "Results", "result", "data", "response", "hits", "rows",
)  # fmt: skip
# Those with which a document may begin that is not looked at any further: no record of any format begins so.
CERTAIN_LISTS = ("Records", "records", "value", "items", "activities", "entries", "Events", "logEvents")
# Members under which a document holds an object that holds such a list.
OBJECTS = ("response", "data", "hits", "result", "body", "detail", "payload")
# Members under which one record stands, as it is or as a text of JSON, the surest first.
SINGLES = (
    "_source", "CloudTrailEvent", "AuditData", "auditData", "event_data", "detail", "FieldsMap", "fields_map", "Item",
    "event", "Event", "record", "Sns", "Message", "message", "@message", "_raw", "raw", "log", "msg", "MESSAGE", "body", "data",
    "payload", "jsonPayload", "properties", "result", "response", "kinesis", "value", "entry", "line", "original", "source",
)  # fmt: skip
_DEEPEST = 8
_DYNAMO = frozenset({"S", "N", "M", "L", "BOOL", "NULL", "B", "SS", "NS"})


class NoRecord(ValueError):
    """What stands in an envelope is no record of the format."""


def unwrap_records(
    envelope: dict[str, Any], convert: Callable[[dict[str, Any]], list[dict[str, Any]]]
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each record within an envelope, and what a format makes of it; none where it is no envelope.

    Raises ValueError where some of what one member holds are records and others are not.
    """
    yield from _search(envelope, convert, _DEEPEST)


def is_empty_page(value: dict[str, Any]) -> bool:
    """Whether this is a page of an interface on which there are no records."""
    lists = [value[name] for name in LISTS if name in value]
    lists += [
        inner[name] for part in OBJECTS if isinstance(inner := value.get(part), dict) for name in LISTS if name in inner
    ]
    if [] not in lists:
        return False
    return not any(isinstance(inner, list) and inner for inner in value.values())


def _search(
    envelope: dict[str, Any], convert: Callable[[dict[str, Any]], list[dict[str, Any]]], depth: int
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    for name in (*SINGLES, *LISTS):
        if name not in envelope:
            continue
        inner = _read(envelope[name])
        made = [pair for item in inner for pair in _convert(item, convert, depth)]
        if made:
            missing = sum(1 for item in inner if not any(True for _ in _convert(item, convert, depth)))
            if missing:
                raise NoRecord(f"{missing} of the {len(inner)} records in its {name} are none")
            yield from made
            return


def _convert(
    item: dict[str, Any], convert: Callable[[dict[str, Any]], list[dict[str, Any]]], depth: int
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    try:
        parts = convert(item)
    except (AttributeError, TypeError, LookupError, ValueError, ArithmeticError):
        if depth:
            yield from _search(item, convert, depth - 1)
    else:
        yield item, parts


def _read(value: Any) -> list[dict[str, Any]]:
    """The objects that a member holds: itself, those of a list, or those that a text of JSON says."""
    if isinstance(value, str):
        value = _parse(value)
    if isinstance(value, dict):
        plain = read_dynamo(value)
        return [plain if isinstance(plain, dict) else value]
    if isinstance(value, list) and value:
        items = [_parse(item) if isinstance(item, str) else item for item in value]
        return items if all(isinstance(item, dict) for item in items) else []
    return []


def _parse(text: str) -> Any:
    """What a text of JSON says; a line of a log may begin with who sent it."""
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=0)
    if text[start : start + 1] not in ("{", "["):
        return None
    try:
        return json.loads(text[start:])
    except (ValueError, RecursionError):
        brace = text.find("{", start)  # behind a bracket of a program's number, `app[7]: {…}`
    try:
        return json.loads(text[brace:]) if brace > start else None
    except (ValueError, RecursionError):
        return None


def read_dynamo(value: Any) -> Any:
    """A value as DynamoDB's JSON types it (`{"S": "text"}`, `{"M": {…}}`) without its types; any other as it is."""
    if not isinstance(value, dict) or len(value) != 1 or not value.keys() <= _DYNAMO:
        return {name: read_dynamo(inner) for name, inner in value.items()} if isinstance(value, dict) else value
    ((kind, inner),) = value.items()
    match kind, inner:
        case "M", dict():
            return {name: read_dynamo(part) for name, part in inner.items()}
        case "L", list():
            return [read_dynamo(part) for part in inner]
        case "N", str():
            return int(inner) if inner.lstrip("-").isdigit() else inner
        case "NULL", _:
            return None
    return inner
