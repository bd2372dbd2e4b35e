"""Converts records of any source by a field map: which of their values become which fields of an event.

A field map is an object: `time`, `id` and `fields` name values by their dotted paths, one or several of which the first that is
there counts; `outcomes` says which values of `event.outcome` mean success or failure. Without one, common names are tried.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from operations.imports.formats.addresses import read_addresses
from operations.imports.formats.times import find_time, read_lesser_time
from operations.imports.formats.values import build_user_agent, get_value, to_text
from trail.schema import BY_NAME, Kind

Paths = tuple[str, ...]
_TIMES = (
    "@timestamp", "timestamp", "time", "eventTime", "event_time", "datetime", "date", "created_at", "createdAt", "ts",
    "Timestamp", "Time", "Date", "when",
)  # fmt: skip
_GUESSED: dict[str, Paths] = {
    "event.action": (
        "event.action",
        "action",
        "event",
        "operation",
        "activity",
        "event_type",
        "eventType",
        "type",
        "name",
    ),
    "event.outcome": ("event.outcome", "outcome", "result", "status", "success"),
    "event.reason": ("event.reason", "reason", "error"),
    "user.id": ("user.id", "user_id", "userId", "actor.id", "user", "username", "actor", "principal"),
    "user.name": ("user.name", "user_name", "userName", "username", "actor.name", "user"),
    "user.email": ("user.email", "email", "actor.email"),
    "source.ip": (
        "source.ip",
        "source_ip",
        "src_ip",
        "ip",
        "ip_address",
        "ipAddress",
        "client_ip",
        "remote_addr",
        "src",
    ),
    "user_agent.original": ("user_agent.original", "user_agent", "userAgent"),
    "resource.id": ("resource.id", "resource_id", "resource", "target.id", "target", "object"),
    "service.name": ("service.name", "service", "application", "app"),
    "message": ("message", "msg", "description"),
    "token.id": ("token.id", "token_id"),
}
_INTEGER = re.compile(r"-?\d{1,40}", re.ASCII)
_IDS = ("event.id", "id", "event_id", "eventId", "uuid")
_SUCCEEDED = ("success", "succeeded", "ok", "true", "allowed", "allow", "0", "200")
_FAILED = ("failure", "failed", "fail", "error", "false", "denied", "deny", "blocked", "unauthorized")
# What a page of an interface may have as well: that the request succeeded, and what went wrong.
_OF_PAGES = frozenset({"event.outcome", "event.reason", "message"})
_SET_BY_ITSELF = frozenset(
    {"@timestamp", "event.id", "event.dataset", "event.original", "event.implied_by", "raw", "labels"}
)


class BadFieldMap(ValueError):
    """A field map cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Which paths of a record are which fields; `outcomes` by values in lower case. `is_day_first`: of 5/6/2024 the day is 5."""

    times: Paths = _TIMES
    ids: Paths = _IDS
    fields: dict[str, Paths] = field(default_factory=lambda: dict(_GUESSED))
    outcomes: dict[str, str] = field(
        default_factory=lambda: dict.fromkeys(_SUCCEEDED, "success") | dict.fromkeys(_FAILED, "failure")
    )
    dataset: str = ""
    is_day_first: bool = False


def parse_field_map(value: Any) -> FieldMap:
    """A field map as it was written. Raises BadFieldMap."""
    if not isinstance(value, dict):
        raise BadFieldMap(
            "A field map is an object with fields, and time, id, outcomes and dataset where they are needed."
        )
    if unknown := value.keys() - {"time", "id", "fields", "outcomes", "dataset", "day_first"}:
        raise BadFieldMap(f"A field map has no {sorted(unknown)[0]!r}.")
    named = value.get("fields", {})
    if not isinstance(named, dict) or not named:
        raise BadFieldMap("A field map says under fields which value becomes which field.")
    for name in named:
        if name not in BY_NAME or name in _SET_BY_ITSELF or not BY_NAME[name].writer:
            raise BadFieldMap(f"{name!r} is no field that can be mapped.")
    outcomes = value.get("outcomes", {})
    if not isinstance(outcomes, dict) or not outcomes.keys() <= {"success", "failure"}:
        raise BadFieldMap("outcomes says which values mean success, and which mean failure.")
    if not isinstance(value.get("day_first", False), bool):
        raise BadFieldMap("day_first is true or false.")
    by_value = {str(text).lower(): outcome for outcome in outcomes for text in _read_paths(outcomes[outcome])}
    default = FieldMap()
    return FieldMap(
        times=_read_paths(value.get("time", _TIMES)),
        ids=_read_paths(value.get("id", _IDS)),
        fields={name: _read_paths(paths) for name, paths in named.items()},
        outcomes=by_value or default.outcomes,
        dataset=str(value.get("dataset", "")),
        is_day_first=value.get("day_first", False),
    )


def _read_paths(value: Any) -> Paths:
    paths = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else ()
    if not paths or not all(isinstance(path, str) and path for path in paths):
        raise BadFieldMap(f"{str(value)[:60]!r} is no path, and no list of paths.")
    return paths


def build_convert(chosen: FieldMap) -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
    """What converts records by a field map."""

    def convert_by_map(record: dict[str, Any]) -> list[dict[str, Any]]:
        times = [value for path in chosen.times if (value := read_path(record, path)) not in (None, "")]
        time = find_time(*times, is_day_first=chosen.is_day_first)
        fields: dict[str, Any] = {"@timestamp": time, "event.id": to_text(_first(record, chosen.ids))}
        for name, paths in chosen.fields.items():
            fields |= _build_field(name, _first(record, paths), chosen.is_day_first)
        fields["event.action"] = fields.get("event.action") or "event"
        outcome = str(fields.get("event.outcome", "")).lower()
        fields["event.outcome"] = chosen.outcomes.get(outcome, "unknown")
        return [fields]

    return convert_by_map


def build_recognise(chosen: FieldMap) -> Callable[[dict[str, Any]], bool]:
    """What says of an object that it is a record by a field map: it has a time that can be read, and what a page has not."""

    def is_record(record: dict[str, Any]) -> bool:
        try:
            find_time(*(read_path(record, path) for path in chosen.times), is_day_first=chosen.is_day_first)
        except ValueError:
            return False
        return any(_first(record, paths) is not None for name, paths in chosen.fields.items() if name not in _OF_PAGES)

    return is_record


convert = build_convert(FieldMap())


def read_path(record: Any, path: str) -> Any:
    """The value at a dotted path, or under a name that has these dots in it."""
    if isinstance(record, dict) and path in record:
        return record[path]
    return get_value(record, *path.split("."))


def _first(record: dict[str, Any], paths: Paths) -> Any:
    values = (read_path(record, path) for path in paths)
    return next((value for value in values if value not in (None, "") and not isinstance(value, dict)), None)


def _build_field(name: str, value: Any, is_day_first: bool) -> dict[str, Any]:
    if value is None:
        return {}
    if name == "source.ip":
        return read_addresses(value)
    if name == "user_agent.original":
        return build_user_agent(value)
    kind = BY_NAME[name]
    match kind.kind:
        case Kind.TIME:
            return {name: read_lesser_time(value, is_day_first=is_day_first)}
        case Kind.INTEGER | Kind.BOOLEAN:
            return {name: value if isinstance(value, int) else _read_plain(value)}
    if kind.many:
        return {name: [text for item in (value if isinstance(value, list) else [value]) if (text := to_text(item))]}
    return {name: to_text(value)}


def _read_plain(value: Any) -> Any:
    """A number or a truth value that a table has as text."""
    text = str(value).strip().lower()
    return int(text) if _INTEGER.fullmatch(text) else {"true": True, "false": False}.get(text, value)
