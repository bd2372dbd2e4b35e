"""Says which of some events came after the end of their token, and when that was: for a table of events, in one round trip."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trail.connection import Trail
from trail.documents import get
from trail.search import execute
from trail.search.bodies import token as bodies
from trail.search.execute import Hit
from trail.search.spec import Scope, Search
from trail.times import parse_time

NAMES = ("token.id", "token.fingerprint")
RESTORE = "token.restore"


@dataclass(frozen=True, slots=True)
class Revocation:
    """A token's end by one of its own names: when, by whom, and the event that says so."""

    token: str
    at: str
    by: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Endings:
    """What ended the tokens of some events, or brought them back, by the name that it was said of, the earliest first."""

    by_token: Mapping[str, tuple[Hit, ...]]

    def find_revocation(self, hit: Hit) -> Revocation | None:
        """The revocation that an event came after, if its token had not been restored since."""
        place, latest = parse_time(hit.timestamp), None
        for token in read_tokens(hit):
            before = [ending for ending in self.by_token.get(token, ()) if parse_time(ending.timestamp) < place]
            if before and get(before[-1].document, "token.operation") != RESTORE:
                latest = _read(token, before[-1])
        return latest

    def read_last(self, token: str) -> Revocation | None:
        """The revocation of a token that it was not restored after."""
        last = self.by_token[token][-1]
        return None if get(last.document, "token.operation") == RESTORE else _read(token, last)


NO_ENDINGS = Endings({})


def read_tokens(hit: Hit) -> list[str]:
    """The names of an event's token."""
    return [str(value) for name in NAMES if (value := get(hit.document, name)) is not None]


def read_endings(trail: Trail, hits: Iterable[Hit], scope: Scope) -> Endings:
    """What ended the tokens of these events by name. Raises TrailUnavailable."""
    tokens = tuple(dict.fromkeys(token for hit in hits for token in read_tokens(hit)))
    if not tokens:
        return NO_ENDINGS
    named = Search(text=" OR ".join(f"{name}:$tokens" for name in NAMES), parameters=(("tokens", tokens),))
    by_token: dict[str, tuple[Hit, ...]] = {}
    for ending in execute.read_hits(execute.ask(trail, bodies.build_endings(named, {}, scope))):
        for token in read_tokens(ending)[:1]:
            by_token[token] = (*by_token.get(token, ()), ending)
    return Endings(by_token)


def _read(token: str, ending: Hit) -> Revocation:
    return Revocation(token, ending.timestamp, str(get(ending.document, "user.id") or ""), ending.event_id)
