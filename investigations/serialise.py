"""Turns every answer of the trail into JSON by one rule: its fields by their names. A few say more than their fields."""

from collections.abc import Mapping, Set
from dataclasses import Field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from investigations.search_url import encode_place, search_address
from trail.questions.coverage import Coverage
from trail.search.execute import Hit
from trail.search.spec import Search

PLACE = "after"
# What is no field and belongs to the answer all the same: properties by class.
ALSO: dict[type, tuple[str, ...]] = {Coverage: ("whole",)}


def key_of(field: Field[Any]) -> str:
    """What a field is called in JSON: it stays what it was when the field gets a better name, for the answer is a contract."""
    return str(field.metadata.get("json", field.name))


def plain(value: Any) -> Any:
    """The same as JSON has it: objects, lists, texts, numbers, booleans and null."""
    match value:
        case Hit():
            place = {"event_id": value.event_id, "index": value.index, "timestamp": value.timestamp}
            return place | {"event": value.document}
        case Search():
            return {"query": value.to_query(), "address": search_address(value)}
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case Mapping():
            return {key: plain(member) for key, member in value.items()}
        case Set():
            return sorted(map(plain, value))
        case list() | tuple():
            return [plain(member) for member in value]
    if is_dataclass(value) and not isinstance(value, type):
        keys = {field.name: key_of(field) for field in fields(value)}
        keys |= {name: name for name in ALSO.get(type(value), ())}
        return {key: _member(name, getattr(value, name)) for name, key in keys.items()}
    return value


def _member(name: str, value: Any) -> Any:
    """A place from which a page goes on is one word, as the next address has it."""
    return encode_place(value) if name == PLACE and isinstance(value, list) else plain(value)
