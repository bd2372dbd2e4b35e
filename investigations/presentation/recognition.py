"""Tells by its shape what somebody typed or pasted, before anything is asked: an identifier of which kind, or a search."""

import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from trail.errors import BadQuery
from trail.questions.indicator_list import parse_indicators
from trail.search.language.parser import Term, parse

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_TOKEN = re.compile(
    r"(?:tok|token|key)[_-]\S+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
)
_USER = re.compile(r"(?:usr|user|u)[_-]\S+", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@:]+@[^\s@:]+\.[^\s@:]+")
_EVENT = re.compile(r"(?:evt|event)[_-]\S+", re.IGNORECASE)
_SEARCH = re.compile(r"\s(?:AND|OR|NOT)\s|^NOT\s|^[\w.]+:\S|^\"|^\(")


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a text looks like, in words, the field it would stand in, and its value as the trail writes it.

    No field where it looks like a search, and no words where it could be anything.
    """

    words: str
    field: str
    value: str

    @property
    def is_certain(self) -> bool:
        """Whether nothing else is written like this."""
        return self.field in ("source.ip", "token.fingerprint") or self.words == "a search"


def recognise(text: str) -> Recognised:
    """What the text looks like. Asks nobody."""
    if network := _read_network(text):
        return network
    if _SHA256.fullmatch(text):
        return Recognised("a fingerprint or digest", "token.fingerprint", text.lower())
    for words, field, shape in (
        ("a token", "token.id", _TOKEN),
        ("a user", "user.id", _USER),
        ("an e-mail address", "user.email", _EMAIL),
        ("an event", "event.id", _EVENT),
    ):
        if shape.fullmatch(text):
            return Recognised(words, field, text)
    return Recognised("a search" if _is_search(text) else "", "", text)


def _read_network(text: str) -> Recognised | None:
    """An address or a network, written as reports write them too: `1.2.3[.]4`."""
    if any(letter.isspace() for letter in text) or not any(letter in text for letter in ".:"):
        return None
    value = next((indicator.value for indicator in parse_indicators(text).indicators), "")
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return None
    if network.num_addresses > 1:
        return Recognised("a network", "source.ip", value)
    return Recognised("an address", "source.ip", str(ip_address(value)))


def _is_search(text: str) -> bool:
    if not _SEARCH.search(text):
        return False
    try:
        clause = parse(text)
    except BadQuery:
        return False
    return not (isinstance(clause, Term) and clause.field is None)
