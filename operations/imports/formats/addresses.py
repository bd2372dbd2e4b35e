"""Takes addresses out of what stands around them: ports, zones, brackets, lists, and the headers of proxies."""

import ipaddress
import re
from functools import lru_cache
from typing import Any

_SEPARATORS = re.compile(r"[,;]")
# `for=` of RFC 7239, brackets, a zone, and a port behind `:`, `#` or the word.
_SURROUNDINGS = re.compile(
    r"""["']?(?:for=)?["']?(?:\[(?P<inner>[^\]]+)\]|(?P<plain>[^\s\[\]#"']+?))
        (?:%[\w.-]+)?(?:(?:[:\#]|\s+port\s+)(?P<port>\d{1,5}))?["']?""",
    re.VERBOSE | re.IGNORECASE,
)
_NOTHING = frozenset({"", "-", "unknown", "none", "null", "n/a", "undefined"})
_LONGEST = 4_000  # characters that are looked at
_MOST_ITEMS = 50


def read_addresses(*values: Any) -> dict[str, Any]:
    """`source.ip` and `source.port` of addresses, one or several, in one spelling; `source.address` of what is none.

    A value is text, a list, or an object with the address in `address`, `ip` or `ipAddress`.
    """
    if len(values) == 1 and type(values[0]) is str:
        return dict(_read_text(values[0][:_LONGEST]))
    texts = [text for value in values for text in _list_texts(value)][:_MOST_ITEMS]
    parts = [_read_text(text[:_LONGEST]) for text in texts]
    return _join(parts)


def _list_texts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [text for item in value[:_MOST_ITEMS] for text in _list_texts(item)]
        case dict():
            return [
                inner
                for name in ("address", "ip", "ipAddress", "ipaddress")
                if isinstance(inner := value.get(name), str)
            ]
    return []


@lru_cache(maxsize=16_384)  # a log names the same addresses again and again
def _read_text(text: str) -> dict[str, Any]:
    """The fields of one text; callers copy it."""
    whole = _read_one(text.strip())
    if "source.ip" in whole or not whole:
        return whole
    pieces = [piece.strip() for piece in _SEPARATORS.split(text)]
    parts = [part for piece in pieces[:_MOST_ITEMS] if (part := _read_one(piece))]
    # A sentence with a comma in it is one name; a list is one where an address is among it.
    return _join(parts) if any("source.ip" in part for part in parts) else whole


def _read_one(text: str) -> dict[str, Any]:
    if text.lower() in _NOTHING:
        return {}
    if (plain := _parse(text)) is not None:
        return {"source.ip": plain}
    match = _SURROUNDINGS.fullmatch(text)
    if match:
        address = _parse(match["inner"] or match["plain"])
        port = int(match["port"]) if match["port"] else None
        if address is not None and (port is None or port <= 65_535):
            return {"source.ip": address} | ({"source.port": port} if port is not None else {})
    return {"source.address": text}


def _parse(text: str) -> str | None:
    """An address as the trail writes it: lower case, shortest, IPv4 within IPv6 as IPv4. None for what is none."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _join(parts: list[dict[str, Any]]) -> dict[str, Any]:
    addresses = list(dict.fromkeys(part["source.ip"] for part in parts if "source.ip" in part))
    names = list(dict.fromkeys(part["source.address"] for part in parts if "source.address" in part))
    joined: dict[str, Any] = {}
    if addresses:
        joined["source.ip"] = addresses[0] if len(addresses) == 1 else addresses
    if names:
        joined["source.address"] = names[0]
    if len(addresses) == 1 and (ports := [part["source.port"] for part in parts if "source.port" in part]):
        joined["source.port"] = ports[0]
    return joined
