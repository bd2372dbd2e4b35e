"""Takes values out of events and texts: the fields of a profile, and their values wherever else they stand."""

import hmac
import html
import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar, cast
from urllib.parse import quote

import orjson

from core.errors import Refused
from investigations.models import RedactionProfile
from investigations.presentation.cells import make_visible
from investigations.redaction.names import NameIndex
from trail.documents import flatten
from trail.schema import BY_NAME, Kind

Value = TypeVar("Value")

# What may be redacted, and what a pseudonym of it is called: the same value in all fields of one kind has the same one.
KINDS = {
    "user.id": "user", "user.name": "user", "user.full_name": "user", "user.email": "user", "organization.id": "organisation",
    "organization.name": "organisation", "source.ip": "address", "source.address": "address", "host.name": "host",
    "service.name": "service", "user_agent.original": "client", "url.path": "path", "url.domain": "host",
    "resource.id": "resource",
    "resource.name": "resource", "token.id": "token", "token.fingerprint": "fingerprint",
    "token.parent_fingerprint": "fingerprint", "token.key_id": "key", "trace.id": "trace", "http.request.id": "request",
    "source.geo.city_name": "place", "source.geo.region_name": "place", "event.reason": "reason",
}  # fmt: skip
# What tells who somebody is, the one that is the same wherever they go first.
PERSON = ("user.id", "user.email", "user.full_name", "user.name")
# With its id, which nobody can guess, an event's digest would let anybody test a guess of what is masked in it.
ALWAYS = {"event.id": RedactionProfile.PSEUDONYM}
_KIND_OF_ID = "event"
MASKED, LEFT_OUT = "[masked]", "[left out]"
# A source record and a signature say in ways of their own what is masked; a place is as good as an address.
_DROPPED = ("raw", "signature")
MOST_VALUES = 300_000
_NOBODY = NameIndex()
_SHORTEST = 4  # characters: what is shorter is taken out of texts only where it stands as a word
_DIGITS = 16
_REMEMBERED = 50_000
# So many characters of a value stand in what is said of who did what in a case.
_CUT = 100
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#+.!|~-]")
_BLANKS = dict.fromkeys(map(ord, "\t\n\v\f\r\x85\xa0\u2028\u2029\u202f"), " ")
_TIMES = frozenset(name for name, field in BY_NAME.items() if field.kind is Kind.TIME)


