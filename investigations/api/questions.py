"""Asks the trail what each address of the API says, by the same functions as the pages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import QueryDict

from core.connection import trail
from core.forms import read_number
from investigations.questions import indicators
from investigations.questions.indicators import IndicatorAnswers
from investigations.search_url import read_search_request
from trail.errors import BadQuery
from trail.questions import compromise as compromises
from trail.questions import coverage
from trail.questions import entity as entities
from trail.questions import lineage as lineages
from trail.questions import token as tokens
from trail.questions import user as users
from trail.questions.compromise import Compromise
from trail.questions.coverage import Coverage
from trail.questions.entity import EntityDossier, IdentifierKind
from trail.questions.indicator_list import IndicatorList
from trail.questions.indicators import look_up_indicators
from trail.questions.lineage import Lineage
from trail.questions.token import TokenDossier
from trail.questions.user import TokensIssued, UserDossier
from trail.search import execute
from trail.search.bodies.page import PAGE_SIZE
from trail.search.execute import Hit
from trail.search.lineage import parse_token_ref
from trail.search.spec import Scope, Search
from trail.times import format_datetime

MOST_HITS = 1_000


@dataclass(frozen=True, slots=True)
class ApiQuestion:
    """What an address asks, what it may find, and when.

    `words` are the words in the address and its known parameters, `query` its parameters as they came, `listed` a list that
    was sent.
    """

    scope: Scope
    now: datetime
    words: Mapping[str, str] = field(default_factory=dict)
    query: QueryDict = field(default_factory=QueryDict)
    listed: IndicatorList = field(default_factory=lambda: IndicatorList(()))

    def word(self, name: str) -> str:
        return self.words.get(name, "").strip()


@dataclass(frozen=True, slots=True)
class SearchResults:
    """A page of a search's events. `total` is exact, or "at least" where `missing` says what the answer lacks (`partial`);
    `next` is the address of the page after it, null on the last."""

    search: Search
    total: int
    partial: bool
    missing: str
    hits: list[Hit]
    next: str | None


def ask_coverage(question: ApiQuestion) -> Coverage:
    """What answers cover."""
    return coverage.read_coverage(execute.ask(trail(), coverage.build_coverage(question.scope)), question.now)


def ask_search(question: ApiQuestion) -> SearchResults:
    """A page of a search's events. Raises BadQuery."""
    request, size = read_search_request(question.query), _size_of(question.query.get("size", ""))
    search = request.expect_search()
    page = execute.read_listing(trail(), search.resolved(question.now), question.scope, size=size, after=request.after)
    next_page = None
    if page.hits and request.start + len(page.hits) < page.total:
        until = search.ingested_until or format_datetime(question.now)
        address = request.next_page_url(after=page.hits[-1].sort, until=until, count=len(page.hits))
        next_page = f"{address}&size={size}"
    return SearchResults(
        search=search,
        total=page.total,
        partial=bool(page.missing),
        missing=page.missing,
        hits=page.hits,
        next=next_page,
    )


def _size_of(text: str) -> int:
    if not text:
        return PAGE_SIZE
    if not (size := read_number(text, most=MOST_HITS)):
        raise BadQuery(f"size is how many events a page holds, from 1 to {MOST_HITS:,}.", 0)
    return size


def ask_token(question: ApiQuestion) -> TokenDossier:
    """One token: issued, first used, ended."""
    return tokens.ask_token(trail(), parse_token_ref(question.word("ref")), question.scope, now=question.now)


def ask_lineage(question: ApiQuestion) -> Lineage:
    """A token's ancestors and descendants. Raises BadQuery."""
    under, start = question.word("under") or None, read_number(question.word("start") or "0")
    if start is None:
        raise BadQuery("start is the number of a child, from 0.", 0)
    token = parse_token_ref(question.word("ref"))
    return lineages.ask_lineage(trail(), token, question.scope, under=under, start=start, now=question.now)


def ask_compromise(question: ApiQuestion) -> Compromise:
    """What a token and its descendants did from its compromise to its revocation. Raises BadQuery."""
    return compromises.ask_compromise(
        trail(),
        parse_token_ref(question.word("ref")),
        question.scope,
        at=question.word("at"),
        revocation_id=question.word("revocation"),
        actor=question.word("actor"),
        now=question.now,
    )


def ask_entity(kind: IdentifierKind) -> Callable[[ApiQuestion], EntityDossier]:
    """The function that asks what is on record of an identifier of one kind."""

    def ask(question: ApiQuestion) -> EntityDossier:
        within, new_since, _ = _range_of(question)
        search = entities.search_by(kind, question.word("id"), start=within.start, end=within.end)
        return entities.ask_entity(trail(), kind, search, question.scope, now=question.now, new_since=new_since)

    return ask


def ask_user(question: ApiQuestion) -> UserDossier:
    """One user, with a page of the tokens ever issued to them. Raises BadQuery."""
    within, new_since, after = _range_of(question)
    return users.ask_user(
        trail(),
        question.word("id"),
        question.scope,
        now=question.now,
        after=after,
        start=within.start,
        end=within.end,
        new_since=new_since,
    )


def _range_of(question: ApiQuestion) -> tuple[Search, str | None, list[Any] | None]:
    """The range of time as a search, since when a value counts as new, and after which place a page begins."""
    request = read_search_request(question.query)
    new_since = Search(start=question.word("new") or None).resolved(question.now).start
    return request.expect_search().resolved(question.now), new_since, request.after


def ask_user_tokens(question: ApiQuestion) -> TokensIssued:
    """A page of the tokens ever issued to a user, newest first. Raises BadQuery."""
    request = read_search_request(question.query)
    request.expect_search()
    return users.ask_tokens_issued(trail(), question.word("id"), question.scope, after=request.after, now=question.now)


def ask_indicators(question: ApiQuestion) -> IndicatorAnswers:
    """Which indicators of a list were ever seen."""
    sightings = look_up_indicators(trail(), question.listed.indicators, question.scope, now=question.now)
    return indicators.join_list(question.listed, sightings)
