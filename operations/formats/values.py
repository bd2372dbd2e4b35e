"""What every format needs: reach into records that hold anything, and bring times and addresses into form."""

import hashlib
import re
from datetime import UTC, datetime
from typing import Any

from trail.events import is_ip

_TIME = re.compile(r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)?$")
_WORDS = ("%b %d, %Y, %I:%M:%S %p", "%b %d, %Y %I:%M:%S %p")


def at(record: Any, *path: str) -> Any:
    """The value at a path, None where the record has something else on the way."""
    for name in path:
        if not isinstance(record, dict):
            return None
        record = record.get(name)
    return record


def text(value: Any) -> str | None:
    """A scalar as text; None for nothing, and for what is no scalar."""
    if value is None or isinstance(value, dict | list) or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def time(value: Any) -> str:
    """RFC 3339 in UTC with the digits the source gave. Raises ValueError."""
    if isinstance(value, bool) or value is None:
        raise ValueError(f"{value!r} is not a time")
    if isinstance(value, int | float):
        seconds, rest = divmod(int(value), 1000) if value > 10**11 else (int(value), 0)
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:03d}Z"
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


def source(value: Any) -> dict[str, Any]:
    """An address as `source.ip`, or what stands in its place as `source.address`."""
    address = text(value)
    if address is None:
        return {}
    host, _, port = address.rpartition(":")
    if is_ip(host) and port.isdigit() and not is_ip(address):
        return {"source.ip": host, "source.port": int(port)}
    return {"source.ip": address} if is_ip(address) else {"source.address": address}


def token(kind: str, identifier: Any) -> dict[str, Any]:
    """A credential by its public identifier."""
    public = text(identifier)
    if public is None:
        return {}
    return {"token.id": public, "token.fingerprint": fingerprint(public), "token.kind": kind}


def fingerprint(identifier: str) -> str:
    """SHA-256 of a public identifier, where there is no tail to take it of."""
    return hashlib.sha256(identifier.encode()).hexdigest()


def agent(value: Any) -> dict[str, Any]:
    """A client as it named itself, with the first product's name and version."""
    original = text(value)
    if original is None:
        return {}
    name, slash, rest = original.partition("/")
    if not slash or " " in name:
        return {"user_agent.original": original}
    return {
        "user_agent.original": original,
        "user_agent.name": name[:200],
        "user_agent.version": rest.split(" ")[0][:200],
    }
