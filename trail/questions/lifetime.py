"""From when to when did a token live? Its first event to its end, as a range of time for any search."""

from dataclasses import dataclass, replace
from datetime import datetime

from trail.connection import Trail
from trail.errors import BadQuery
from trail.lineage import TokenRef
from trail.moments import just_after
from trail.questions.token import dossier
from trail.search.spec import Scope, Search


@dataclass(frozen=True, slots=True)
class Lifetime:
    """`end` is None for a token that is alive; else the instant after its end, so that the end itself is within."""

    start: str
    end: str | None

    def of(self, search: Search) -> Search:
        """The same search within this time."""
        return replace(search, start=self.start, end=self.end)


def lifetime(trail: Trail, token: TokenRef, scope: Scope, *, now: datetime) -> Lifetime:
    """From its issue, or whichever event is first, to when it was revoked or expired. Raises BadQuery for one that was never
    seen, TooLarge, TrailUnavailable."""
    known = dossier(trail, token, scope, now=now)
    begun = [event.timestamp for event in (known.issued, known.first, known.last) if event]
    begun += [ending.at for ending in known.endings]
    if not begun:
        raise BadQuery(f"The trail holds no event of a token {token.value}, so its lifetime is not known.", 0)
    start, end = min(begun), known.fate.since
    return Lifetime(start, just_after(end) if end and end >= start else None)
