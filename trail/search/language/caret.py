"""What somebody is typing at the caret, and what could stand there: by the grammar of the language, without asking the trail.

spot("user.id:al", 10) is a value of user.id that begins with `al`; in "a |" it is a word, before which AND may come.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from trail import pairing
from trail.schema import DISCHARGE_FIELDS, FIELDS, LINEAGE, OUTCOMES, Kind, Operation, field_of
from trail.search.language import COMPARE, FIELD, OPERATOR, PHRASE, RANGE, SPACE, WORD, searchable
from trail.search.quoting import unescaped

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
class Name:
    """A field that can be searched, as a list of fields shows it."""

    name: str
    kind: str
    help: str


def spot(text: str, caret: int) -> Spot:
    """What is being typed at `caret`. Any text will do, also one that is not understood yet."""
    return _Scanner(text, min(max(caret, 0), len(text))).look()


class _Scanner:
    """Goes over the text as the parser does, but never stops at a fault; ends where the caret is."""

    def __init__(self, text: str, caret: int) -> None:
        self.text, self.caret = text, caret
        self.at = 0
        self.groups: list[str | None] = [None]
        self.follows = False

    def look(self) -> Spot:
        while True:
            self.at = _end(SPACE, self.text, self.at)
            if self.at >= self.caret:
                field = self.groups[-1]
                return self.found("value" if field else "word", self.caret, self.caret, field=field)
            if (found := self.one()) is not None:
                return found

    def one(self) -> Spot | None:
        """Take what stands here, or say that the caret is in it."""
        text, start, field = self.text, self.at, self.groups[-1]
        if match := OPERATOR.match(text, start):
            if self.caret <= match.end():
                return self.found("word" if field is None else "value", start, match.end(), match.group(), field)
            self.at, self.follows = match.end(), False
        elif text[start] in "-!+" and text[start + 1 : start + 2].strip():
            self.at, self.follows = start + 1, False
        elif text[start] == "(":
            self.open(field)
        elif text[start] == ")":
            self.close()
        elif field is None and (match := FIELD.match(text, start)):
            if self.caret < match.end():
                return self.found("field", start, match.end(), text[start : self.caret])
            self.at, self.follows = match.end(), False
            return self.value(match.group(1))
        else:
            return self.value(field)
        return None

    def open(self, field: str | None) -> None:
        self.groups.append(field)
        self.at, self.follows = self.at + 1, False

    def close(self) -> None:
        if len(self.groups) > 1:
            self.groups.pop()
        self.at, self.follows = self.at + 1, True

    def value(self, field: str | None) -> Spot | None:
        """A value that stands here: of `field`, or of none."""
        text, start = self.text, self.at
        if text[start : start + 1] == "(" and self.caret > start:
            self.open(field)
            return None
        if match := _PARAMETER.match(text, start):
            return self.take("parameter", match.end(), text[start + 1 : self.caret], field)
        if text[start : start + 1] == '"':
            return self.phrase(field)
        if text[start : start + 1] in ("[", "{", "<", ">", "("):
            match = RANGE.match(text, start) or COMPARE.match(text, start)
            return self.take("nothing", match.end() if match else max(start + 1, len(text)), "", field)
        match = WORD.match(text, start)
        what: What = "value" if field else "word"
        if match is None and start < self.caret:
            self.at, self.follows = start + (not text[start].isspace()), True
            return None
        return self.take(what, match.end() if match else start, unescaped(text[start : self.caret]), field)

    def phrase(self, field: str | None) -> Spot | None:
        text, start = self.text, self.at
        match = PHRASE.match(text, start)
        # Of a phrase without its end only what is before the caret, and the word the caret is in, is taken for meant.
        end = match.end() if match else _end(_REST_OF_WORD, text, max(self.caret, start + 1))
        inside = text[start + 1 : min(self.caret, end - 1 if match else end)]
        return self.take("value" if field else "word", end, unescaped(inside), field)

    def take(self, what: What, end: int, prefix: str, field: str | None) -> Spot | None:
        if self.caret <= end:
            return self.found(what, self.at, end, prefix, field)
        self.at, self.follows = end, True
        return None

    def found(self, what: What, start: int, end: int, prefix: str = "", field: str | None = None) -> Spot:
        behind = self.text[_end(SPACE, self.text, end) :]
        followed = behind.startswith(")") or bool(OPERATOR.match(behind))
        return Spot(what, start, end, prefix, field, follows=self.follows, followed=followed)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def faulty(text: str, position: int) -> tuple[int, int]:
    """Where the part that a fault at a position speaks of begins and ends: a name, a word, or one sign."""
    if match := FIELD.match(text, position):
        return position, match.end() - 1
    match = OPERATOR.match(text, position) or WORD.match(text, position)
    return position, match.end() if match else min(position + 1, len(text))


# --- What could stand there ------------------------------------------------------------------------------------------

_KINDS = {
    Kind.KEYWORD: "text", Kind.TEXT: "words", Kind.WILDCARD: "text", Kind.IP: "address", Kind.TIME: "time",
    Kind.INTEGER: "number", Kind.BOOLEAN: "true or false", Kind.LABELS: "text by name", Kind.RAW: "source record",
}  # fmt: skip
_KNOWN = {
    "event.outcome": OUTCOMES,
    "token.operation": tuple(str(operation) for operation in Operation),
}
_TIMES = (
    (">=now-1h", "in the last hour"), (">=now-24h", "in the last day"), (">=now-7d", "in the last week"),
    (">=now-30d", "in the last thirty days"), ("<now-1y", "more than a year ago"),
)  # fmt: skip
OPEN_NAMES = ("labels.", "raw.")  # further names stand in the events themselves


def names() -> Iterator[Name]:
    """Every field that can be searched, in the schema's order; those that no event has itself at the end."""
    for field in FIELDS:
        if field.kind is Kind.NESTED:
            for part in DISCHARGE_FIELDS:
                yield Name(f"{field.name}.{part}", "text", field.help)
        elif searchable(field.name) is None:
            yield Name(field.name, _KINDS[field.kind], field.help)
    yield Name(LINEAGE.name, "token", LINEAGE.help)
    yield Name(pairing.FIELD, "text", "What had never been seen together before, in all of history")


