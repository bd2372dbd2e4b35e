"""Derives `raw`, the record that is searched, from `event.original`, the text that is sealed, and finds where the two differ.

`raw` itself is not sealed (docs/decisions/0051): it says what `event.original` says, as near as the engine can hold it, so that
whoever has the sealed text can tell whether the searched record was changed.
"""

import json
import math
from collections.abc import Iterator
from typing import Any

import orjson

# The engine's longest term is 32,766 bytes, with the value's path in it; a character is up to four.
LONGEST_VALUE = 7_000  # characters of one text in `raw`
_DIGITS = 20  # of the longest integer of 64 bits, with its sign
_LONGEST_NAME = 200


def _read_number(text: str) -> float | str:
    """A number, or its text where no float holds it: neither the engine nor RFC 8785 knows infinity."""
    number = float(text)
    return number if math.isfinite(number) else text


DECODER = json.JSONDecoder(parse_float=_read_number, parse_constant=str)


class _Number(str):
    """A number as it is spelled."""

    __slots__ = ()


_exact_decoder = json.JSONDecoder(parse_int=_Number, parse_float=_Number, parse_constant=str)


def parse_record(text: str) -> Any:
    """What a source record's text says, as `raw` is derived from it. Raises ValueError and RecursionError."""
    return DECODER.decode(text)


def derive_raw(original: str) -> dict[str, Any]:
    """The `raw` of an `event.original`. Raises ValueError where that is no JSON object."""
    value = parse_record(original)
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    raw: dict[str, Any] = fit_raw(value)
    return raw


def fit_raw(value: Any) -> Any:
    """A source record as `raw` can hold it: long text is cut, an integer beyond 64 bits is text.

    `event.original` beside it stays exact.
    """
    match value:
        case dict():
            return {fit_raw(name): fit_raw(inner) for name, inner in value.items()}
        case list():
            return [fit_raw(inner) for inner in value]
        case str():
            return _fit_text(value)
        case int() if not -(2**63) <= value < 2**64:
            return str(value)
        case _:
            return value


def _fit_text(text: str) -> str:
    return text[:LONGEST_VALUE].encode("utf-8", "replace").decode()


def find_contradiction(document: dict[str, Any]) -> str:
    """The name of the first value of an event's `raw` that is not what its `event.original` says, `raw` where that cannot be
    told; empty where the two agree, or there is no `raw`.

    Another spelling of a number is the same number. An integer beyond 64 bits may be text, or the nearest float.
    """
    raw = document.get("raw")
    if raw is None:
        return ""
    event = document.get("event")
    original = event.get("original") if isinstance(event, dict) else None
    if not isinstance(original, str):
        return "raw"
    try:
        if _says_the_same(raw, original):
            return ""
        return next(_find_differences(raw, _exact_decoder.decode(original)), "")
    except (ValueError, RecursionError):
        return "raw"


def _says_the_same(raw: Any, original: str) -> bool:
    """The quick look: nearly every record is written as it was read. False says nothing."""
    try:
        written = orjson.dumps(raw)
        text = original.encode()
        return written == text or written == orjson.dumps(orjson.loads(text))
    except (TypeError, ValueError):
        return False


def _find_differences(raw: Any, original: Any) -> Iterator[str]:
    """The names under which a record and what its text says differ."""
    waiting: list[tuple[str, Any, Any]] = [("raw", raw, original)]
    for name, stored, written in waiting:  # which grows as it is walked
        if isinstance(stored, dict) and isinstance(written, dict):
            there = {part if part in stored else _fit_text(part): inner for part, inner in written.items()}
            for part in sorted(stored.keys() ^ there.keys()):
                yield f"{name}.{part}"[:_LONGEST_NAME]
            waiting += [(f"{name}.{part}", stored[part], there[part]) for part in stored.keys() & there.keys()]
        elif isinstance(stored, list) and isinstance(written, list) and len(stored) == len(written):
            waiting += [(name, *pair) for pair in zip(stored, written, strict=True)]
        elif not _is_same_value(stored, written):
            yield name[:_LONGEST_NAME]


def _is_same_value(stored: Any, written: Any) -> bool:
    if isinstance(written, _Number):
        return _is_same_number(stored, written)
    if isinstance(written, str):
        return isinstance(stored, str) and stored in (written, _fit_text(written))
    return type(stored) is type(written) and not isinstance(written, (dict, list)) and bool(stored == written)


def _is_same_number(stored: Any, written: str) -> bool:
    if type(stored) is str:
        return stored == written
    if type(stored) not in (int, float):
        return False
    is_exact = len(written) <= _DIGITS and written.lstrip("-").isdigit()
    return bool(stored == (int(written) if is_exact else float(written)))
