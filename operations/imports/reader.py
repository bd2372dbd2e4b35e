"""Reads the records of a stream of JSON documents, whatever it is made of, to its end.

Arrays, documents that hold a list of records such as CloudTrail's `{"Records": […]}`, lines, documents over many lines, and any
of them one after another. Memory is one record and one chunk, whatever the size of the stream. What cannot be read comes out as
a record with a problem, so that it can be kept for inspection; no character is passed over but white space, commas, marks of
byte order, and the members beside a list of records that list no objects.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

from operations.imports.envelopes import CERTAIN_LISTS, LISTS, OBJECTS, OF_RECORDS
from operations.imports.recovery import Layout, Nesting
from operations.imports.text_window import TextWindow
from trail.source_record import DECODER

LONGEST = 8 * 1024 * 1024  # characters of one record
# A document that is no longer than this is read whole before it is taken for one that holds a list.
_WHOLE = 2 * 1024 * 1024  # characters
RECORDS = "Records"  # which CloudTrail's documents hold even where there are none
_objects = frozenset(OBJECTS)
_DEEPEST_OBJECT = 6  # objects around a list, one within the other
_DEEPEST = 32  # arrays and lists of records, one within the other
_SEPARATORS = re.compile(r"[\s,\x1e\ufeff]*")
_skip = cast(Callable[[str, int], re.Match[str]], _SEPARATORS.match)  # it matches anywhere
_COLON = re.compile(r"\s*:\s*")
_LINE_OF_JSON = re.compile(r"(?:\A|\n)[\s,\x1e\ufeff]*[{\[]")
_OBJECTS_FOLLOW = re.compile(r"\[[\s,\x1e\ufeff]*\{")
_BOUNDARY = re.compile(r"[\s,\]}]|\Z")
# A fault so near the end may be that the text goes on: no literal, escape or sign is longer.
_NEAR_END = 16
_OVERLAP = 1_024  # so that what begins a document is found across two pieces


@dataclass(frozen=True, slots=True)
class ForeignRecord:
    """One source record: its number in its source, its exact text, what it says or why not, its line, its first byte."""

    place: int
    text: str
    value: dict[str, Any] | None
    problem: str = ""
    line: int = 0
    offset: int = 0


@dataclass(frozen=True, slots=True)
class _ListPlace:
    """Where a list of records begins: its name, its bracket, how many objects it is within, and what stands before it that a page
    has not."""

    name: str
    bracket: int
    depth: int = 1
    beside: tuple[str, ...] = ()


class _Damaged(Exception):
    """What stands at the window's place is no whole document. The message says why."""


# raw_decode without its wrapping, which costs as much as a small record; it raises StopIteration where there is no value.
_decode: Callable[[str, int], tuple[Any, int]] = DECODER.scan_once  # type: ignore[attr-defined]