def names_like(typed: str) -> list[Name]:
    """Those that somebody may mean: names that begin so first, then such of which a part does, then by their meaning."""
    typed = typed.casefold()
    if not typed:
        return list(names())

    def rank(name: Name) -> int:
        lower = name.name.casefold()
        if lower.startswith(typed):
            return 0
        if f".{typed}" in lower or lower.startswith(f"@{typed}"):
            return 1
        return 2 if typed in lower else 3 if len(typed) > 2 and typed in name.help.casefold() else 4

    return sorted((name for name in names() if rank(name) < 4), key=rank)


def known_values(field: str) -> tuple[tuple[str, str], ...] | None:
    """The values of a field that need no asking, as they are written in a query, with what they mean; None for others."""
    known = field_of(field)
    if field == pairing.FIELD:
        return (pairing.ANY, "any of these"), *((one.name, one.label) for one in pairing.PAIRINGS)
    if field in _KNOWN:
        return tuple((value, "") for value in _KNOWN[field])
    if known is not None and known.kind is Kind.BOOLEAN:
        return ("true", ""), ("false", "")
    if known is not None and known.kind is Kind.TIME:
        return _TIMES
    return None


def asked_of_the_trail(field: str) -> str | None:
    """The field whose values in the trail can stand here; None where none can be found."""
    known = None if searchable(field) else field_of(field)
    if known is None or known_values(field) is not None or known.kind is Kind.TEXT or field in ("labels", "raw"):
        return None
    return "token.id" if known is LINEAGE else field