class Redactor:
    """Redacts what belongs to one case or run. First `collect` every event, then redact: a value may stand in another event.

    `collect` raises Refused for more than MOST_VALUES different values. `knows_ids` is whether ids of events are looked for in
    texts too.
    """

    def __init__(self, rules: Mapping[str, str], key: bytes, *, knows_ids: bool = True) -> None:
        self.rules = {**rules, **ALWAYS}
        self._learnt = frozenset(self.rules if knows_ids else rules)
        self._key = key
        self._known: dict[str, str] = {}
        self._spelled: dict[str, str] = {}  # in small letters, each value in every spelling that a text may have
        self._lengths: dict[str, list[int]] = {}  # of those that begin with these characters, the longest first
        self._words: dict[str, str] = {}
        self._names = NameIndex()
        self._replace = lru_cache(maxsize=_REMEMBERED)(self._replace_values)

    def collect(self, document: Mapping[str, Any]) -> None:
        """Learn the values of the fields in an event."""
        values = dict(flatten(dict(document)))
        for name, value in values.items():
            if name in self._learnt:
                self.learn(name, value if isinstance(value, list) else [value])
        if self.hides_people:
            self.learn_person({name: str(values[name]) for name in PERSON if values.get(name)})

    @property
    def hides_people(self) -> bool:
        """Whether the profile takes out who somebody is, by one field or another."""
        return not self.rules.keys().isdisjoint(PERSON)

    def learn_person(self, person: Mapping[str, str]) -> None:
        """Learn who somebody is, by the names of fields: whatever they are called, and however that is written in a text.

        Where the profile takes out one of these, a text names the person by none of them; what stands for one stands for all.
        """
        ruled = [name for name in PERSON if name in self.rules]
        if not ruled or not any(person.values()):
            return
        field = next((name for name in ruled if person.get(name)), ruled[0])
        substitute = self._substitute(field, person.get(field) or next(filter(None, person.values())))
        for name, value in person.items():
            if not value:
                continue
            local = value.partition("@")[0] if name == "user.email" else value
            is_spoken = name in ("user.full_name", "user.email") or (name == "user.name" and " " in value)
            self._names.learn(local, substitute, has_parts=is_spoken)
            if value not in self._known:
                self._add(value, self._substitute(name, value) if name in self.rules else substitute)
        self._replace.cache_clear()

    def learn(self, field: str, values: Iterable[Any]) -> None:
        """Learn values of a field, of those that the profile names."""
        for value in values:
            text = str(value)
            if text and field in self.rules and text not in self._known:
                self._add(text, self._substitute(field, text))

    def leave_out(self, texts: Iterable[str]) -> None:
        """Leave texts out wherever they stand."""
        for text in texts:
            if text not in self._known:
                self._add(text, LEFT_OUT)

    def _add(self, text: str, substitute: str) -> None:
        if len(self._known) >= MOST_VALUES:
            raise Refused(f"There are more than {MOST_VALUES:,} values to redact; redact fewer fields, or export less.")
        self._known[text] = substitute
        for spelling in {_fold(each) for each in _spell(text) if each}:
            if len(spelling) < _SHORTEST:
                self._words.setdefault(spelling, substitute)
                continue
            self._spelled.setdefault(spelling, substitute)
            lengths = self._lengths.setdefault(spelling[:_SHORTEST], [])
            if len(spelling) not in lengths:
                lengths.append(len(spelling))
                lengths.sort(reverse=True)
        self._replace.cache_clear()

    def _substitute(self, field: str, text: str) -> str:
        """What stands for a value: from here nobody comes back to it without the key."""
        if self.rules[field] == RedactionProfile.MASK:
            return MASKED
        kind = KINDS.get(field, _KIND_OF_ID)
        digest = hmac.digest(self._key, f"{kind}\0{text}".encode("utf-8", "surrogatepass"), "sha256").hex()
        return f"{kind}-{digest[:_DIGITS]}"

    def redact_value(self, field: str, value: str) -> str:
        """What stands for a value of a field, whether it was learnt or not; the value itself of a field that stays."""
        return self._substitute(field, value) if field in self.rules else self.redact_text(value)

    def redact_text(self, text: str) -> str:
        """A text without the values that were learnt, in whichever letters they stand."""
        return self._replace(text, self._names)

    def _replace_values(self, text: str, names: NameIndex) -> str:
        folded, start, place = _fold(text), 0, 0
        parts: list[str] = []
        if folded in self._words:
            return self._words[folded]
        while place < len(text):
            match = self._find(folded, place)
            if match is None:
                place += 1
                continue
            length, substitute = match
            parts += [names.replace(text[start:place]), substitute]
            start = place = place + length
        return "".join([*parts, names.replace(text[start:])])

    def _find(self, folded: str, place: int) -> tuple[int, str] | None:
        """The longest value that stands at a place of a text, and what stands for it."""
        for length in self._lengths.get(folded[place : place + _SHORTEST], ()):
            if substitute := self._spelled.get(folded[place : place + length]):
                return length, substitute
        if self._words and (place == 0 or not folded[place - 1].isalnum()):
            for length in range(1, _SHORTEST):
                word = folded[place : place + length]
                if word in self._words and not folded[place + length : place + length + 1].isalnum():
                    return length, self._words[word]
        return None

    def redact_document(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """An event without what the profile takes out; without source record and signature too."""
        return cast(dict[str, Any], self._redact_member({**document}, ""))

    def _redact_member(self, value: Any, path: str) -> Any:
        if isinstance(value, dict):
            return {
                self.redact_text(name) if path == "labels" else name: self._redact_member(
                    member, f"{path}.{name}".lstrip(".")
                )
                for name, member in value.items()
                if name not in _DROPPED or path
            }
        if path == "event.original":
            return LEFT_OUT
        if path in self.rules:
            many = [self._substitute(path, str(each)) for each in value] if isinstance(value, list) else None
            return many if many is not None else self._substitute(path, str(value))
        return value if path in _TIMES else self.redact(value)

    def redact_statement(self, statement: Mapping[str, Any]) -> dict[str, Any]:
        """A statement without what was asked, by whoever it was: that may name who stands in no event."""
        redacted = {**self.redact(dict(statement)), "query": {"words": LEFT_OUT, "url": {}}, "left_out": LEFT_OUT}
        if "rule" in redacted:
            redacted["rule"] |= {"name": LEFT_OUT, "words": LEFT_OUT, "search": {}}
            for event in redacted["events"]:
                event["id"] = self._substitute("event.id", event["id"])
        return redacted

    def redact(self, value: Value) -> Value:
        """The same with every text in it redacted: texts, lists, objects and data classes in each other."""
        return cast(Value, self._redact_any(value))

    def _redact_any(self, value: Any) -> Any:
        match value:
            case str():
                return self.redact_text(value)
            case dict():
                # A key may be a value of an event, and is no text of people.
                return {
                    self._replace(name, _NOBODY) if isinstance(name, str) else name: self._redact_any(member)
                    for name, member in value.items()
                }
            case list():
                return [self._redact_any(each) for each in value]
            case tuple() if not hasattr(value, "_fields"):
                return tuple(self._redact_any(each) for each in value)
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{each.name: self._redact_any(getattr(value, each.name)) for each in fields(value)})
        return value


def _spell(text: str) -> Iterator[str]:
    """A text as it may stand in another: in a page, in an address, in JSON, in Markdown, cut, in other forms of Unicode, and an
    address of IPv6 with all of its digits."""
    yield from (text, html.escape(text), quote(text, safe=""), quote(text), make_visible(text), _escape(text))
    yield _MARKUP.sub(r"\\\g<0>", text)
    yield from (unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC"))
    yield text[:_CUT]
    with suppress(ValueError):
        address = ipaddress.ip_address(text)
        yield from (address.exploded, address.compressed)


def _fold(text: str) -> str:
    """A text in small letters and with a space for each blank, place by place the same: where a line was broken is no matter."""
    small = text.lower()
    if len(small) != len(text):
        small = "".join(low if len(low := each.lower()) == 1 else each for each in text)
    return small.translate(_BLANKS)


def _escape(text: str) -> str:
    """A text as it stands in JSON."""
    try:
        return orjson.dumps(text).decode()[1:-1]
    except orjson.JSONEncodeError:
        return text
