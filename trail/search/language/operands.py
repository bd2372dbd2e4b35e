"""Checks what is typed for fields that hold no text, so that the engine is never sent what it would refuse."""

import ipaddress
import re
from collections.abc import Iterator
from contextlib import suppress

from trail.errors import BadQuery
from trail.field_checks import is_ip
from trail.times import NotATime, complete_offset, parse_relative, parse_time

_FIFTY_YEARS = 50 * 365 * 86_400  # seconds; the engine refuses what is before 1970
_TOO_LATE = parse_time("2262-01-01")  # the engine counts nanoseconds since 1970 in 64 bits


def parse_address(name: str, value: str, position: int) -> str:
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


def parse_single_address(name: str, value: str, position: int) -> str:
    """One address, no network. Raises BadQuery."""
    if not is_ip(value):
        raise BadQuery(
            f"An end of a range of {name} is one address; a network is searched as {name}:192.0.2.0/24.", position
        )
    return value


def parse_integer(name: str, value: str, position: int) -> int:
    """A whole number that the engine can hold. Raises BadQuery."""
    try:
        number = int(value)
    except ValueError:
        raise BadQuery(f"{name} holds whole numbers, not {value!r}.", position) from None
    if not -(2**63) <= number < 2**63:
        raise BadQuery(f"{name} holds numbers of at most 64 bits.", position)
    return number


def parse_time_value(name: str, value: str, position: int) -> str:
    """A time as the engine reads it, no more precise than it was typed: to the engine, a day or a minute is all of it."""
    try:
        seconds_ago = parse_relative(value)
        nanoseconds = parse_time(value) if seconds_ago is None else 0
    except NotATime:
        raise BadQuery(
            f"{name} holds times; write 2026-11-24 or 2026-11-24T09:30:00Z, not {value!r}.", position
        ) from None
    if not 0 <= nanoseconds < _TOO_LATE or (seconds_ago or 0) > _FIFTY_YEARS:
        raise BadQuery(f"{name} holds times from 1970 to 2261, not {value!r}.", position)
    if seconds_ago is not None:
        return value  # which the engine reads at the time of asking
    return complete_offset(value)


def is_address(text: str) -> bool:
    """Whether a word may be meant for an address or a network."""
    with suppress(BadQuery):
        return bool(parse_address("source.ip", text, 0))
    return False


PIECE = 3  # characters; a wildcard field is kept by its pieces of so many
_SIGNS = re.compile(r"\\.|[*?]", re.DOTALL)


def expect_narrow(pattern: str, position: int) -> None:
    """Each `?` behind a `*` can double what the engine has to keep apart; a pattern of `?` alone is as long as it is."""
    several, ones = (sum(part == sign for part in _SIGNS.findall(pattern)) for sign in "*?")
    if sum(map(len, _literals(pattern))) < 2:
        raise BadQuery("A pattern needs at least two characters besides * and ?.", position)
    if several > 8:
        raise BadQuery("A pattern may hold at most eight *.", position)
    if ones > (8 if several else 64):
        raise BadQuery("A pattern may hold at most 64 ?, and at most eight beside a *.", position)


def expect_a_piece(name: str, pattern: str, position: int) -> None:
    """Without a piece to look it up by, every event would be looked at."""
    if not any(len(part) >= PIECE for part in _literals(pattern)):
        raise BadQuery(f"A pattern on {name} needs three characters in a row, by which it is looked up.", position)


def _literals(pattern: str) -> list[str]:
    """What stands between the `*` and `?` of a pattern; an escaped character counts as one."""
    return _SIGNS.sub(lambda match: "x" if match[0][0] == "\\" else "\0", pattern).split("\0")


def list_ranges(typed: str) -> list[dict[str, str]]:
    """All addresses whose text may begin as typed, as ranges; none for what no address begins with."""
    try:
        network = ipaddress.ip_network(typed, strict=False)
        if "/" in typed:
            return [{"gte": str(network[0]), "lte": str(network[-1])}]
    except ValueError:
        pass
    ranges = [] if ":" in typed else [*_ranges(typed, 10, ".", 4)]
    ranges += [] if "." in typed.partition("::")[0] else [*_ranges(typed, 16, ":", 8)]
    return [{"gte": low, "lte": high} for low, high in ranges]


def _ranges(typed: str, base: int, sign: str, parts: int) -> Iterator[tuple[str, str]]:
    """`10.1` may go on as 10.1, 10.10 to 10.19 or 10.100 to 10.199, and then in any way."""
    # What `::` stands for shows only at the end: the part before it is enough, for what does not fit is left out later.
    head, shortened, _ = typed.partition("::")
    parts_before = head.split(sign)
    last = "" if shortened else parts_before.pop()
    most = 255 if base == 10 else 0xFFFF
    try:
        numbers = [int(part or "0", base) for part in parts_before]
        first = int(last, base) if last else 0
    except ValueError:
        return
    if len(numbers) >= parts + bool(not last) or any(number > most for number in [*numbers, first]):
        return
    if not last:
        yield _ends(numbers, None, most, sign, parts)
        return
    step = 1
    while first * step <= most and (first or step == 1):
        yield _ends(numbers, (first * step, min(first * step + step - 1, most)), most, sign, parts)
        step *= base


def _ends(parts_before: list[int], last: tuple[int, int] | None, most: int, sign: str, parts: int) -> tuple[str, str]:
    lows, highs = ([*parts_before, last[0]], [*parts_before, last[1]]) if last else (parts_before, parts_before)
    spell = str if sign == "." else "{:x}".format
    missing = parts - len(lows)
    low = sign.join(map(spell, [*lows, *[0] * missing]))
    return low, sign.join(map(spell, [*highs, *[most] * missing]))


def list_networks(typed: str) -> list[str]:
    """The network that is written, or begun to its last full part: `10.1.` is 10.1.0.0/16."""
    parts = typed.rstrip(".").split(".")
    text = typed if "/" in typed else f"{'.'.join([*parts, *['0'] * (4 - len(parts))])}/{len(parts) * 8}"
    if "/" not in typed and not (typed.endswith(".") and len(parts) < 4):
        return []
    try:
        return [str(ipaddress.ip_network(text, strict=False))]
    except ValueError:
        return []
