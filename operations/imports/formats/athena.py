"""Gives the columns of a CloudTrail table of Athena the names that records have, and reads the structures in them.

The table: https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-org-wide-trail.html
"""

from typing import Any

from operations.imports.formats.values import parse_object

_NAMES = (
    "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent",
    "errorCode", "errorMessage", "requestParameters", "responseElements", "additionalEventData", "requestID", "eventID",
    "readOnly", "resources", "eventType", "apiVersion", "recipientAccountId", "serviceEventDetails", "sharedEventID",
    "vpcEndpointId", "insightDetails", "principalId", "accountId", "accessKeyId", "userName", "invokedBy", "sessionContext",
    "mfaAuthenticated", "creationDate", "sessionIssuer", "attributes", "arn", "type",
)  # fmt: skip
_BY_COLUMN = {name.lower(): name for name in _NAMES}
_LONGEST = 50_000  # characters
_OPENED = {"{": "}", "[": "]"}


def restore_names(record: dict[str, Any]) -> dict[str, Any]:
    """A row by the names of a record: columns are in lower case, and what is within one is JSON or a structure of Athena."""
    if "eventname" not in record and "eventtime" not in record:
        return record
    return {_BY_COLUMN.get(name.lower(), name): _read_cell(value) for name, value in record.items()}


def _read_cell(value: Any) -> Any:
    if isinstance(value, dict):
        return {_BY_COLUMN.get(name.lower(), name): _read_cell(inner) for name, inner in value.items()}
    if not isinstance(value, str) or value[:1] not in _OPENED:
        return None if value in ("", "null") else value
    if parsed := parse_object(value):
        return _read_cell(parsed)
    try:
        return read_structure(value)
    except ValueError:  # it is a text that begins like a structure
        return value


def read_structure(text: str) -> Any:
    """What Athena writes as `{type=IAMUser, sessioncontext={attributes=null}}`. Raises ValueError."""
    if len(text) > _LONGEST:
        raise ValueError("it is longer than is looked at")
    try:
        value, end = _read_value(text, 0)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if end != len(text):
        raise ValueError("it goes on behind its end")
    return value


def _read_value(text: str, at: int) -> tuple[Any, int]:
    if text[at : at + 1] == "{":
        return _read_members(text, at + 1)
    if text[at : at + 1] == "[":
        items, at = [], at + 1
        while text[at : at + 1] != "]":
            item, at = _read_value(text, at)
            items.append(item)
            at = _skip_comma(text, at, "]")
        return items, at + 1
    ends = [end for end in (text.find(mark, at) for mark in (", ", "}", "]")) if end >= 0]
    if not ends:
        raise ValueError("it is cut off")
    plain = text[at : min(ends)]
    return (None if plain == "null" else plain), min(ends)


def _read_members(text: str, at: int) -> tuple[dict[str, Any], int]:
    members: dict[str, Any] = {}
    while text[at : at + 1] != "}":
        name, sign, _ = text[at:].partition("=")
        if not sign or len(name) > 200:
            raise ValueError("a name has no value")
        value, at = _read_value(text, at + len(name) + 1)
        members[_BY_COLUMN.get(name.strip().lower(), name.strip())] = value
        at = _skip_comma(text, at, "}")
    return members, at + 1


def _skip_comma(text: str, at: int, closer: str) -> int:
    if text.startswith(", ", at):
        return at + 2
    if text[at : at + 1] != closer:
        raise ValueError("a comma is missing")
    return at
