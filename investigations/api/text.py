"""Writes every answer as lines for a terminal: what the JSON says, shorter. What would drive the terminal is spelled out."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from investigations.presentation.cells import make_visible
from trail.documents import get
from trail.questions.answers import FieldValue, FieldValues
from trail.questions.coverage import Coverage
from trail.questions.indicators import IndicatorAnswer
from trail.search.bodies.histogram import Bar
from trail.search.describe import describe_range, describe_search
from trail.search.execute import Hit
from trail.search.lineage import TokenRef
from trail.search.spec import Search

STEP = "  "
# Where nothing is an answer, it is said; elsewhere what is empty is left out.
_NEVER = frozenset({"issued", "first", "last", "revocation"})
_NANOSECONDS = frozenset({"gap", "lag"})
_PHRASES = (
    ("by", "user.id"),
    ("from", "source.ip"),
    ("with", "token.id"),
    ("on", "resource.id"),
    ("at", "service.name"),
)


def write_lines(value: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """The lines of one part of an answer, with its name before it."""
    short = _short(value)
    if short is not None:
        yield f"{STEP * depth}{f'{_shown(name)}: ' if name else ''}{_shown(short)}"
    elif inner := list(_inner(value, depth + 1 if name else depth)):
        if name:
            yield f"{STEP * depth}{_shown(name)}:"
        yield from inner


def _inner(value: Any, depth: int) -> Iterator[str]:
    match value:
        case Coverage():
            yield from _coverage(value, depth)
        case FieldValues():
            yield from (line for member in value.values for line in write_lines(member, "", depth))
            if value.others:
                yield f"{STEP * depth}{value.others:,} more with other values"
        case Mapping():
            yield from (line for key, member in value.items() for line in write_lines(member, str(key), depth))
        case list() | tuple() | set() | frozenset():
            for item in value:
                yield from _item(item, depth)
        case _ if is_dataclass(value):
            for field in fields(value):
                yield from _member(field.name, getattr(value, field.name), depth)


def _member(name: str, value: Any, depth: int) -> Iterator[str]:
    if name in _NANOSECONDS and isinstance(value, int):
        value = f"{value / 1e9:,.3f} seconds"
    if value is None and name in _NEVER:
        value = "never"
    if value not in (None, "") and not _is_of_a_chart(value):
        yield from write_lines(value, name.replace("_", " "), depth)


def _item(item: Any, depth: int) -> Iterator[str]:
    """One of several: on one line, or as a block that begins with a hyphen."""
    first, *further = list(write_lines(item, "", depth)) or [""]
    yield f"{STEP * depth}- {first.strip()}"
    yield from (f"{STEP}{line}" for line in further)


def _short(value: Any) -> str | None:
    """A value that fits on a line; None for one that does not."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"{value:,}"
        case str():
            return value
        case Hit():
            return _event(value)
        case FieldValue():
            error = f", at most {value.error:,} more" if value.error else ""
            return f"{value.value}: {value.count:,}{error}, {value.first} to {value.last}"
        case TokenRef():
            return f"{value.field} {value.value}"
        case Search():
            return f"{describe_search(value)}, {describe_range(value.start, value.end)}"
        case IndicatorAnswer():
            return f"{value.indicator.value} ({value.indicator.kind}): {_describe_sightings(value)}"
    return None


def _event(hit: Hit) -> str:
    event = hit.document.get("event", {})
    words = " ".join(f"{word} {value}" for word, name in _PHRASES if (value := get(hit.document, name)))
    return f"{hit.timestamp} {event.get('action', '')} {event.get('outcome', '')} {words} [{hit.event_id}]"


def _describe_sightings(answer: IndicatorAnswer) -> str:
    return (
        "; ".join(
            f"{place.field} {place.events:,} times, {place.failures:,} failed, {place.first} to {place.last}"
            for place in answer.seen
        )
        or "never"
    )


def _coverage(covered: Coverage, depth: int) -> Iterator[str]:
    since = f" since {covered.earliest}, taken in up to {covered.ingested_until}" if covered.earliest else ""
    indent = STEP * depth
    yield f"{indent}{covered.events:,} events{since}; shards that failed: {covered.failed or 'none'}"
    if not covered.whole:
        yield f"{indent}PROVISIONAL, events may be missing:"
    yield from (f"{indent}- {_shown(doubt.sentence)}" for doubt in covered.doubts)


def _is_of_a_chart(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Bar)


def _shown(text: str) -> str:
    """On one line, and nothing that a terminal would obey."""
    return make_visible(text).replace("\n", "⟨U+000A⟩").replace("\t", "⟨U+0009⟩")
