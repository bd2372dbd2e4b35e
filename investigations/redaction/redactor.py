"""Takes values out of events and texts: the fields of a profile, and their values wherever else they stand."""

import hmac
import html
import ipaddress
import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, TypeVar, cast
from urllib.parse import quote

import orjson

from core.errors import Refused
from investigations.models import RedactionProfile
from investigations.presentation.cells import make_visible
from investigations.redaction.letters import MARKS, goes_on, is_unspaced
from investigations.redaction.names import NameIndex
from trail.documents import flatten
from trail.schema import BY_NAME, OUTCOMES, Kind, Operation

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
_TOO_MANY = f"There are more than {MOST_VALUES:,} values to redact; redact fewer fields, or export less."
_SHORTEST = 4  # characters: what is shorter is taken out of texts only where it stands as a word
_DIGITS = 16
_REMEMBERED = 50_000
# So many characters of a value stand in what is said of who did what in a case.
_CUT = 100
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#+.!|~-]")
_BLANKS = dict.fromkeys(map(ord, "\t\n\v\f\r\x85\xa0\u2028\u2029\u202f"), " ")
_TIMES = frozenset(name for name, field in BY_NAME.items() if field.kind is Kind.TIME)
# Words of the schema, which are nobody's name even where somebody is called so.
_OF_SCHEMA = {"event.outcome": OUTCOMES, "event.action": tuple(Operation), "token.operation": tuple(Operation)}


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
        self._people: dict[tuple[tuple[str, str], ...], None] = {}
        self._names: NameIndex | None = None  # none until all people are known
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
        What two people are called is masked in texts, for nobody knows which of them is meant.
        """
        called = tuple((name, person[name]) for name in PERSON if person.get(name))
        if not called or not self.hides_people or called in self._people:
            return
        if len(self._people) >= MOST_VALUES:
            raise Refused(_TOO_MANY)
        for name, value in called:
            if value not in self._known:
                self._add(value, self._substitute(name, value) if name in self.rules else MASKED)
        self._people[called] = None
        self._names = None

    def _find_names(self) -> NameIndex:
        """What people are called, once all of them are known. Who has no id of their own is who has the name already."""
        if self._names is None:
            self._names, of_ids, values = NameIndex(MASKED), dict[str, str](), dict[str, str]()
            for called in sorted(self._people, key=lambda each: (each[0][0] != "user.id", -len(each))):
                person = dict(called)
                substitute = self._substitute_person(person)
                if user := person.get("user.id"):
                    substitute = of_ids.setdefault(user, substitute)
                else:
                    substitute = next((values[each] for each in person.values() if each in values), substitute)
                _learn_names(self._names, person, substitute)
                for value in person.values():
                    known = values.setdefault(value, substitute)
                    if known != substitute and "user.id" in person:
                        values[value] = MASKED
            self._settle(values, self._names)
            self._replace.cache_clear()
        return self._names

    def _substitute_person(self, person: Mapping[str, str]) -> str:
        ruled = [name for name in PERSON if name in self.rules]
        field = next((name for name in ruled if name in person), ruled[0])
        return self._substitute(field, person.get(field) or next(iter(person.values())))

    def _settle(self, values: Mapping[str, str], names: NameIndex) -> None:
        """Put in the place of each value what stands for whoever is called so."""
        for called in self._people:
            for name, value in called:
                is_ambiguous = names.is_ambiguous(value)
                if name in self.rules and not is_ambiguous:
                    continue
                substitute = self._known[value] = MASKED if is_ambiguous else values[value]
                for spelling in {_fold(each) for each in _spell(value) if each}:
                    (self._words if len(spelling) < _SHORTEST else self._spelled)[spelling] = substitute

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
            raise Refused(_TOO_MANY)
        self._known[text] = substitute
        for spelling in {_fold(each) for each in _spell(text) if each}:
            is_word = len(spelling) < _SHORTEST
            spelled = self._words if is_word else self._spelled
            spelled[spelling] = _choose(spelled.get(spelling, substitute), substitute)
            lengths = self._lengths.setdefault(spelling[:_SHORTEST], []) if not is_word else [len(spelling)]
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
        return self._replace(text, self._find_names())

    def _replace_values(self, text: str, names: NameIndex) -> str:
        folded, start, place = _fold(text), 0, 0
        parts: list[str] = []
        if folded in self._words:
            return self._known.get(text, self._words[folded])
        while place < len(text):
            match = self._find(text, folded, place)
            if match is None:
                place += 1
                continue
            length, substitute = match
            parts += [names.replace(text[start:place]), substitute]
            start = place = _skip_marks(text, place + length)
        return "".join([*parts, names.replace(text[start:])])

    def _find(self, text: str, folded: str, place: int) -> tuple[int, str] | None:
        """The longest value at a place of a text, and what stands for it: for that very value where others are spelled alike."""
        for length in self._lengths.get(folded[place : place + _SHORTEST], ()):
            if substitute := self._spelled.get(folded[place : place + length]):
                return length, self._known.get(text[place : place + length], substitute)
        for length in range(_SHORTEST - 1, 0, -1) if self._words else ():
            word = folded[place : place + length]
            if word in self._words and _stands_alone(folded, place, place + length):
                return length, self._known.get(text[place : place + length], self._words[word])
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
        return value if path in _TIMES or value in _OF_SCHEMA.get(path, ()) else self.redact(value)

    def redact_statement(self, statement: Mapping[str, Any]) -> dict[str, Any]:
        """A statement without what was asked, by whoever it was: that may name who stands in no event."""
        redacted = {
            **self.redact(dict(statement), ("format",)),
            "query": {"words": LEFT_OUT, "url": {}},
            "left_out": LEFT_OUT,
        }
        if "rule" in redacted:
            redacted["rule"] |= {"name": LEFT_OUT, "words": LEFT_OUT, "search": {}}
            for event in redacted["events"]:
                event["id"] = self._substitute("event.id", event["id"])
        return redacted

    def redact(self, value: Value, keep: Container[str] = ()) -> Value:
        """The same with every text in it redacted: texts, lists and objects in each other. `keep` names members whose texts stay,
        for they are words of a format, keys or times, and nothing that somebody wrote."""
        return cast(Value, self._redact_any(value, keep))

    def _redact_any(self, value: Any, keep: Container[str] = ()) -> Any:
        match value:
            case str():
                return self.redact_text(value)
            case dict():
                # Names of members are words of a format; those of labels, which are not, are redacted with the event.
                return {
                    name: member if name in keep and isinstance(member, str) else self._redact_any(member, keep)
                    for name, member in value.items()
                }
            case list():
                return [self._redact_any(each, keep) for each in value]
            case tuple() if not hasattr(value, "_fields"):
                return tuple(self._redact_any(each, keep) for each in value)
        return value


def _learn_names(names: NameIndex, person: Mapping[str, str], substitute: str) -> None:
    """Learn what somebody is called; of somebody without an id only what nobody is called yet."""
    for name, value in person.items():
        local = value.partition("@")[0] if name == "user.email" else value
        is_spoken = name in ("user.full_name", "user.email") or (name == "user.name" and " " in value)
        if "user.id" in person or not names.knows(local):
            names.learn(local, substitute, has_parts=is_spoken)


def _choose(known: str, substitute: str) -> str:
    """What stands for a spelling that two values have: nothing of either where they are of one kind, else the first."""
    is_alike = MASKED in (known, substitute) or known.partition("-")[0] == substitute.partition("-")[0]
    return MASKED if known != substitute and is_alike else known


def _stands_alone(text: str, start: int, stop: int) -> bool:
    """Whether what is there is no part of a longer word; two characters are much where words have no blanks between them."""
    if stop - start > 1 and is_unspaced(text[start:stop]):
        return True
    return not (start and goes_on(text[start - 1])) and not goes_on(text[stop : stop + 1])


def _skip_marks(text: str, place: int) -> int:
    """Behind the marks on what was taken out."""
    while place < len(text) and text[place] in MARKS:
        place += 1
    return place


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
