"""Describes the types of answers as JSON Schema (2020-12), by the same rule as `serialise`."""

import types
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from investigations.serialise import ALSO, PLACE, key_of
from trail.search.execute import Hit
from trail.search.spec import Search

Schema = dict[str, Any]
_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    types.NoneType: {"type": "null"},
    Any: {},
    datetime: {"type": "string", "format": "date-time"},
}
_TEXT, _TEXTS = _PLAIN[str], {"type": "array", "items": _PLAIN[str]}
# What `serialise` writes in a way of its own.
_OWN: dict[type, Schema] = {
    Hit: {
        "type": "object",
        "additionalProperties": False,
        "required": ["event_id", "index", "timestamp", "event"],
        "description": "One event of the trail, as the trail holds it (docs/trail/schema.md).",
        "properties": {"event_id": _TEXT, "index": _TEXT, "timestamp": _TEXT, "event": {"type": "object"}},
    },
    Search: {
        "type": "object",
        "additionalProperties": False,
        "required": ["query", "address"],
        "description": "A search: the words of its address, and the address of its page where it is not too long.",
        "properties": {
            "query": {"type": "object", "additionalProperties": _TEXTS},
            "address": {"type": ["string", "null"]},
        },
    },
}


class Schemas:
    """Describes types; every class that it meets becomes one of the `components`, once."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def of(self, kind: Any) -> Schema:
        """The schema of a type. Raises TypeError for one that no answer holds."""
        if kind in _PLAIN:
            return _PLAIN[kind]
        origin, inner = get_origin(kind), get_args(kind)
        if origin in (Union, types.UnionType):
            return {"anyOf": [self.of(member) for member in inner]}
        if origin is Literal:
            return {"enum": list(inner)}
        if origin is not None and issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(inner[1])}
        if origin is not None and issubclass(origin, list | tuple | Set):
            return {"type": "array", "items": self.of(inner[0])}
        if isinstance(kind, type):
            return self._named(kind)
        raise TypeError(f"{kind} has no form in JSON.")

    def _named(self, kind: type) -> Schema:
        name = f"{kind.__module__.rpartition('.')[2].strip('_')}.{kind.__name__}"
        if name not in self.components:
            self.components[name] = {}  # so that a class that holds its own kind comes to an end
            self.components[name] = _OWN.get(kind) or self._described(kind)
        return {"$ref": f"#/components/schemas/{name}"}

    def _member(self, name: str, kind: Any) -> Schema:
        return self.of(str | None if name == PLACE and kind == list[Any] | None else kind)

    def _described(self, kind: type) -> Schema:
        if issubclass(kind, Enum):
            return {"enum": [member.value for member in kind]}
        if not is_dataclass(kind):
            raise TypeError(f"{kind} has no form in JSON.")
        hints = get_type_hints(kind)
        properties = {key_of(field): self._member(field.name, hints[field.name]) for field in fields(kind)}
        for name in ALSO.get(kind, ()):
            properties[name] = self.of(get_type_hints(getattr(kind, name).fget)["return"])
        words = " ".join((kind.__doc__ or "").split())
        return {
            "type": "object",
            "description": words,
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
