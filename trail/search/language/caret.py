"""Finds what somebody is typing at the caret, and what could stand there, by the grammar and without asking the trail.

find_spot("user.id:al", 10) is a value of user.id that begins with `al`; in "a |" it is a word, before which AND may come.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from trail import pairs
from trail.schema import DISCHARGE_FIELDS, FIELDS, LINEAGE, OUTCOMES, Kind, Operation, field_of
from trail.search.language.escapes import unescape
from trail.search.language.parser import COMPARE, FIELD, OPERATOR, PHRASE, RANGE, SPACE, WORD, find_problem

_PARAMETER = re.compile(r"\$[a-z0-9_]*")
_OPEN_PHRASE = re.compile(r'"(?:\\.|[^"\\])*\\?$')
_REST_OF_WORD = re.compile(r'[^\s()"]*')
What = Literal["word", "field", "value", "parameter", "nothing"]


@dataclass(frozen=True, slots=True)
class Spot:
    """What stands at the caret: text[start:end] is what a choice replaces, `prefix` is what of it was meant up to the caret.

    A `word` may become a field, a value anywhere or an operator; a `field` has its colon already. `field` is whose value a
    `value` is. `follows` if something that an operator can follow stands before, `followed` if one comes behind.
    """

    what: What
    start: int
    end: int
    prefix: str = ""
    field: str | None = None
    follows: bool = False
    followed: bool = False


@dataclass(frozen=True, slots=True)
class FieldName:
    """A field that can be searched, as a list of fields shows it."""

    name: str
    kind: str
    help: str


def find_spot(text: str, caret: int) -> Spot:
    """What is being typed at `caret`. Any text will do, also one that is not understood yet."""
    return _Scanner(text, min(max(caret, 0), len(text))).find_spot()


class _Scanner:
    """Goes over the text as the parser does, but never stops at a fault; ends where the caret is."""

    def __init__(self, text: str, caret: int) -> None:
        self.text, self.caret = text, caret
        self.at = 0
        self.groups: list[str | None] = [None]
        self.follows = False

    def find_spot(self) -> Spot:
        """The spot where the caret is."""
        while True:
            self.at = _end(SPACE, self.text, self.at)
            if self.at >= self.caret:
                field = self.groups[-1]
                return self.build_spot("value" if field else "word", self.caret, self.caret, field=field)
            if (spot := self.take_next()) is not None:
                return spot

    def take_next(self) -> Spot | None:
        """Take what stands here, or say that the caret is in it."""
        text, start, field = self.text, self.at, self.groups[-1]
        if match := OPERATOR.match(text, start):
            if self.caret <= match.end():
                return self.build_spot("word" if field is None else "value", start, match.end(), match.group(), field)
            self.at, self.follows = match.end(), False
        elif text[start] in "-!+" and text[start + 1 : start + 2].strip():
            self.at, self.follows = start + 1, False
        elif text[start] == "(":
            self.open_group(field)
        elif text[start] == ")":
            self.close_group()
        elif field is None and (match := FIELD.match(text, start)):
            if self.caret < match.end():
                return self.build_spot("field", start, match.end(), text[start : self.caret])
            self.at, self.follows = match.end(), False
            return self.take_value(match.group(1))
        else:
            return self.take_value(field)
        return None

    def open_group(self, field: str | None) -> None:
        """Go into parentheses, whose values are of `field` if they have one."""
        self.groups.append(field)
        self.at, self.follows = self.at + 1, False

    def close_group(self) -> None:
        """Go out of parentheses."""
        if len(self.groups) > 1:
            self.groups.pop()
        self.at, self.follows = self.at + 1, True

    def take_value(self, field: str | None) -> Spot | None:
        """A value that stands here: of `field`, or of none."""
        text, start = self.text, self.at
        if text[start : start + 1] == "(" and self.caret > start:
            self.open_group(field)
            return None
        if match := _PARAMETER.match(text, start):
            return self.take_part("parameter", match.end(), text[start + 1 : self.caret], field)
        if text[start : start + 1] == '"':
            return self.take_phrase(field)
        if text[start : start + 1] in ("[", "{", "<", ">", "("):
            match = RANGE.match(text, start) or COMPARE.match(text, start)
            return self.take_part("nothing", match.end() if match else max(start + 1, len(text)), "", field)
        match = WORD.match(text, start)
        what: What = "value" if field else "word"
        if match is None and start < self.caret:
            self.at, self.follows = start + (not text[start].isspace()), True
            return None
        return self.take_part(what, match.end() if match else start, unescape(text[start : self.caret]), field)

    def take_phrase(self, field: str | None) -> Spot | None:
        """Take a phrase, or what is to become one, or say that the caret is in it."""
        text, start = self.text, self.at
        match = PHRASE.match(text, start)
        # Of a phrase without its end only what is before the caret, and the word the caret is in, is taken for meant.
        end = match.end() if match else _end(_REST_OF_WORD, text, max(self.caret, start + 1))
        inside = text[start + 1 : min(self.caret, end - 1 if match else end)]
        return self.take_part("value" if field else "word", end, unescape(inside), field)

    def take_part(self, what: What, end: int, prefix: str, field: str | None) -> Spot | None:
        """Go on behind a part, or say that the caret is in it."""
        if self.caret <= end:
            return self.build_spot(what, self.at, end, prefix, field)
        self.at, self.follows = end, True
        return None

    def build_spot(self, what: What, start: int, end: int, prefix: str = "", field: str | None = None) -> Spot:
        """A spot from `start` to `end`."""
        behind = self.text[_end(SPACE, self.text, end) :]
        followed = behind.startswith(")") or bool(OPERATOR.match(behind))
        return Spot(what, start, end, prefix, field, follows=self.follows, followed=followed)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def find_fault(text: str, position: int) -> tuple[int, int]:
    """Where the part that a fault at a position speaks of begins and ends: a name, a word, or one sign."""
    if match := FIELD.match(text, position):
        return position, match.end() - 1
    match = OPERATOR.match(text, position) or WORD.match(text, position)
    return position, match.end() if match else min(position + 1, len(text))


# --- What could stand there ------------------------------------------------------------------------------------------

_KINDS = {
    Kind.KEYWORD: "text",
    Kind.TEXT: "words",
    Kind.WILDCARD: "text",
    Kind.IP: "address",
    Kind.TIME: "time",
    Kind.INTEGER: "number",
    Kind.BOOLEAN: "true or false",
    Kind.LABELS: "text by name",
    Kind.RAW: "source record",
}
_KNOWN = {
    "event.outcome": OUTCOMES,
    "token.operation": tuple(str(operation) for operation in Operation),
}
_TIMES = (
    (">=now-1h", "in the last hour"),
    (">=now-24h", "in the last day"),
    (">=now-7d", "in the last week"),
    (">=now-30d", "in the last thirty days"),
    ("<now-1y", "more than a year ago"),
)
OPEN_NAMES = ("labels.", "raw.")  # further names stand in the events themselves


def list_names() -> Iterator[FieldName]:
    """Every field that can be searched, in the schema's order; those that no event has itself at the end."""
    for field in FIELDS:
        if field.kind is Kind.NESTED:
            for part in DISCHARGE_FIELDS:
                yield FieldName(f"{field.name}.{part}", "text", field.help)
        elif find_problem(field.name) is None:
            yield FieldName(field.name, _KINDS[field.kind], field.help)
    yield FieldName(LINEAGE.name, "token", LINEAGE.help)
    yield FieldName(pairs.FIRST_SEEN_FIELD, "text", "What had never been seen together before, in all of history")


