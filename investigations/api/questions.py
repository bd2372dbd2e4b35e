"""What each address of the API asks: the same functions of the trail as the pages, with what the address says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from typing import Any

from django.http import QueryDict

from accounts.journal import trail
from investigations.forms.search import read
from investigations.services import indicators
from investigations.services.coverage import doubts
from investigations.services.indicators import Result
from trail import coverage
from trail.coverage import Coverage, Doubt
from trail.errors import BadQuery
from trail.indicators import Listed, look_up
from trail.lineage import token_ref
from trail.moments import text_of
from trail.questions import compromise as compromises
from trail.questions import entity as entities
from trail.questions import lineage as lineages
from trail.questions import token as tokens
from trail.questions import user as users
from trail.questions.compromise import Compromise
from trail.questions.entity import Dossier, Kind
from trail.questions.lineage import Lineage
from trail.questions.token import Dossier as TokenDossier
from trail.questions.user import TokensIssued, User
from trail.search import execute
from trail.search.bodies import PAGE_SIZE
from trail.search.execute import Hit
from trail.search.spec import Scope, Search

MOST_HITS = 1_000


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked, with what it may find, and when. `query` are the address's own words; `listed` a list that was sent."""

    scope: Scope
    now: datetime
    words: Mapping[str, str] = field(default_factory=dict)
    query: QueryDict = field(default_factory=QueryDict)
    listed: Listed = field(default_factory=lambda: Listed(()))

    def word(self, name: str) -> str:
        return self.words.get(name, "").strip()


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a search's events. `total` is exact, or "at least" where `missing` says what the answer lacks (`partial`);
    `next` is the address of the page after it, null on the last."""

    search: Search
    total: int
    partial: bool
    missing: str
    hits: list[Hit]
    next: str | None


def doubted(answer: Any) -> Any:
    """The answer with every reason why events may be missing from it, wherever it states its coverage."""
    return _doubted(answer, doubts())


def _doubted(answer: Any, found: list[Doubt]) -> Any:
    if isinstance(answer, Coverage):
        return answer.doubted(found)
    stated = [one.name for one in fields(answer) if _states_coverage(getattr(answer, one.name))]
    return replace(answer, **{name: _doubted(getattr(answer, name), found) for name in stated})


def _states_coverage(value: Any) -> bool:
    return isinstance(value, Coverage) or (
        is_dataclass(value) and isinstance(getattr(value, "coverage", None), Coverage)
    )


def covered(asking: Asking) -> Coverage:
    (answer,) = execute.ask_all(trail(), [coverage.body(asking.scope)])
    return coverage.read(answer, asking.now)


def search(asking: Asking) -> Found:
    asked = read(asking.query)
    if asked.search is None:
        raise asked.problem or BadQuery("There is no search.", 0)
    size = _size(asking.query.get("size", ""))
    page = execute.listing(trail(), asked.search.resolved(asking.now), asking.scope, size=size, after=asked.after)
    until = asked.search.ingested_until or text_of(asking.now)
    last = asked.start + len(page.hits)
    more = asked.older(page.hits[-1].sort, until, len(page.hits)) if page.hits and last < page.total else ""
    return Found(
        search=asked.search, total=page.total, partial=bool(page.missing), missing=page.missing, hits=page.hits,
        next=f"{more}&size={size}" if more else None,
    )  # fmt: skip


def _size(text: str) -> int:
    if not text:
        return PAGE_SIZE
    if not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_HITS:
        raise BadQuery(f"size is how many events a page holds, from 1 to {MOST_HITS:,}.", 0)
    return int(text)


def token(asking: Asking) -> TokenDossier:
    return tokens.dossier(trail(), token_ref(asking.word("ref")), asking.scope, now=asking.now)


def lineage(asking: Asking) -> Lineage:
    under, start = asking.word("under") or None, asking.word("start")
    if start and not (start.isdecimal() and len(start) < 9):
        raise BadQuery("start is the number of a child, from 0.", 0)
    ref = token_ref(asking.word("ref"))
    return lineages.lineage(trail(), ref, asking.scope, under=under, start=int(start or 0), now=asking.now)


def compromise(asking: Asking) -> Compromise:
    return compromises.compromise(
        trail(), token_ref(asking.word("ref")), asking.scope, at=asking.word("at"), revocation_id=asking.word("revocation"),
        now=asking.now,
    )  # fmt: skip


def entity(kind: Kind) -> Callable[[Asking], Dossier]:
    """What is on record of an identifier of one kind."""

    def ask(asking: Asking) -> Dossier:
        within, new = _range(asking)
        search = entities.named(kind, asking.word("id"), start=within.start, end=within.end)
        return entities.dossier(trail(), kind, search, asking.scope, now=asking.now, new_since=new)

    return ask


def user(asking: Asking) -> User:
    within, new = _range(asking)
    return users.user(
        trail(), asking.word("id"), asking.scope, now=asking.now, after=read(asking.query).after, start=within.start,
        end=within.end, new_since=new,
    )  # fmt: skip


def _range(asking: Asking) -> tuple[Search, str | None]:
    """The range of time that is asked for, and since when a value counts as new."""
    asked = read(asking.query)
    if asked.search is None:
        raise asked.problem or BadQuery("This address is not understood.", 0)
    new = Search(start=asking.word("new") or None).resolved(asking.now).start
    return asked.search.resolved(asking.now), new


def user_tokens(asking: Asking) -> TokensIssued:
    after = read(asking.query).after
    return users.tokens_issued(trail(), asking.word("id"), asking.scope, after=after, now=asking.now)


def many(asking: Asking) -> Result:
    found = look_up(trail(), asking.listed.indicators, asking.scope, now=asking.now)
    return indicators.answered(asking.listed, found)
