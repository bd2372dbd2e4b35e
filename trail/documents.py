"""Reaches into documents: events as nested JSON objects (`{"event": {"id": …}}`), by the dotted names of their fields."""

from collections.abc import Iterator
from typing import Any

from trail.schema import BY_NAME

_PARTS = {name: tuple(name.split(".")) for name in BY_NAME}


def get(document: dict[str, Any], name: str) -> Any:
    """The value at a dotted name, or None."""
    value: Any = document
    for part in _PARTS.get(name) or name.split("."):
        if type(value) is not dict:
            return None
        value = value.get(part)
    return value


def nest(flat: dict[str, Any]) -> dict[str, Any]:
    """`{"event.id": 1}` → `{"event": {"id": 1}}`, leaving out what is None, empty text or an empty list."""
    document: dict[str, Any] = {}
    for name, value in flat.items():
        if value is None or value == "" or value == []:
            continue
        *path, last = _PARTS.get(name) or name.split(".")
        inner = document
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return document


def flatten(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each field of the schema with its value; a name that is not in the schema comes out as it stands."""
    stack = [("", iter(document.items()))]  # and no recursion: a foreign record may be nested as deeply as it likes
    while stack:
        path, items = stack[-1]
        for key, value in items:
            name = f"{path}{key}"
            if value and isinstance(value, dict) and name not in BY_NAME:
                stack.append((f"{name}.", iter(value.items())))
                break
            yield name, value
        else:
            stack.pop()
