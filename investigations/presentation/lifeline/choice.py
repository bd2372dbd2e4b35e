"""Reads from an address how a lifeline is to be drawn, and writes the addresses of its other forms."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.http import urlencode

from investigations.presentation.lifeline.picture import Switch
from investigations.presentation.lifeline.words import name_zone
from trail.errors import BadQuery
from trail.search.bodies.histogram import Ends
from trail.search.bodies.lifeline import LifelineRequest
from trail.search.spec import Search
from trail.times import NotATime, resolve_time

# With more events than these the even scale is the usual one.
MANY = 1_000
_CLIENT, _PLACE = "user_agent.original", "source.geo.city_name"


@dataclass(frozen=True, slots=True)
class LaneField:
    """What a lane may stand for: a word for the address, the field, its name for many and for one, and what is named beside
    each value, by its field."""

    word: str
    field: str
    name: str
    head: str
    named: tuple[tuple[str, str], ...] = ()

    @property
    def beside(self) -> tuple[str, ...]:
        """The fields named beside each value."""
        return tuple(field for field, _ in self.named)

    @property
    def heads(self) -> tuple[str, ...]:
        """What the columns of these fields are called."""
        return tuple(head for _, head in self.named)

    @property
    def title(self) -> str:
        """What the table is of."""
        return f"{self.name}, the commonest, in the order in which they came"


_BY_CLIENT, _BY_ADDRESS, _BY_TYPE = (_CLIENT, "Client"), ("source.ip", "Address"), ("resource.type", "Kind of resource")
ADDRESSES = LaneField("addresses", "source.ip", "Addresses", "Address", (_BY_CLIENT, (_PLACE, "Place")))
CLIENTS = LaneField("clients", _CLIENT, "Clients", "Client", (_BY_ADDRESS,))
REACHED = LaneField("reached", "resource.type", "What it reached", "Kind", (("resource.id", "Resource"),))
SERVICES = LaneField("services", "service.name", "Services", "Service", (_BY_TYPE,))
ATTENUATIONS = LaneField("attenuations", "token.fingerprint", "Attenuations", "Fingerprint", (_BY_ADDRESS,))
TOKENS = LaneField("tokens", "token.id", "Tokens", "Token", (("token.kind", "Kind"),))
USERS = LaneField("users", "user.id", "Users", "User", (_BY_ADDRESS,))
RESOURCES = LaneField("resources", "resource.id", "Resources", "Resource", (_BY_TYPE,))
ORGANISATIONS = LaneField("organisations", "organization.id", "Organisations", "Organisation")
# Which lanes the lifeline of each kind of page offers, the usual ones first: by where from, with what, on which service, as whom,
# and by which token and attenuation of it, as far as the page is not of one of these itself.
LANES_OF: dict[str, tuple[LaneField, ...]] = {
    "token": (ADDRESSES, CLIENTS, SERVICES, USERS, ATTENUATIONS),
    "user": (ADDRESSES, CLIENTS, TOKENS, ATTENUATIONS, SERVICES),
    "address": (USERS, TOKENS, ATTENUATIONS, CLIENTS, SERVICES),
    "origin": (USERS, TOKENS, ADDRESSES, ATTENUATIONS, CLIENTS, SERVICES),
    "service": (USERS, ADDRESSES, TOKENS, ATTENUATIONS, CLIENTS),
    "client": (USERS, ADDRESSES, TOKENS, ATTENUATIONS, CLIENTS, SERVICES),
    "user_agent": (USERS, ADDRESSES, TOKENS, ATTENUATIONS, SERVICES),
    "organisation": (USERS, ADDRESSES, TOKENS, ATTENUATIONS, CLIENTS, SERVICES),
    "resource": (USERS, ADDRESSES, TOKENS, ATTENUATIONS, CLIENTS, SERVICES),
    "trace": (USERS, ADDRESSES, SERVICES, TOKENS, ATTENUATIONS, CLIENTS),
    "lineage": (LaneField("tokens", "token.id", "Tokens", "Token"),),
    "exposure": (REACHED, ADDRESSES, USERS, TOKENS, ATTENUATIONS, CLIENTS, SERVICES),
    "case": (TOKENS, ATTENUATIONS, ADDRESSES, USERS, CLIENTS, SERVICES),
    "search": (ADDRESSES, USERS, TOKENS, ATTENUATIONS, CLIENTS, SERVICES, RESOURCES, ORGANISATIONS),
}


@dataclass(frozen=True, slots=True)
class LifelineChoice:
    """How a lifeline is drawn: by which field, on which scale, and of which time; `typed` are the ends as they were typed.

    `others` are the words of the address that say something else and stay. Where nobody chose a scale it is the compressed one,
    or the even one where `fit` says so: `usually_even`.
    """

    lanes: LaneField
    options: tuple[LaneField, ...]
    is_compressed: bool
    start: str | None
    end: str | None
    typed: tuple[str, str]
    others: tuple[tuple[str, str], ...] = ()
    is_scale_chosen: bool = False
    usually_even: bool = False

    def fit(self, events: int) -> "LifelineChoice":
        """The same for so many events: a compressed scale of too many is all breaks."""
        if events <= MANY:
            return self
        return replace(self, usually_even=True, is_compressed=self.is_compressed and self.is_scale_chosen)

    def build_request(
        self, search: Search, *, lifecycle: Search | None = None, ends: Ends | None = None
    ) -> LifelineRequest:
        """What is asked of the trail for it."""
        return LifelineRequest(
            search, self.lanes.field, self.start, self.end, lifecycle, self.lanes.beside, ends, zone=name_zone()
        )

    def write_url(self, **changes: str) -> str:
        """The address of the same page with something changed: `lanes`, `scale`, `from` or `to`."""
        words = self.words() | changes
        if "scale" in changes:
            words["scale"] = self._name_scale(changes["scale"] != "even")
        if words.get("lanes") == self.options[0].word:
            del words["lanes"]
        return "?" + urlencode([*self.others, *((name, text) for name, text in words.items() if text)])

    def words(self) -> dict[str, str]:
        """What the address says of it, without what is usual."""
        words = {
            "lanes": "" if self.lanes == self.options[0] else self.lanes.word,
            "scale": self._name_scale(self.is_compressed),
            "from": self.typed[0],
            "to": self.typed[1],
        }
        return {name: text for name, text in words.items() if text}

    def list_hidden(self) -> tuple[tuple[str, str], ...]:
        """What a form for the time carries along, beside the time."""
        drawn = ((name, text) for name, text in self.words().items() if name in ("lanes", "scale"))
        return (*self.others, *drawn)

    def name_scales(self) -> tuple[Switch, ...]:
        """The two scales as links."""
        return (
            Switch("Compressed", self.write_url(scale=""), self.is_compressed),
            Switch("Even", self.write_url(scale="even"), not self.is_compressed),
        )

    def _name_scale(self, is_compressed: bool) -> str:
        """What the address says of a scale: nothing of the usual one."""
        if is_compressed != self.usually_even:
            return ""
        return "compressed" if is_compressed else "even"


def read_choice(
    query: Mapping[str, str], options: tuple[LaneField, ...], now: datetime, *, others: tuple[str, ...] = ()
) -> LifelineChoice:
    """What an address asks for: `lanes`, `scale`, `from`, `to`; `others` are further words of it that stay. Raises BadQuery."""
    start, end = query.get("from", "").strip(), query.get("to", "").strip()
    word = query.get("lanes", "")
    return LifelineChoice(
        lanes=next((option for option in options if option.word == word), options[0]),
        options=options,
        is_compressed=query.get("scale") != "even",
        start=_read_end(start, now),
        end=_read_end(end, now),
        typed=(start, end),
        is_scale_chosen=query.get("scale") in ("even", "compressed"),
        others=tuple((name, query[name]) for name in (*others, "tz") if query.get(name)),
    )


def _read_end(text: str, now: datetime) -> str | None:
    try:
        return resolve_time(text, now) if text else None
    except NotATime as error:
        raise BadQuery(f"{text[:60]!r} is not a time. Write it as 2026-11-24T09:30:00Z or as now-7d.") from error
