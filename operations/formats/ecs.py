"""Documents that speak ECS already (https://www.elastic.co/guide/en/ecs/current/index.html), and this console's exports.

Fields of the schema are kept; what else there is stays searchable under `raw`.
"""

from typing import Any

from operations.formats.values import text, time
from trail.events import flatten, nest
from trail.schema import BY_NAME, DISCHARGE_FIELDS, Kind


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    inner = record.get("event")
    if isinstance(inner, dict) and "@timestamp" in inner:
        record = inner  # a line of this console's own JSON Lines export
    record = _nested(record)
    if "@timestamp" not in record:
        raise ValueError("it has no @timestamp")
    fields = {name: _fitting(name, value) for name, value in flatten(record) if name in BY_NAME}
    for name in ("event.ingested", "event.original", "raw"):
        fields.pop(name, None)
    fields["@timestamp"] = time(record["@timestamp"])
    fields["event.action"] = fields.get("event.action") or text(_one(record.get("message"))) or "unknown"
    if fields.get("event.outcome") not in ("success", "failure"):
        fields["event.outcome"] = "unknown"
    return [fields]


def _nested(record: dict[str, Any]) -> dict[str, Any]:
    """Dotted names and nested objects may stand side by side in one document."""
    if not any("." in name for name in record):
        return record
    flat = {name: value for part, inner in record.items() for name, value in _flat(part, inner)}
    return nest(flat)


def _flat(name: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict) and value and name not in ("labels", "raw"):
        return [pair for part, inner in value.items() for pair in _flat(f"{name}.{part}", inner)]
    return [(name, value)]


def _one(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _fitting(name: str, value: Any) -> Any:
    """ECS lets every field be a list; ours are single where one is meant. Numbers are text in keyword fields."""
    known = BY_NAME[name]
    if known.kind is Kind.NESTED:
        found = value if isinstance(value, list) else [value]
        return [
            {key: text(one.get(key)) for key in DISCHARGE_FIELDS if one.get(key)}
            for one in found
            if isinstance(one, dict)
        ]
    if known.kind is Kind.LABELS:
        return {key: text(one) for key, one in value.items() if text(one)} if isinstance(value, dict) else None
    if known.many:
        found = value if isinstance(value, list) else [value]
        return [shown for one in found if (shown := text(one))]
    value = _one(value)
    match known.kind:
        case Kind.TIME:
            return time(value)
        case Kind.INTEGER | Kind.BOOLEAN | Kind.IP:
            return value
        case Kind.GEO_POINT:
            return f"{value['lat']},{value['lon']}" if isinstance(value, dict) else text(value)
        case _:
            return text(value)
