"""Takes records out of what interfaces, queues and shippers wrap them in, to any depth that people have."""

import json
import re
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
# Members that no page has and that records have, in lower case: who did what.
OF_RECORDS = frozenset({"action", "actor", "operation", "principal", "user", "user_id", "userid", "username", "who"})
# Members under which one record stands, as it is or as a text of JSON, the surest first.
SINGLES = (
    "_source", "CloudTrailEvent", "AuditData", "auditData", "event_data", "detail", "FieldsMap", "fields_map", "Item",
    "event", "Event", "record", "Sns", "Message", "message", "@message", "_raw", "raw", "log", "msg", "MESSAGE", "body", "data",
    "payload", "jsonPayload", "properties", "result", "response", "kinesis", "value", "entry", "line", "original", "source",
)  # fmt: skip
_NAMES = tuple(dict.fromkeys((*SINGLES, *LISTS)))
# What else a page has, in lower case: which one it is of how many, and that the request succeeded.
_PAGING = frozenset(
    {
        "@odata.context", "@odata.count", "@odata.deltalink", "@odata.nextlink", "_links", "_shards", "apiversion",
        "code", "count", "cursor", "errors", "etag", "has_more", "hasmore", "kind", "limit", "links", "max_score",
        "messages", "meta", "metadata", "next", "next_cursor", "next_offset", "next_page", "nextcursor", "nextlink",
        "nextpagetoken", "nexttoken", "offset", "ok", "page", "page_size", "pages", "pagination", "paging",
        "per_page", "prev", "previous", "request_id", "requestid", "response_metadata", "result_info", "self", "size",
        "start", "stat", "status", "success", "timed_out", "took", "total", "total_count", "totalcount", "version",
    }
)  # fmt: skip
_DEEPEST = 8
_INTEGER = re.compile(r"-?\d{1,40}", re.ASCII)  # DynamoDB's numbers have 38 digits
_DEEPEST_TYPED = 64  # values that DynamoDB types, one within the other; it holds 32
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
    """Whether this is a page of an interface on which there are no records, and nothing else that a record could say."""
    parts = [value] + [inner for name in OBJECTS if isinstance(inner := value.get(name), dict)]
    if not all(_is_of_page(name, inner, part is value) for part in parts for name, inner in part.items()):
        return False
    return any(part.get(name) == [] for part in parts for name in LISTS)


def _is_of_page(name: str, value: Any, is_outer: bool) -> bool:
    """Whether a member is an empty list of records, an object around one, or says where the page stands among the others."""
    if isinstance(value, list):
        return not value and (name in LISTS or name.lower() in _PAGING)
    return (is_outer and name in OBJECTS and isinstance(value, dict)) or name.lower() in _PAGING


def _search(
    envelope: dict[str, Any], convert: Callable[[dict[str, Any]], list[dict[str, Any]]], depth: int
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    for name in _NAMES:
        if name not in envelope:
            continue
        made = [list(_convert(item, convert, depth)) for item in _read(envelope[name])]
        if any(made):
            if missing := made.count([]):
                raise NoRecord(f"{missing} of the {len(made)} records in its {name} are none")
            for pairs in made:
                yield from pairs
            return


def _convert(
    item: dict[str, Any], convert: Callable[[dict[str, Any]], list[dict[str, Any]]], depth: int
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    try:
        parts = convert(item)
    except (AttributeError, TypeError, LookupError, ValueError, ArithmeticError, RecursionError):
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


def read_dynamo(value: Any, depth: int = _DEEPEST_TYPED) -> Any:
    """A value as DynamoDB's JSON types it (`{"S": "text"}`, `{"M": {…}}`) without its types; any other as it is, and what is
    nested deeper than `depth`."""
    if not isinstance(value, dict) or not depth:
        return value
    if len(value) != 1 or not value.keys() <= _DYNAMO:
        return {name: read_dynamo(inner, depth - 1) for name, inner in value.items()}
    ((kind, inner),) = value.items()
    match kind, inner:
        case "M", dict():
            return {name: read_dynamo(part, depth - 1) for name, part in inner.items()}
        case "L", list():
            return [read_dynamo(part, depth - 1) for part in inner]
        case "N", str() if _INTEGER.fullmatch(inner):
            return int(inner)
        case "NULL", _:
            return None
    return inner
