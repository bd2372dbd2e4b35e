"""Every answer of the trail as JSON, by one rule for all: its fields by their names. A few say more than their fields."""

from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from investigations.entities import search_url
from investigations.forms.search import packed
from trail.coverage import Coverage
from trail.search.execute import Hit
from trail.search.spec import Search

PLACE = "after"
# What is no field and belongs to the answer all the same: properties by class.
ALSO: dict[type, tuple[str, ...]] = {Coverage: ("whole",)}


def plain(value: Any) -> Any:
    """The same as JSON has it: objects, lists, texts, numbers, booleans and null."""
    match value:
        case Hit():
            return {
                "event_id": value.event_id, "index": value.index, "timestamp": value.timestamp, "event": value.document,
            }  # fmt: skip
        case Search():
            return {"query": value.to_query(), "address": search_url(value)}
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case Mapping():
            return {key: plain(one) for key, one in value.items()}
        case Set():
            return sorted(plain(one) for one in value)
        case list() | tuple():
            return [plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        names = (*(one.name for one in fields(value)), *ALSO.get(type(value), ()))
        return {name: _member(name, getattr(value, name)) for name in names}
    return value


def _member(name: str, value: Any) -> Any:
    """A place from which a page goes on is one word, as the next address has it."""
    return packed(value) if name == PLACE and isinstance(value, list) else plain(value)
