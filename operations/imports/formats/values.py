"""Reads values out of foreign records, which may hold anything, and brings them into the form of the trail's fields."""

import hashlib
import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ua_parser import parse_user_agent

from trail.field_checks import is_ip

_TIME = re.compile(r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)?$")
_WORDS = ("%b %d, %Y, %I:%M:%S %p", "%b %d, %Y %I:%M:%S %p")
LONGEST_CLIENT = 1_000  # characters that are looked at, so that a hostile one costs no more


def get_value(record: Any, *path: str) -> Any:
    """The value at a path, None where the record has something else on the way."""
    for name in path:
        if not isinstance(record, dict):
            return None
        record = record.get(name)
    return record


def lower_names(value: Any) -> Any:
    """The same with every name in lower case, for sources of which some exports write them so."""
    if isinstance(value, dict):
        return {str(name).lower(): lower_names(inner) for name, inner in value.items()}
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


def get_first_item(value: Any) -> Any:
    """The first item of a list; None for an empty one, and for what is no list."""
    return value[0] if isinstance(value, list) and value else None


def to_time(value: Any) -> str:
    """RFC 3339 in UTC with the digits the source gave. Raises ValueError."""
    if isinstance(value, bool) or value is None:
        raise ValueError(f"{value!r} is not a time")
    if isinstance(value, int | float):
        return _to_time_since_1970(value)
    if match := _TIME.match(str(value)):
        day, clock, digits, zone = match.groups()
        digits = (digits or "")[:10]
        if zone in (None, "Z"):
            return f"{day}T{clock}{digits}Z"
        in_utc = datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(UTC)
        return f"{in_utc:%Y-%m-%dT%H:%M:%S}{digits}Z"
    for form in _WORDS:
        try:
            return datetime.strptime(str(value), form).strftime("%Y-%m-%dT%H:%M:%SZ")
        except ValueError:
            continue
    raise ValueError(f"{str(value)[:60]!r} is not a time")


def _to_time_since_1970(value: float) -> str:
    """Seconds, or milli-, micro- or nanoseconds: which, its size says."""
    unit = next((unit for unit in (1, 10**3, 10**6) if value < 10**11 * unit), 10**9)
    try:
        nanoseconds = int(Decimal(str(value)) * (10**9 // unit))
        in_utc = datetime.fromtimestamp(nanoseconds // 10**9, UTC)
    except (ArithmeticError, OSError, ValueError) as error:
        raise ValueError(f"{value!r} is not a time") from error
    digits = f".{nanoseconds % 10**9:09d}".rstrip("0").rstrip(".")
    return f"{in_utc:%Y-%m-%dT%H:%M:%S}{digits}Z"


def build_source(value: Any) -> dict[str, Any]:
    """An address as `source.ip`, or what stands in its place as `source.address`."""
    address = to_text(value)
    if address is None:
        return {}
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if is_ip(host) and port.isdecimal() and len(port) <= 5 and not is_ip(address):
        return {"source.ip": host, "source.port": int(port)}
    return {"source.ip": address} if is_ip(address) else {"source.address": address}


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
