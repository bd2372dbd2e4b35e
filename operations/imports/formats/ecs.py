"""Converts documents that speak ECS already (https://www.elastic.co/guide/en/ecs/current/index.html), and this console's exports.

Fields of the schema are kept; what else there is stays searchable under `raw`.
"""

from typing import Any

from operations.imports.formats.times import read_lesser_time
from operations.imports.formats.values import build_source, to_geo_point, to_text, to_time
from trail.documents import flatten, nest
from trail.schema import BY_NAME, DISCHARGE_FIELDS, Kind

SIGNS = (("@timestamp", "event"), ("@timestamp", "ecs"), ("@timestamp", "event.action"), ("@timestamp", "ecs.version"))


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a document. Raises ValueError."""
    inner = record.get("event")
    if isinstance(inner, dict) and "@timestamp" in inner:
        record = inner  # a line of this console's own JSON Lines export
    record = _nest_names(record)
    if "@timestamp" not in record:
        raise ValueError("it has no @timestamp")
    fields = {name: _fit_value(name, value) for name, value in flatten(record) if name in BY_NAME}
    for name in ("event.ingested", "event.original", "raw"):
        fields.pop(name, None)
    fields["@timestamp"] = to_time(record["@timestamp"])
    fields["event.action"] = fields.get("event.action") or to_text(_unwrap(record.get("message"))) or "unknown"
    if fields.get("event.outcome") not in ("success", "failure"):
        fields["event.outcome"] = "unknown"
    return [fields]


def _nest_names(record: dict[str, Any]) -> dict[str, Any]:
    """Dotted names and nested objects may stand side by side in one document."""
    if not any("." in name for name in record):
        return record
    flat = {name: value for part, inner in record.items() for name, value in _flatten_value(part, inner)}
    return nest(flat)


def _flatten_value(name: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict) and value and name not in ("labels", "raw"):
        return [pair for part, inner in value.items() for pair in _flatten_value(f"{name}.{part}", inner)]
    return [(name, value)]


def _unwrap(value: Any) -> Any:
    """The first item of a list, and everything else as it is."""
    return value[0] if isinstance(value, list) and value else value


def _fit_value(name: str, value: Any) -> Any:
    """ECS lets every field be a list; ours are single where one is meant. Numbers are text in keyword fields."""
    field = BY_NAME[name]
    match field.kind:
        case Kind.NESTED:
            return [
                {key: to_text(item.get(key)) for key in DISCHARGE_FIELDS if item.get(key)}
                for item in _to_list(value)
                if isinstance(item, dict)
            ]
        case Kind.LABELS:
            if not isinstance(value, dict):
                return None
            return {key: text for key, label in value.items() if (text := to_text(label))}
    if field.kind is Kind.IP:
        return build_source(value).get(name, to_text(_unwrap(value)))
    if field.many:
        return [text for item in _to_list(value) if (text := to_text(item))]
    value = _unwrap(value)
    match field.kind:
        case Kind.TIME:
            return read_lesser_time(value)
        case Kind.INTEGER | Kind.BOOLEAN:
            return value
        case Kind.GEO_POINT:
            return to_geo_point(value, "lat", "lon") or to_text(value)
        case _:
            return to_text(value)


def _to_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
