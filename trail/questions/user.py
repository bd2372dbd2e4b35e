"""Asks what is on record of a user: every token ever issued to them, what they used besides, where they were, and the rest.

The second question, "what other tokens has this user ever been issued?", is a part of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trail.connection import Trail
from trail.errors import BadQuery
from trail.questions import coverage, entity, issued_tokens, travel
from trail.questions.answers import ACCEPTED, USED, FieldValue, filter_operation
from trail.questions.coverage import Coverage
from trail.questions.entity import KINDS, EntityDossier
from trail.questions.issued_tokens import IssuedHits, IssuedToken, UsableTokens
from trail.questions.lifeline import Lifeline, read_lifeline
from trail.questions.travel import Travel
from trail.schema import Operation
from trail.search import execute
from trail.search.bodies import entity as bodies_entity
from trail.search.bodies.lifeline import LifelineRequest, build_lifeline
from trail.search.bodies.page import build_hits
from trail.search.bodies.query import Body
from trail.search.execute import Hit
from trail.search.lineage import TooLarge
from trail.search.responses import Response
from trail.search.spec import Filter, Scope, Search
from trail.times import format_datetime

TOKENS_A_PAGE = 50
TOKENS_COMPARED = 10_000
FOREIGN_SHOWN = 100
# Of so many tokens that have not expired, the newest, the status is asked; of more they are at least what these are.
USABLE_ASKED = 500


@dataclass(frozen=True, slots=True)
class TokensIssued:
    """The answer to the second question: a page of it, in the order of issue, newest first. `total` is exact.

    `after` is where the next page begins; None on the last.
    """

    user: str
    search: Search
    tokens: list[IssuedToken]
    total: int
    after: list[Any] | None
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class UsedToken:
    """A token that a user used though no issue of it to them is on record. `used` are this user's uses of it alone.

    `issued` is its issue to somebody else, or None where none is on record.
    """

    token_id: str
    used: FieldValue
    issued: Hit | None


@dataclass(frozen=True, slots=True)
class TokensUsed:
    """The tokens that a user used though they were not issued to them: `total` of them, most used first.

    They are compared by id among the `compared` tokens that the user used most; `whole` says that those are all.
    """

    tokens: list[UsedToken]
    total: int
    compared: int
    whole: bool


@dataclass(frozen=True, slots=True)
class UserDossier:
    """Everything on record of one user. `usable` are of all tokens issued to them, not of a page of these."""

    dossier: EntityDossier
    issued: TokensIssued
    usable: UsableTokens
    used: TokensUsed
    travel: Travel


def ask_tokens_issued(
    trail: Trail, user: str, scope: Scope, *, after: list[Any] | None = None, now: datetime | None = None
) -> TokensIssued:
    """What tokens has this user ever been issued? Two round trips: a page of them, and what became of these;
    more only to follow those that were derived from others."""
    now = now or datetime.now(UTC)
    search = _issues(entity.search_by(KINDS["user"], user))
    responses = execute.ask_all(
        trail, {"coverage": coverage.build_coverage(scope), "page": _build_page(search, scope, after)}
    )
    issued = issued_tokens.follow_issues(trail, execute.read_hits(responses["page"]), scope)
    became = execute.ask_all(trail, issued_tokens.build_bodies(issued, scope))
    tokens = issued_tokens.read_tokens(trail, issued, became, scope, format_datetime(now))
    return _read_issued(user, search, responses["page"], tokens, coverage.read_coverage(responses["coverage"], now))


def ask_user(
    trail: Trail,
    user_id: str,
    scope: Scope,
    *,
    now: datetime,
    after: list[Any] | None = None,
    start: str | None = None,
    end: str | None = None,
    new_since: str | None = None,
) -> UserDossier:
    """Everything on record of a user, in all of history or in a range of it. Two round trips, and more only to follow tokens
    that were derived from others.

    `after` leads to a further page of the tokens. Raises BadQuery, TrailUnavailable.
    """
    search = entity.search_by(KINDS["user"], user_id, start=start, end=end)
    return _ask(trail, search, scope, {}, now=now, after=after, new_since=new_since)[0]


def ask_drawn_user(
    trail: Trail,
    drawing: LifelineRequest,
    search: Search,
    scope: Scope,
    *,
    now: datetime,
    after: list[Any] | None = None,
    new_since: str | None = None,
) -> tuple[UserDossier, Lifeline]:
    """The same with the user's lifeline, in the same round trips. Raises BadQuery, TrailUnavailable."""
    drawn = build_lifeline(drawing, scope)
    answer, responses = _ask(trail, search, scope, drawn, now=now, after=after, new_since=new_since)
    return answer, read_lifeline(drawing, responses)