def find_names(typed: str) -> list[FieldName]:
    """Those that somebody may mean: names that begin so first, then such of which a part does, then by their meaning."""
    typed = typed.casefold()
    if not typed:
        return list(list_names())

    def rank(name: FieldName) -> int:
        lower = name.name.casefold()
        if lower.startswith(typed):
            return 0
        if f".{typed}" in lower or lower.startswith(f"@{typed}"):
            return 1
        return 2 if typed in lower else 3 if len(typed) > 2 and typed in name.help.casefold() else 4

    return sorted((name for name in list_names() if rank(name) < 4), key=rank)


def list_known_values(field: str) -> tuple[tuple[str, str], ...] | None:
    """The values of a field that need no asking, as they are written in a query, with what they mean; None for others."""
    definition = field_of(field)
    if field == pairs.FIRST_SEEN_FIELD:
        return (pairs.ANY, "any of these"), *((pair.name, pair.label) for pair in pairs.PAIRS)
    if field in _KNOWN:
        return tuple((value, "") for value in _KNOWN[field])
    if definition is not None and definition.kind is Kind.BOOLEAN:
        return ("true", ""), ("false", "")
    if definition is not None and definition.kind is Kind.TIME:
        return _TIMES
    return None


def asked_of_the_trail(field: str) -> str | None:
    """The field whose values in the trail can stand here; None where none can be found."""
    definition = None if find_problem(field) else field_of(field)
    if (
        definition is None
        or list_known_values(field) is not None
        or definition.kind is Kind.TEXT
        or field in ("labels", "raw")
    ):
        return None
    return "token.id" if definition is LINEAGE else field
