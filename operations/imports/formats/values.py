"""What every format needs: reach into records that hold anything, and bring times and addresses into form."""

import hashlib
import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from trail.events import is_ip

_TIME = re.compile(r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)?$")
_WORDS = ("%b %d, %Y, %I:%M:%S %p", "%b %d, %Y %I:%M:%S %p")
# Browsers all call themselves Mozilla/5.0; the product that tells them apart comes later, the imitated ones last.
_BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Version": "Safari"}


def at(record: Any, *path: str) -> Any:
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


def text(value: Any) -> str | None:
    """A scalar as text; None for nothing, and for what is no scalar."""
    if type(value) is str:
        return value or None
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def first(record: dict[str, Any], *names: str) -> Any:
    """The first of these that the record has a value for: sources and those who ship their logs rename the time."""
    return next((record[name] for name in names if record.get(name)), None)


def time(value: Any) -> str:
    """RFC 3339 in UTC with the digits the source gave. Raises ValueError."""
    if isinstance(value, bool) or value is None:
        raise ValueError(f"{value!r} is not a time")
    if isinstance(value, int | float):
        return _since_1970(value)
    if match := _TIME.match(str(value)):
        day, clock, digits, zone = match.groups()
        digits = (digits or "")[:10]
        if zone in (None, "Z"):
            return f"{day}T{clock}{digits}Z"
        moment = datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}{digits}Z"
    for form in _WORDS:
        try:
            return datetime.strptime(str(value), form).strftime("%Y-%m-%dT%H:%M:%SZ")
        except ValueError:
            continue
    raise ValueError(f"{str(value)[:60]!r} is not a time")


def _since_1970(value: float) -> str:
    """Seconds, or milli-, micro- or nanoseconds: which, its size says."""
    unit = next((unit for unit in (1, 10**3, 10**6) if value < 10**11 * unit), 10**9)
    try:
        nanoseconds = int(Decimal(str(value)) * (10**9 // unit))
        moment = datetime.fromtimestamp(nanoseconds // 10**9, UTC)
    except (ArithmeticError, OSError, ValueError) as error:
        raise ValueError(f"{value!r} is not a time") from error
    digits = f".{nanoseconds % 10**9:09d}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{digits}Z"


def source(value: Any) -> dict[str, Any]:
    """An address as `source.ip`, or what stands in its place as `source.address`."""
    address = text(value)
    if address is None:
        return {}
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if is_ip(host) and port.isdecimal() and len(port) <= 5 and not is_ip(address):
        return {"source.ip": host, "source.port": int(port)}
    return {"source.ip": address} if is_ip(address) else {"source.address": address}


def token(kind: str, identifier: Any) -> dict[str, Any]:
    """A credential by its public identifier."""
    public = text(identifier)
    if public is None:
        return {}
    return {"token.id": public, "token.fingerprint": fingerprint(public), "token.kind": kind}


@lru_cache(maxsize=16_384)  # a log names the same keys again and again, and the same clients
def fingerprint(identifier: str) -> str:
    """SHA-256 of a public identifier, where there is no tail to take it of."""
    return hashlib.sha256(identifier.encode()).hexdigest()


def agent(value: Any) -> dict[str, Any]:
    """A client as it named itself, with the name and version of the browser or of the first product."""
    original = text(value)
    if original is None:
        return {}
    name, version = _product(original.strip("[]"))
    return {"user_agent.original": original, "user_agent.name": name, "user_agent.version": version}


@lru_cache(maxsize=16_384)
def _product(original: str) -> tuple[str | None, str | None]:
    products = [word.partition("/") for word in original.split(" ") if "/" in word]
    if original.startswith("Mozilla/"):
        versions = {name: version for name, _, version in products}
        found = next((product for product in _BROWSERS if product in versions), None)
        return (_BROWSERS[found], versions[found][:200]) if found else (None, None)
    if products and original.startswith(products[0][0]):
        return products[0][0][:200], products[0][2][:200]
    return None, None


def place(location: Any, latitude: str, longitude: str) -> str | None:
    """A place on the earth as the trail keeps it; None where either number is missing."""
    north, east = at(location, latitude), at(location, longitude)
    return f"{north},{east}" if isinstance(north, int | float) and isinstance(east, int | float) else None