def _ask(
    trail: Trail,
    search: Search,
    scope: Scope,
    beside: Mapping[str, Body],
    *,
    now: datetime,
    after: list[Any] | None,
    new_since: str | None,
) -> tuple[UserDossier, Mapping[str, Response]]:
    """The answer, and the responses of the first round trip, in which other bodies were asked `beside`."""
    kind = KINDS["user"]
    issues, uses, at = _issues(search), search.with_filter(USED), format_datetime(now)
    bodies = entity.build_bodies(kind, search, scope) | _build_tokens(issues, uses, scope, after)
    bodies["unexpired"] = bodies_entity.build_unexpired(issues, scope, at, size=USABLE_ASKED)
    responses = execute.ask_all(trail, bodies | {"stays": travel.build_stays(search, scope)} | dict(beside))
    dossier = entity.read_dossier(kind, search, responses, now=now, new_since=new_since)
    foreign = _foreign_ids(responses)
    stays = travel.read_stays(responses["stays"])
    plan = travel.plan_reading(stays)
    issued = _follow_issues(trail, responses, scope)
    bodies = issued_tokens.build_bodies(issued, scope) | issued_tokens.build_bodies_beside(issued, scope)
    bodies |= _build_foreign(uses, foreign[:FOREIGN_SHOWN], scope) | travel.build_sightings(plan, search, scope)
    later = execute.ask_all(trail, bodies)
    tokens = issued_tokens.read_tokens(trail, issued, later, scope, at)
    answer = UserDossier(
        dossier=dossier,
        issued=_read_issued(dossier.value, issues, responses["page"], tokens, dossier.coverage),
        usable=_count_usable(trail, issued, tokens, responses, later, scope, at),
        used=_read_used(responses, later, len(foreign)),
        travel=travel.read_travel(stays, plan, later),
    )
    return answer, responses


def _issues(search: Search) -> Search:
    return search.with_filter(filter_operation(Operation.ISSUE)).with_filter(ACCEPTED)


def _build_tokens(issues: Search, uses: Search, scope: Scope, after: list[Any] | None) -> dict[str, Body]:
    """A page of the tokens issued, and the ids of all that were issued and of all that were used."""
    return {
        "page": _build_page(issues, scope, after),
        "issued_ids": bodies_entity.build_token_ids(issues, scope, size=TOKENS_COMPARED),
        "used_ids": bodies_entity.build_token_ids(uses, scope, size=TOKENS_COMPARED),
    }


def _build_page(search: Search, scope: Scope, after: list[Any] | None) -> Body:
    if after and [type(part) for part in after] != [int, str]:
        raise BadQuery("This address does not say which page it means; begin at the first.", 0)
    return build_hits(search, scope, size=TOKENS_A_PAGE, after=after) | {"track_total_hits": True}


def _read_issued(
    user: str, search: Search, page: Response, tokens: list[IssuedToken], covered: Coverage
) -> TokensIssued:
    is_full = len(tokens) == TOKENS_A_PAGE
    return TokensIssued(
        user=user,
        search=search,
        tokens=tokens,
        total=execute.read_total(page),
        after=list(tokens[-1].issued.sort) if is_full else None,
        coverage=covered,
    )


def _follow_issues(trail: Trail, responses: Mapping[str, Response], scope: Scope) -> IssuedHits:
    """The issues of the page, and beside them all that have not expired; the page alone where these are too many to follow."""
    page, unexpired = (execute.read_hits(responses[name]) for name in ("page", "unexpired"))
    try:
        return issued_tokens.follow_issues(trail, page, scope, unexpired)
    except TooLarge:
        return issued_tokens.follow_issues(trail, page, scope)


def _count_usable(
    trail: Trail,
    issued: IssuedHits,
    tokens: list[IssuedToken],
    responses: Mapping[str, Response],
    later: Mapping[str, Response],
    scope: Scope,
    now: str,
) -> UsableTokens:
    """How many of all tokens issued can be used now: those of the page and those beside it."""
    number = sum(token.status.state == "alive" for token in tokens)
    judged = {hit.event_id for hit in (*issued.hits, *issued.beside)}
    unexpired = execute.read_hits(responses["unexpired"])
    is_whole = len(unexpired) == execute.read_total(responses["unexpired"])
    try:
        beside = issued_tokens.count_usable_beside(trail, issued, later, scope, now)
    except TooLarge:
        return UsableTokens(number, whole=False)
    return UsableTokens(number + beside, whole=is_whole and all(hit.event_id in judged for hit in unexpired))


# --- Tokens of others ------------------------------------------------------------------------------------------------


def _read_ids(response: Response) -> list[str]:
    return [str(bucket["key"]) for bucket in response.get("aggregations", {}).get("tokens", {}).get("buckets", [])]


def _is_cut(response: Response) -> bool:
    """Whether there are more tokens than were compared."""
    return bool(response.get("aggregations", {}).get("tokens", {}).get("sum_other_doc_count"))


def _foreign_ids(responses: Mapping[str, Response]) -> list[str]:
    """The tokens that were used and not issued to them, most used first."""
    issued = set(_read_ids(responses["issued_ids"]))
    return [token_id for token_id in _read_ids(responses["used_ids"]) if token_id not in issued]


def _build_foreign(uses: Search, ids: list[str], scope: Scope) -> dict[str, Body]:
    if not ids:
        return {}
    tokens = Filter("token.id", tuple(ids))
    return {
        "foreign_uses": bodies_entity.build_related(uses.with_filter(tokens), scope, "token.id", size=len(ids)),
        "foreign_lives": issued_tokens.build_lives(Search(filters=(tokens,)), scope, "token.id", size=len(ids)),
    }


def _read_used(responses: Mapping[str, Response], later: Mapping[str, Response], total: int) -> TokensUsed:
    tokens: list[UsedToken] = []
    if "foreign_uses" in later:
        lives = issued_tokens.read_lives(later["foreign_lives"])
        tokens = [
            UsedToken(value.value, value, lives[value.value].issued if value.value in lives else None)
            for value in entity.read_listed_values(later["foreign_uses"]).values
        ]
    used, issued = responses["used_ids"], responses["issued_ids"]
    return TokensUsed(
        tokens=tokens, total=total, compared=len(_read_ids(used)), whole=not _is_cut(used) and not _is_cut(issued)
    )
