"""Values of events that would do harm where a page, a spreadsheet or a terminal took them for more than text."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trail.documents import nest
from trail.field_checks import MAX_TEXT
from trail.schema import FIELDS, Kind
from trail.source_record import derive_raw

CORPUS = Path(__file__).parents[1] / "data" / "hostile-values.json"
# Where a value stands: as many bytes of it as the schema lets in.
LIMITS = {Kind.KEYWORD: 8_191, Kind.TEXT: 1_048_576, Kind.WILDCARD: MAX_TEXT, Kind.OPAQUE: 1_048_576}
# What has a meaning of its own, and so takes no text of anybody's.
MEANT = {
    "event.id",
    "event.outcome",
    "event.dataset",
    "event.action",
    "token.operation",
    "event.original",
    "signature.key_id",
    "signature.value",
}


@dataclass(frozen=True)
class Hostile:
    """`refused` says by which field of what the schema does not let it in, and with which words."""

    name: str
    value: str
    refused: dict[str, str] = field(default_factory=dict)


def corpus() -> list[Hostile]:
    return [
        Hostile(one["name"], one["value"] * one.get("times", 1), one.get("refused", {}))
        for one in json.loads(CORPUS.read_text())
    ]


def event(hostile: Hostile, number: int) -> dict[str, Any]:
    """An event with the value in every field that takes text, in lists, labels, the source record and its names."""
    name = hostile.value[:200] or "x"
    original = json.dumps({"value": hostile.value[:150_000], name: {"hostile": 1}, "deep": _deep(19)})
    flat: dict[str, Any] = {
        "@timestamp": f"2026-11-02T00:00:00.{number:09d}Z",
        "event.id": _cut(f"hostile {hostile.value}", 500) + f" {number}",
        "event.action": _cut(hostile.value, 8_191),
        "event.outcome": "failure",
        "event.dataset": "hostile",
        "token.operation": "token.authorize",
        "source.ip": "192.0.2.66",
        "token.expires_at": "2026-12-01T00:00:00Z",
        "event.original": original,
        "labels": {"team": _cut(hostile.value, 8_191), "hostile": "yes"} | {f"l{n}": "x" for n in range(60)},
        "raw": derive_raw(original),
        "token.discharges": [{"location": _cut(hostile.value, 8_191), "outcome": "failure"}],
    }
    for one in FIELDS:
        if one.writer and one.kind in LIMITS and one.name not in MEANT:
            text = _cut(hostile.value, LIMITS[one.kind])
            flat[one.name] = [text, "other"] if one.many else text
    return nest(flat)


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore")


def _deep(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"end": "hostile"}
    for _ in range(levels):
        inner = {"in": inner}
    return inner
