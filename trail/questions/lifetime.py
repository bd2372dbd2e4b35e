"""Asks from when to when a token lived: its first event to its end, as a range of time for any search."""

from dataclasses import dataclass, replace
from datetime import datetime

from trail.connection import Trail
from trail.errors import BadQuery
from trail.questions.token import ask_token
from trail.search.lineage import TokenRef
from trail.search.spec import Scope, Search
from trail.times import next_nanosecond


@dataclass(frozen=True, slots=True)
class Lifetime:
    """`end` is None for a token that is alive; else the instant after its end, so that the end itself is within."""

    start: str
    end: str | None

    def of(self, search: Search) -> Search:
        """The same search within this time."""
        return replace(search, start=self.start, end=self.end)


def ask_lifetime(trail: Trail, token: TokenRef, scope: Scope, *, now: datetime) -> Lifetime:
    """From its issue, or whichever event is first, to when it was revoked or expired. Raises BadQuery for one that was never
    seen, TooLarge, TrailUnavailable."""
    dossier = ask_token(trail, token, scope, now=now)
    begun = [event.timestamp for event in (dossier.issued, dossier.first, dossier.last) if event]
    begun += [ending.at for ending in dossier.endings]
    if not begun:
        raise BadQuery(f"The trail holds no event of a token {token.value}, so its lifetime is not dossier.", 0)
    start, end = min(begun), dossier.status.since
    return Lifetime(start, next_nanosecond(end) if end and end >= start else None)
