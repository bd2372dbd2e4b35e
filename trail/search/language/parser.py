"""Parses what a person types: Lucene's query syntax over the schema, as far as it is safe to run.

    user.id:alice AND NOT source.ip:10.0.0.0/8      token.id:$token (event.outcome:failure OR "no such key")
    @timestamp:[2026-11-01 TO 2026-11-24}           event.sequence:>=40      user.email:*      url.path:/v1/*
    user.id:"two words"      a\\:b, a\\*b: the sign itself      \\u202e: a character by its number

Words beside each other must all hold. A `$name` stands for a parameter: a value, never text put into the query.
Syntax: https://lucene.apache.org/core/10_0_0/queryparser/org/apache/lucene/queryparser/classic/package-summary.html.
Regular expressions, fuzzy terms and boosts are refused: they cost without bound, or mean nothing in an audit.
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from trail.errors import BadQuery
from trail.pairs import FIRST_SEEN_FIELD
from trail.schema import BY_NAME, DISCHARGE_FIELDS, field_of
from trail.search.language.escapes import unescape, unescape_pattern

MAX_LENGTH = 8_000
MAX_CLAUSES = 256
MAX_DEPTH = 24
REMEMBERED = 64  # texts; a page has one


@dataclass(frozen=True, slots=True)
class Term:
    """A value a field holds; no field means anywhere. `pattern` if `*` and `?` stand for other characters."""

    field: str | None
    value: str
    position: int
    phrase: bool = False
    pattern: bool = False


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A place for values that come beside the text."""

    field: str | None
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Range:
    """Values between two ends; None is open."""

    field: str
    low: str | None
    high: str | None
    with_low: bool
    with_high: bool
    position: int


@dataclass(frozen=True, slots=True)
class Exists:
    """That a field has any value."""

    field: str
    position: int


@dataclass(frozen=True, slots=True)
class Not:
    """That a clause does not hold."""

    clause: "Clause"


@dataclass(frozen=True, slots=True)
class All:
    """That each of some clauses holds; of none, that an event is there."""

    clauses: tuple["Clause", ...]


@dataclass(frozen=True, slots=True)
class Any_:
    """That one of some clauses holds."""

    clauses: tuple["Clause", ...]


Clause = Term | Placeholder | Range | Exists | Not | All | Any_

_UNSENDABLE = re.compile("[\\x00\\ud800-\\udfff]")
# The words of the language; completion reads a text by the same.
SPACE = re.compile(r"\s*")
FIELD = re.compile(r"([@A-Za-z_][A-Za-z0-9_@.\-]*):")
WORD = re.compile(r'(?:\\.|[^\s()"\[\]{}:\\]|:(?=\S))+')
PHRASE = re.compile(r'"((?:\\.|[^"\\])*)"')
PARAMETER = re.compile(r"\$([a-z][a-z0-9_]*)")
RANGE = re.compile(r'([\[{])\s*("(?:\\.|[^"\\])*"|[^\s\]}]+)\s+TO\s+("(?:\\.|[^"\\])*"|[^\s\]}]+)\s*([\]}])')
COMPARE = re.compile(r'(>=|<=|>|<)\s*("(?:\\.|[^"\\])*"|[^\s()]+)')
OPERATOR = re.compile(r"(AND|OR|NOT|TO)(?=$|[\s()])|(&&|\|\|)")


@lru_cache(maxsize=REMEMBERED)
def parse(text: str) -> Clause | None:
    """The clause a text means, None for an empty one. Raises BadQuery with the position of the fault.

    A page asks several things of one search, and clauses never change, so the newest are remembered.
    """
    if len(text) > MAX_LENGTH:
        raise BadQuery(f"The query is longer than {MAX_LENGTH} characters.", MAX_LENGTH)
    if unsendable := _UNSENDABLE.search(text):
        raise BadQuery("A query cannot hold a NUL character nor half of a character.", unsendable.start())
    return _Parser(text).parse_whole()


