"""Finds the one change with which a query that is not understood would be: a sign that is closed, a name that was meant."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trail.errors import BadQuery
from trail.search.language.parser import FIELD, find_closest_field, find_problem, parse

_WORD = re.compile(r"\S+")
_NAME_AT_THE_END = re.compile(FIELD.pattern + "$")
_LAST_OPERATOR = re.compile(r"(?:^|\s+)(?:AND|OR|NOT|[-+!])\s*$")


@dataclass(frozen=True, slots=True)
class Repair:
    """What is done, in words for a link, and the whole text as it is then."""

    words: str
    text: str


def find_repair(text: str, position: int) -> Repair | None:
    """A change that mends a fault at a position, if there is one after which the query is understood."""
    return next((repair for repair in _propose(text, position) if _is_understood(repair.text)), None)


def _propose(text: str, position: int) -> Iterator[Repair]:
    if (field := FIELD.match(text, position)) and find_problem(name := field.group(1)):
        if close := find_closest_field(name):
            yield Repair(f"Use {close}", text[:position] + close + text[position + len(name) :])
        word = _WORD.match(text, position)
        end = word.end() if word else field.end()
        quoted = text[position:end].replace("\\", "\\\\").replace('"', '\\"')
        yield Repair("Search for it as text", f'{text[:position]}"{quoted}"{text[end:]}')
    match text[position : position + 1]:
        case "(":
            yield Repair("Close it", f"{text})")
        case '"':
            yield Repair("Close it", f'{text}"')
        case ")":
            yield Repair("Leave it out", text[:position] + text[position + 1 :])
    if (name := _NAME_AT_THE_END.search(text)) and position == len(text):
        yield Repair(f"Any {name.group(1)}", f"{text}*")
    if shorter := _LAST_OPERATOR.sub("", text):
        yield Repair("Leave the last word out", shorter)
    if text[position : position + 1] in ("~", "^"):
        yield Repair("Leave it out", text[:position] + re.sub(r"^[~^][\d.]*", "", text[position:]))


def _is_understood(text: str) -> bool:
    try:
        parse(text)
    except BadQuery:
        return False
    return True
