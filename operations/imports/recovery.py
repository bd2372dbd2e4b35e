"""Finds where the reading of a damaged text goes on: at the next document, the next record, or the end of the damaged one.

It looks at how the text is laid out and nested, since what is damaged cannot be parsed. An object within the damaged record is
never taken for a record: what is taken up begins a line as far to the right, has the keys of the record before, or is a document.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

_decoder = json.JSONDecoder()
_OUTSIDE = re.compile(r'["{}\[\]]')
_WITHIN_TEXT = re.compile(r'"|\\(?:.|\Z)', re.S)
_MOST_SIBLINGS = 200  # places that are tried
_REST_OF_LINE = re.compile(r"[^\n]*")
_CLEAN_REST = re.compile(r"[\s,\]}]*(?:[{\[]|$)")


@dataclass(slots=True)
class Nesting:
    """Follows brackets and texts through the pieces of a damaged document."""

    depth: int = 0
    is_in_text: bool = False
    is_escaped: bool = False  # the piece before ended with a backslash

    def find_close(self, text: str, at: int) -> int | None:
        """Where the bracket that opened first is closed; None if that is beyond this piece."""
        if self.is_escaped:
            at, self.is_escaped = at + 1, False
        while match := (_WITHIN_TEXT if self.is_in_text else _OUTSIDE).search(text, at):
            at, mark = match.end(), match.group()
            if mark == '"':
                self.is_in_text = not self.is_in_text
            elif mark in "{[":
                self.depth += 1
            elif mark in "}]":
                self.depth -= 1
                if self.depth <= 0:
                    return at
            elif mark == "\\":
                self.is_escaped = True
        return None


@dataclass(slots=True)
class Layout:
    """How the records of a stream are laid out: `heads` finds the beginning of a document that holds records.

    `value` is the last whole record.
    """

    heads: re.Pattern[str]
    value: dict[str, Any] = field(default_factory=dict)

    def find_restart(self, text: str, start: int, before: str, closers: Collection[str]) -> int | None:
        """Where to go on after the damaged text at `start`; None if not within `text`. `before` precedes it on its line."""
        is_object = text[start] in "{["
        ends = [match.start() for match in (self.heads.search(text, start + 1),) if match]
        if (sibling := self._find_sibling(text, start + 1)) is not None:
            ends.append(sibling)
        if not is_object:
            ends += [end for end in (text.find("\n", start),) if end >= 0]
        elif not before.strip():
            ends += [match.end() - 1 for match in (_compile_line(before, bool(closers)).search(text, start),) if match]
        if is_object and (close := Nesting().find_close(text, start)) is not None:
            ends.append(_extend_to_line(text, close))
        return min(ends, default=None)

    def find_far_restart(self, text: str, seen: int, before: str, nesting: Nesting | None) -> int | None:
        """The same for the next piece of a damaged text that is too long to be kept; `nesting` has followed it up to `seen`."""
        ends = [match.start() for match in (self.heads.search(text, 1),) if match]
        if nesting is None:
            ends += [end for end in (text.find("\n", 1),) if end >= 0]
            return min(ends, default=None)
        if not before.strip():
            ends += [match.end() - 1 for match in (_compile_line(before, is_nested=False).search(text, 1),) if match]
        if (close := nesting.find_close(text, seen)) is not None:
            ends.append(close)
        return min(ends, default=None)

    def _find_sibling(self, text: str, start: int) -> int | None:
        """The next object whose keys are mostly those of the last whole record."""
        if not self.value:
            return None
        places = re.compile(r"\{\s*" + re.escape(json.dumps(next(iter(self.value)))) + r"\s*:").finditer(text, start)
        for _, match in zip(range(_MOST_SIBLINGS), places, strict=False):
            if self._is_sibling(text, match.start()):
                return match.start()
        return None

    def _is_sibling(self, text: str, at: int) -> bool:
        try:
            value: Any = _decoder.raw_decode(text, at)[0]
        except (ValueError, RecursionError):
            return False
        return 2 * len(value.keys() & self.value.keys()) >= len(value.keys() | self.value.keys())


def _compile_line(before: str, is_nested: bool) -> re.Pattern[str]:
    """A line that begins as far to the right with a bracket, or closes what is around the record."""
    close = rf"|[ \t]{{0,{max(len(before) - 1, 0)}}}\]" if is_nested else ""
    return re.compile(rf"\n(?:{re.escape(before)}[{{\[]{close})")


def _extend_to_line(text: str, end: int) -> int:
    """The end of the line, where what follows a damaged record on it is neither a record nor the end of an array."""
    match = _REST_OF_LINE.match(text, end)
    stop = match.end() if match else end
    return end if _CLEAN_REST.match(text[end : min(stop, end + 1_000)]) else stop
