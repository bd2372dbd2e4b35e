"""What is typed for fields that hold no text, checked, so that the engine is never sent what it would refuse."""

import ipaddress
import re
from contextlib import suppress

from trail.errors import BadQuery
from trail.events import is_ip, is_time

# A moment before now, at most some fifty years: nothing is earlier than 1970.
_AGO = re.compile(r"now(-([0-9]{1,5}[smh]|[0-9]{1,4}d|[0-9]{1,3}w|[0-4]?[0-9]y))?")


def address(name: str, value: str, position: int) -> str:
    """An address or a network, as the engine writes one. Raises BadQuery, as all of these do."""
    try:
        if "%" in value or ("/" in value and not value.isascii()):
            raise ValueError(value)
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        raise BadQuery(
            f"{name} holds addresses; write 192.0.2.7 or a network such as 192.0.2.0/24.", position
        ) from None
    # A mask is written out in figures only for the engine: it knows lengths.
    return str(network) if "/" in value else value


def one_address(name: str, value: str, position: int) -> str:
    if not is_ip(value):
        raise BadQuery(
            f"An end of a range of {name} is one address; a network is searched as {name}:192.0.2.0/24.", position
        )
    return value


def integer(name: str, value: str, position: int) -> int:
    try:
        number = int(value)
    except ValueError:
        raise BadQuery(f"{name} holds whole numbers, not {value!r}.", position) from None
    if not -(2**63) <= number < 2**63:
        raise BadQuery(f"{name} holds numbers of at most 64 bits.", position)
    return number


def time(name: str, value: str, position: int) -> str:
    if not (_AGO.fullmatch(value) or is_time(value) or is_time(f"{value}T00:00:00Z")):
        raise BadQuery(f"{name} holds times; write 2026-11-24 or 2026-11-24T09:30:00Z, not {value!r}.", position)
    return value


def is_address(text: str) -> bool:
    """Whether a word may be meant for an address or a network."""
    with suppress(BadQuery):
        return bool(address("source.ip", text, 0))
    return False
