"""Reads values out of foreign records, which may hold anything, and brings them into the form of the trail's fields."""

import hashlib
import json
from functools import lru_cache
from typing import Any

from ua_parser import parse_user_agent

from operations.imports.formats.addresses import read_addresses
from operations.imports.formats.times import find_time

LONGEST_CLIENT = 1_000  # characters that are looked at, so that a hostile one costs no more


def get_value(record: Any, *path: str) -> Any:
    """The value at a path, None where the record has something else on the way."""
    for name in path:
        if not isinstance(record, dict):
            return None
        record = record.get(name)
    return record


def lower_names(value: Any) -> Any:
    """The same with every name in lower case, for sources of which some exports write them so.

    Of two names that are then the same it is the one that the source spelled in its own way.
    """
    if isinstance(value, dict):
        lowered: dict[str, Any] = {}
        for name, inner in value.items():
            if (lower := str(name).lower()) != name or lower not in lowered:
                lowered[lower] = lower_names(inner)
        return lowered
    return [lower_names(inner) for inner in value] if isinstance(value, list) else value


def to_text(value: Any) -> str | None:
    """A scalar as text; None for nothing, and for what is no scalar."""
    if type(value) is str:
        return value or None
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def get_text(record: Any, *path: str) -> str | None:
    """The scalar at a path as text; None where there is nothing, or no scalar."""
    return to_text(get_value(record, *path))


def get_first(record: dict[str, Any], *names: str) -> Any:
    """The first of these that the record has a value for: sources and those who ship their logs rename the time."""
    return next((record[name] for name in names if record.get(name)), None)


def parse_object(value: Any) -> dict[str, Any]:
    """An object, or the object that a text says; empty for everything else."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def get_first_item(value: Any) -> Any:
    """The first item of a list; None for an empty one, and for what is no list."""
    return value[0] if isinstance(value, list) and value else None


def to_time(value: Any) -> str:
    """When an event happened: RFC 3339 in UTC with the digits the source gave. Raises ValueError."""
    return find_time(value)


def build_source(*values: Any) -> dict[str, Any]:
    """The addresses in these values as `source.ip`, or what stands in their place as `source.address`."""
    return read_addresses(*values)


def build_token(kind: str, identifier: Any) -> dict[str, Any]:
    """A credential by its public identifier."""
    public = to_text(identifier)
    if public is None:
        return {}
    return {"token.id": public, "token.fingerprint": hash_identifier(public), "token.kind": kind}


@lru_cache(maxsize=16_384)  # a log names the same keys again and again, and the same clients
def hash_identifier(identifier: str) -> str:
    """SHA-256 of a public identifier, where there is no tail to take it of."""
    return hashlib.sha256(identifier.encode()).hexdigest()


def build_user_agent(value: Any) -> dict[str, Any]:
    """A client as it named itself, with the name and version of the browser, or of the program's first product."""
    original = to_text(value)
    if original is None:
        return {}
    name, version = _identify_client(original.strip("[]")[:LONGEST_CLIENT])
    return {"user_agent.original": original, "user_agent.name": name, "user_agent.version": version}


@lru_cache(maxsize=16_384)
def _identify_client(client: str) -> tuple[str | None, str | None]:
    """A program says what it is in its first product (RFC 9110, 10.1.5); a browser names those that it imitates as well."""
    if client.startswith("Mozilla/"):
        browser = parse_user_agent(client)
        if browser is None:
            return None, None
        parts = (browser.major, browser.minor, browser.patch, browser.patch_minor)
        return browser.family[:200], ".".join(part for part in parts if part)[:200] or None
    name, slash, version = client.partition(" ")[0].partition("/")
    return (name[:200], version[:200]) if slash else (None, None)


def to_geo_point(location: Any, latitude: str, longitude: str) -> str | None:
    """A place on the earth as the trail keeps it; None where either number is missing."""
    north, east = get_value(location, latitude), get_value(location, longitude)
    return f"{north},{east}" if isinstance(north, int | float) and isinstance(east, int | float) else None
