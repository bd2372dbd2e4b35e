"""Addresses by how their text begins: the engine keeps them as numbers, so a beginning is some ranges of them."""

import ipaddress
from collections.abc import Iterator


def ranges(typed: str) -> list[dict[str, str]]:
    """All addresses whose text may begin as typed, as ranges; none for what no address begins with."""
    try:
        network = ipaddress.ip_network(typed, strict=False)
        if "/" in typed:
            return [{"gte": str(network[0]), "lte": str(network[-1])}]
    except ValueError:
        pass
    found = [] if ":" in typed else [*_ranges(typed, 10, ".", 4)]
    found += [] if "." in typed.partition("::")[0] else [*_ranges(typed, 16, ":", 8)]
    return [{"gte": low, "lte": high} for low, high in found]


def _ranges(typed: str, base: int, sign: str, parts: int) -> Iterator[tuple[str, str]]:
    """`10.1` may go on as 10.1, 10.10 to 10.19 or 10.100 to 10.199, and then in any way."""
    # What `::` stands for shows only at the end: the part before it is enough, for what does not fit is left out later.
    head, shortened, _ = typed.partition("::")
    known = head.split(sign)
    last = "" if shortened else known.pop()
    most = 255 if base == 10 else 0xFFFF
    try:
        numbers = [int(part or "0", base) for part in known]
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


def _ends(known: list[int], last: tuple[int, int] | None, most: int, sign: str, parts: int) -> tuple[str, str]:
    lows, highs = ([*known, last[0]], [*known, last[1]]) if last else (known, known)
    spell = str if sign == "." else "{:x}".format
    missing = parts - len(lows)
    low = sign.join(map(spell, [*lows, *[0] * missing]))
    return low, sign.join(map(spell, [*highs, *[most] * missing]))


def networks(typed: str) -> list[str]:
    """The network that is written, or begun to its last full part: `10.1.` is 10.1.0.0/16."""
    parts = typed.rstrip(".").split(".")
    text = typed if "/" in typed else f"{'.'.join([*parts, *['0'] * (4 - len(parts))])}/{len(parts) * 8}"
    if "/" not in typed and not (typed.endswith(".") and len(parts) < 4):
        return []
    try:
        return [str(ipaddress.ip_network(text, strict=False))]
    except ValueError:
        return []
