"""Reads and writes how far a clock was from the true time, as people say it: 1 h 2 min 35.2 s."""

import re

_UNITS = {"d": 86_400_000_000_000, "h": 3_600_000_000_000, "min": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000}
_UNITS |= {"µs": 1_000, "ns": 1}
_SPELLED = {"m": "min", "us": "µs", "sec": "s"}
_PART = re.compile(r"\s*(\d{1,12})(?:\.(\d{1,9}))?\s*(d|h|min|ms|µs|us|ns|sec|m|s)(?![a-zµ])")
MOST = 400 * _UNITS["d"]


def read_offset(text: str) -> int:
    """Nanoseconds of a length such as `95.2 s` or `1 h 2 min`. Raises ValueError for any other text, and beyond 400 days."""
    position, total = 0, 0
    text = text.strip()
    while position < len(text):
        part = _PART.match(text, position)
        if part is None:
            raise ValueError(text)
        unit = _UNITS[_SPELLED.get(part[3], part[3])]
        fraction, rest = divmod(int(f"{part[2] or '0':0<9}") * unit, 1_000_000_000)
        if rest:  # below the nanosecond
            raise ValueError(text)
        total += int(part[1]) * unit + fraction
        position = part.end()
    if not 0 < total <= MOST:
        raise ValueError(text)
    return total


def write_offset(nanoseconds: int) -> str:
    """A length in words that `read_offset` reads, whichever its sign."""
    left, parts = abs(nanoseconds), []
    for unit in ("d", "h", "min"):
        count, left = divmod(left, _UNITS[unit])
        if count:
            parts.append(f"{count} {unit}")
    if left or not parts:
        seconds, fraction = divmod(left, _UNITS["s"])
        decimals = f".{fraction:09}".rstrip("0") if fraction else ""
        parts.append(f"{seconds}{decimals} s")
    return " ".join(parts)
