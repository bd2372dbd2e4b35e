"""Real records of foreign logs (tests/data/logs, see its README), and what the import makes of one."""

import json
from pathlib import Path
from typing import Any

from operations.imports.conversion import convert_record
from operations.imports.formats import FORMATS
from operations.imports.reader import ForeignRecord
from trail.documents import flatten

LOGS = Path(__file__).parents[2] / "data" / "logs"


def real(log: str, **wanted: Any) -> dict[str, Any]:
    """The first record of a log in which these names have these values."""
    records = (json.loads(line) for line in (LOGS / log).read_text().splitlines())
    return next(record for record in records if all(record.get(name) == value for name, value in wanted.items()))


def events(format: str, record: dict[str, Any]) -> list[dict[str, Any]]:
    """The events that the import makes of a record, checked as it checks them."""
    converted = convert_record(FORMATS[format], ForeignRecord(1, json.dumps(record), record))
    return [event.document for event in converted.events]


def flat(document: dict[str, Any]) -> dict[str, Any]:
    """An event by the dotted names of its fields, without the source record."""
    return {name: value for name, value in flatten(document) if name not in ("raw", "event.original")}