class RecordReader:
    """Iterates over the records of one source. `problems` says what is wrong with the source as a whole, when it is read.

    An object of which `is_record` is true is a record, whatever lists it holds. `has_certain_lists`: one that begins with a list
    is a page, and is not looked at any further.
    """

    def __init__(
        self,
        pieces: Iterator[str],
        list_names: tuple[str, ...] = LISTS,
        is_record: Callable[[dict[str, Any]], bool] = lambda value: False,
        *,
        has_certain_lists: bool = True,
    ) -> None:
        self.count = 0
        self.problems: list[str] = []
        self._window = TextWindow(pieces)
        self._names = frozenset(list_names)
        self._is_record = is_record
        self._entered: list[str] = []  # beside the closers: the name of the list that each closes, empty for others
        certain = CERTAIN_LISTS if has_certain_lists else (RECORDS,)
        heads = "|".join(re.escape(name) for name in certain if name in self._names)
        self._layout = Layout(re.compile(rf'\{{\s*"({heads})"\s*:\s*\[(?=\s*\{{)|\{{\s*"(Records)"\s*:\s*\['))
        self._closers: list[str] = []  # of the arrays and lists of records that the place is within

    def __iter__(self) -> Iterator[ForeignRecord]:
        if not self._expect_json():
            return
        while self._skip_separators():
            character = self._window.text[self._window.at]
            try:
                if character == "{":
                    yield from self._read_objects()
                elif character == "[" and len(self._closers) < _DEEPEST:
                    self._enter("]", self._window.at + 1)
                elif self._closers and character == self._closers[-1]:
                    self._leave()
                elif self._closers and self._closers[-1] == "}":
                    yield from self._read_member()
                else:
                    yield from self._read_scalar()
            except _Damaged as damage:
                yield self._read_damaged(str(damage))
        if self._closers:
            self.problems.append("it ends before the list of its records does")

    def _expect_json(self) -> bool:
        """Whether there is JSON at all; what holds none is named as a whole and not rejected line by line."""
        if not self._skip_separators() or _LINE_OF_JSON.search(self._window.text):
            return True
        start = self._window.text[self._window.at : self._window.at + 40].partition("\n")[0]
        self.problems.append(f"it is no JSON; it begins with {start!a}")
        return False

    def _skip_separators(self) -> bool:
        """Whether there is anything after the white space at the place."""
        while True:
            self._window.advance(_skip(self._window.text, self._window.at).end())
            if self._window.pending:
                return True
            if not self._window.fill():
                return False

    def _enter(self, closer: str, at: int, name: str = "") -> None:
        self._closers.append(closer)
        self._entered.append(name)
        self._window.advance(at)

    def _leave(self) -> None:
        self._closers.pop()
        self._entered.pop()
        self._window.advance(self._window.at + 1)

    def _enter_list(self, path: "_ListPlace") -> None:
        """Go into a document's list of records."""
        if path.name in self._entered:  # the document before was cut off and this one stands behind it
            self.problems.append(f"a document ends before the list of its records does, on line {self._window.line}")
            self._closers.clear()
            self._entered.clear()
        for name in path.beside:
            self._note_beside(name)
        self._closers += ["}"] * path.depth
        self._entered += [""] * path.depth
        self._enter("]", path.bracket + 1, path.name)

    def _note_beside(self, name: str) -> None:
        """Say once of a name that it stands beside a list of records, and that nothing is kept of it."""
        note = f"beside a list of records stands {name!a}, which a record would have; it was not read"
        if note not in self.problems:
            self.problems.append(note)

    def _read_objects(self) -> Iterator[ForeignRecord]:
        """Objects one after another, up to one that holds a list of records."""
        window = self._window
        while True:
            text, at = window.text, window.at
            if head := self._layout.heads.match(text, at):
                return self._enter_list(_ListPlace(head[1] or head[2], head.end() - 1))
            try:
                value, end = _decode(text, at)
            except (StopIteration, ValueError, RecursionError) as error:
                if window.pending > _WHOLE and (place := self._find_list(text, at)):
                    return self._enter_list(place)
                try:
                    self._fill_or_give_up(error)
                except _Damaged:
                    if place := self._find_list(text, at):
                        return self._enter_list(place)
                    raise
                continue
            if self._may_hold_list(value) and (place := self._find_list(text, at)):
                return self._enter_list(place)
            self._layout.value = value
            yield self._make_record(text[at:end], value)
            window.advance(_skip(text, end).end())
            if not text.startswith("{", window.at):
                return None

    def _may_hold_list(self, value: dict[str, Any]) -> bool:
        """Whether an object is one around records, by the names of its members."""
        if self._names.isdisjoint(value) and _objects.isdisjoint(value):
            return False
        return not self._is_record(value)

    def _fill_or_give_up(self, error: Exception) -> None:
        """Read on if the fault may be that the text does. Raises _Damaged."""
        if isinstance(error, StopIteration):
            error = json.JSONDecodeError("Expecting value", self._window.text, error.value)
        if isinstance(error, RecursionError):
            raise _Damaged("is nested too deeply") from error
        if not _may_go_on(error, len(self._window.text)):
            raise _Damaged(f"is not JSON: {_describe(error)}") from error
        if self._window.pending > LONGEST:
            raise _Damaged(f"is longer than {LONGEST:,} characters") from error
        if not self._window.fill():
            raise _Damaged(f"is cut off or is not JSON: {_describe(error)}") from error

    def _find_list(self, text: str, at: int, depth: int = 1) -> "_ListPlace | None":
        """The list of records that the object at `at` holds, if it holds one in what is here of it."""
        beside: list[str] = []
        try:
            while match := _SEPARATORS.match(text, at + 1):
                name, at = DECODER.raw_decode(text, match.end())
                colon = _COLON.match(text, at)
                if colon is None or not isinstance(name, str):
                    return None
                at = colon.end()
                is_list = name in self._names and text.startswith("[", at)
                if is_list and (name == RECORDS or _OBJECTS_FOLLOW.match(text, at)):
                    return _ListPlace(name, at, depth, tuple(beside))
                if name.lower() in OF_RECORDS:
                    beside.append(name)
                is_object = name in _objects and depth < _DEEPEST_OBJECT and text.startswith("{", at)
                is_page = is_object and not self._is_whole_record(text, at)
                if is_page and (place := self._find_list(text, at, depth + 1)):
                    return replace(place, beside=(*beside, *place.beside))
                at = DECODER.raw_decode(text, at)[1]
                if not (comma := _SEPARATORS.match(text, at)) or comma.end() == at:
                    return None
                at = comma.end() - 1
        except (ValueError, RecursionError):
            return None
        return None

    def _is_whole_record(self, text: str, at: int) -> bool:
        """Whether the object at `at` is here as a whole and is a record."""
        try:
            return self._is_record(DECODER.raw_decode(text, at)[0])
        except (ValueError, RecursionError):
            return False

    def _read_member(self) -> Iterator[ForeignRecord]:
        """A member that stands behind the list of records in its document: another list, or something that is no record."""
        while True:
            text, at = self._window.text, self._window.at
            try:
                name, end = DECODER.raw_decode(text, at)
                colon = _COLON.match(text, end)
                if colon is None or colon.end() == len(text):
                    raise json.JSONDecodeError("Expecting ':' delimiter", text, end)
                if name in self._names and _OBJECTS_FOLLOW.match(text, colon.end()):
                    return self._enter("]", colon.end() + 1, name)
                value, end = DECODER.raw_decode(text, colon.end())
                if str(name).lower() in OF_RECORDS:
                    self._note_beside(name)
            except (ValueError, RecursionError) as error:
                self._fill_or_give_up(error)
                continue
            if _may_hold_records(value):
                yield self._make_record(text[at:end], None, "stands beside the list of records")
            return self._window.advance(end)

    def _read_scalar(self) -> Iterator[ForeignRecord]:
        """A number, a text or a word where a record should be."""
        while True:
            text, at = self._window.text, self._window.at
            try:
                _, end = DECODER.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                self._fill_or_give_up(error)
                continue
            if end == len(text) and self._window.fill():
                continue  # it may go on
            if not _BOUNDARY.match(text, end):
                raise _Damaged("is not JSON")
            yield self._make_record(text[at:end], None, "is not a JSON object")
            return self._window.advance(end)

    def _read_damaged(self, problem: str) -> ForeignRecord:
        """What cannot be parsed, up to where the reading goes on."""
        window, before = self._window, self._window.read_before()
        while (end := self._layout.find_restart(window.text, window.at, before, self._closers)) is None:
            if window.pending > LONGEST:
                return self._skip_damaged(problem, before)
            if not window.fill():
                end = len(window.text)
                break
        record = self._make_record(window.text[window.at : end].rstrip(), None, problem)
        window.advance(end)
        return record

    def _skip_damaged(self, problem: str, before: str) -> ForeignRecord:
        """What cannot be parsed and is longer than is kept: its beginning, and how long it was."""
        window = self._window
        start, text, at = window.offset, window.text, window.at
        nesting = Nesting() if text[at] in "{[" else None
        record = self._make_record(text[at : at + LONGEST], None, problem)
        end = nesting.find_close(text, at) if nesting else None
        while end is None:
            window.advance(max(window.at, len(window.text) - _OVERLAP))
            seen = window.pending
            if not window.fill():
                end = len(window.text)
                break
            end = self._layout.find_far_restart(window.text, seen, before, nesting)
        window.advance(end)
        note = f"{problem}; it has {window.offset - start:,} bytes, and the first {LONGEST:,} characters are here"
        return replace(record, problem=note)

    def _make_record(self, text: str, value: dict[str, Any] | None, problem: str = "") -> ForeignRecord:
        self.count += 1
        return ForeignRecord(self.count, text, value, problem, self._window.line, self._window.offset)


def _may_hold_records(value: Any) -> bool:
    """Whether a member lists objects, itself or within; one that does not is about the document, such as a cursor."""
    remaining = [value]
    while remaining:
        outer = remaining.pop()
        if isinstance(outer, list) and any(isinstance(inner, dict) for inner in outer):
            return True
        remaining += outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ()
    return False


def _describe(error: Exception) -> str:
    """What is wrong, without the place: that is counted from where the reader stands, and the record's own is known."""
    return error.msg if isinstance(error, json.JSONDecodeError) else str(error)


def _may_go_on(error: Exception, length: int) -> bool:
    """Whether a fault may only be that the text ends here."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.pos >= length - _NEAR_END or error.msg.startswith("Unterminated string")