def list_placeholders(text: str) -> tuple[str, ...]:
    """The names of a text's parameters, each once, in order. Raises BadQuery."""
    names: dict[str, None] = {}
    stack: list[Clause] = [clause] if (clause := parse(text)) else []
    while stack:
        match stack.pop():
            case Placeholder(name=name):
                names[name] = None
            case Not(clause=inner):
                stack.append(inner)
            case All(clauses=inner_clauses) | Any_(clauses=inner_clauses):
                stack.extend(reversed(inner_clauses))
    return tuple(names)


class _Parser:
    """Recursive descent over the text; `at` is where it stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.clauses = 0

    def parse_whole(self) -> Clause | None:
        """The clause of the whole text; None for an empty one."""
        self.skip_space()
        if self.at == len(self.text):
            return None
        clause = self.parse_either(None)
        if self.at < len(self.text):
            raise BadQuery(f"Did not expect {self.text[self.at]!r} here.", self.at)
        return clause

    def skip_space(self) -> None:
        """Go on to the next character that is no space."""
        match = SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def peek_operator(self) -> str | None:
        """The operator at this place, not taken."""
        match = OPERATOR.match(self.text, self.at)
        return {"&&": "AND", "||": "OR"}.get(match.group(), match.group()) if match else None

    def take_operator(self) -> None:
        """Go on behind the operator that stands here."""
        match = OPERATOR.match(self.text, self.at)
        if match:
            self.at = match.end()
        self.skip_space()

    def parse_either(self, field: str | None) -> Clause:
        """Clauses joined by OR, of which one must hold."""
        clauses = [self.parse_every(field)]
        while self.peek_operator() == "OR":
            self.take_operator()
            clauses.append(self.parse_every(field))
        return clauses[0] if len(clauses) == 1 else Any_(tuple(clauses))

    def parse_every(self, field: str | None) -> Clause:
        """Clauses joined by AND or by nothing, all of which must hold."""
        clauses = [self.parse_clause(field)]
        while self.at < len(self.text) and self.text[self.at] != ")" and self.peek_operator() != "OR":
            if self.peek_operator() == "AND":
                self.take_operator()
            clauses.append(self.parse_clause(field))
        return clauses[0] if len(clauses) == 1 else All(tuple(clauses))

    def parse_clause(self, field: str | None) -> Clause:
        """One clause with the signs before it: `NOT`, `-`, `+`."""
        self.skip_space()
        start = self.at
        if self.at == len(self.text):
            raise BadQuery("The query ends where a word was expected.", start)
        self.clauses += 1
        if self.clauses > MAX_CLAUSES:
            raise BadQuery(f"The query has more than {MAX_CLAUSES} parts; upload a list instead.", start)
        operator = self.peek_operator()
        if operator == "NOT" or (self.text[start] in "-!" and self.text[start + 1 : start + 2].strip()):
            if operator:
                self.take_operator()
            else:
                self.at += 1
            return self.parse_deeper(start, lambda: Not(self.parse_clause(field)))
        if operator:
            raise BadQuery(f"{operator} needs something before it and after it.", start)
        if self.text[start] == "+" and self.text[start + 1 : start + 2].strip():
            self.at += 1
            return self.parse_deeper(start, lambda: self.parse_clause(field))
        if self.text[start] == "(":
            return self.parse_group(field)
        clause = self.parse_named() if field is None and FIELD.match(self.text, start) else self.parse_value(field)
        self.skip_space()
        return clause

    def parse_deeper(self, start: int, then: Callable[[], "Clause"]) -> Clause:
        """What is nested one deeper. Raises BadQuery beyond MAX_DEPTH."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadQuery(f"The query is nested deeper than {MAX_DEPTH}.", start)
        clause = then()
        self.depth -= 1
        return clause

    def parse_group(self, field: str | None) -> Clause:
        """What stands in parentheses."""
        start = self.at
        self.at += 1
        self.skip_space()
        clause = self.parse_deeper(start, lambda: self.parse_either(field))
        if self.text[self.at : self.at + 1] != ")":
            raise BadQuery("This opening parenthesis is never closed.", start)
        self.at += 1
        self.skip_space()
        return clause

    def parse_named(self) -> Clause:
        """A field, its colon, and the value or the group behind it."""
        match = FIELD.match(self.text, self.at)
        if match is None:
            raise BadQuery("A field name was expected.", self.at)
        name, start = match.group(1), self.at
        problem = find_problem(name)
        if problem is not None:
            raise BadQuery(problem, start)
        self.at = match.end()
        if self.text[self.at : self.at + 1] == "(":
            return self.parse_group(name)
        if self.at == len(self.text) or self.text[self.at].isspace():
            raise BadQuery(f"{name}: is followed by nothing; write a value, or * for any.", self.at)
        return self.parse_value(name)

    def parse_value(self, field: str | None) -> Clause:
        """A parameter, a phrase, a range or a word."""
        start, text = self.at, self.text
        if match := PARAMETER.match(text, start):
            self.at = match.end()
            return Placeholder(field, match.group(1), start)
        if match := PHRASE.match(text, start):
            self.at = match.end()
            return Term(field, unescape(match.group(1)), start, phrase=True)
        if text[start] in "[{" or text[start] in "<>":
            return self.parse_range(field)
        if text[start] == '"':
            raise BadQuery("This quotation mark is never closed.", start)
        if text[start] == "/" and field is None:
            raise BadQuery("Regular expressions are not run; use * and ?, or put the text in quotes.", start)
        match = WORD.match(text, start)
        if match is None:
            raise BadQuery(f"Did not expect {text[start]!r} here.", start)
        self.at = match.end()
        return self.parse_word(field, match.group(), start)

    def parse_word(self, field: str | None, word: str, start: int) -> Clause:
        """A word as what it means: a pattern, whether there is any value, or a value."""
        if tail := re.search(r"(?<!\\)[~^]\d*(\.\d+)?$", word):
            raise BadQuery("Fuzzy terms (~) and boosts (^) are not used here.", start + tail.start())
        if word == "*":
            if field is None:
                return All(())
            return Exists(field, start)
        if re.search(r"(?<!\\)[*?]", word):
            # The escapes stay: bodies and OpenSearch's wildcard query read `\*` alike.
            return Term(field, unescape_pattern(word), start, pattern=True)
        return Term(field, unescape(word), start)

    def parse_range(self, field: str | None) -> Clause:
        """Values between two ends, or on one side of one."""
        start = self.at
        if field is None:
            raise BadQuery("A range needs a field: @timestamp:[2026-11-01 TO 2026-11-24].", start)
        if match := RANGE.match(self.text, start):
            self.at = match.end()
            opening, low, high, closing = match.groups()
            return Range(field, _end(low), _end(high), opening == "[", closing == "]", start)
        if match := COMPARE.match(self.text, start):
            self.at = match.end()
            sign, end = match.groups()
            inclusive = sign.endswith("=")
            if sign[0] == ">":
                return Range(field, _end(end), None, inclusive, False, start)
            return Range(field, None, _end(end), False, inclusive, start)
        raise BadQuery("A range is written [low TO high] or {low TO high}.", start)


def find_problem(name: str) -> str | None:
    """Why a field cannot be searched, as a sentence; None if it can."""
    if name == FIRST_SEEN_FIELD:
        return None
    if name.startswith("token.discharges."):
        return None if name.removeprefix("token.discharges.") in DISCHARGE_FIELDS else f"There is no field {name!r}."
    field = field_of(name)
    if field is None:
        close = find_closest_field(name)
        return f"There is no field {name!r}; {f'did you mean {close}?' if close else 'put text that has a colon in quotes.'}"
    if field.kind == "opaque":
        return f"{name} is kept exactly but is not searchable; search raw.… instead."
    if field.kind in ("geo_point", "nested"):
        return f"{name} cannot be searched as a whole."
    return None


def find_closest_field(name: str) -> str | None:
    """The field whose name is most like this one; None where none is near."""
    return next(iter(difflib.get_close_matches(name, BY_NAME, 1, 0.7)), None)


def _end(text: str) -> str | None:
    return None if text == "*" else unescape(text.strip('"'))
