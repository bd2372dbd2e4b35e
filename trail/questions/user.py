"""What is on record of a user: every token ever issued to them, what they used besides, where they were, and the rest.

The second question, "what other tokens has this user ever been issued?", is a part of it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trail import coverage
from trail.connection import Trail
from trail.coverage import Coverage
from trail.errors import BadQuery
from trail.moments import text_of
from trail.questions import entity, fates, travel
from trail.questions.asking import doing
from trail.questions.entity import KINDS, Dossier
from trail.questions.fates import IssuedToken
from trail.questions.travel import Travel
from trail.questions.values import Value
from trail.schema import USES, Operation
from trail.search import bodies, entities, execute
from trail.search.bodies import Body
from trail.search.execute import Hit
from trail.search.spec import Filter, Scope, Search

TOKENS_A_PAGE = 50
TOKENS_COMPARED = 10_000
FOREIGN_SHOWN = 100


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
    used: Value
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
class User:
    """Everything on record of one user."""

    dossier: Dossier
    issued: TokensIssued
    used: TokensUsed
    travel: Travel


def tokens_issued(
    trail: Trail, user: str, scope: Scope, *, after: list[Any] | None = None, now: datetime | None = None
) -> TokensIssued:
    """What tokens has this user ever been issued? Two round trips: a page of them, and what became of these;
    more only to follow those that were derived from others."""
    now = now or datetime.now(UTC)
    search = _issues(entity.named(KINDS["user"], user))
    covered, page = execute.ask_all(trail, [coverage.body(scope), _page(search, scope, after)])
    issued = fates.issues(trail, _hits(page), scope)
    asked = fates.asked(issued, scope)
    found = fates.read(issued, execute.ask_all(trail, asked) if asked else [], text_of(now))
    return _issued(user, search, page, found, coverage.read(covered, now))


def user(
    trail: Trail, user_id: str, scope: Scope, *, now: datetime, after: list[Any] | None = None, start: str | None = None,
    end: str | None = None, new_since: str | None = None,
) -> User:  # fmt: skip
    """Everything on record of a user, in all of history or in a range of it. Two round trips, and more only to follow tokens
    that were derived from others.

    `after` leads to a further page of the tokens. Raises BadQuery, TrailUnavailable.
    """
    kind = KINDS["user"]
    search = entity.named(kind, user_id, start=start, end=end)
    issues, uses = _issues(search), search.with_filter(Filter("token.operation", tuple(USES)))
    *told, page, given, used, stays = execute.ask_all(trail, [
        *entity.asked(kind, search, scope), _page(issues, scope, after),
        entities.token_ids(issues, scope, size=TOKENS_COMPARED), entities.token_ids(uses, scope, size=TOKENS_COMPARED),
        travel.asked(search, scope),
    ])  # fmt: skip
    dossier = entity.read(kind, search, told, now=now, new_since=new_since)
    foreign = _without(_ids(used), set(_ids(given)))
    route, to_read = travel.follow_up(stays, search, scope)
    issued = fates.issues(trail, _hits(page), scope)
    parts = [fates.asked(issued, scope), _foreign(uses, foreign[:FOREIGN_SHOWN], scope), to_read]
    became, others, seen = _ask_parts(trail, parts)
    return User(
        dossier=dossier,
        issued=_issued(user_id, issues, page, fates.read(issued, became, text_of(now)), dossier.coverage),
        used=TokensUsed(_used(others), len(foreign), len(_ids(used)), not _more(used) and not _more(given)),
        travel=travel.read(stays, route, seen),
    )


def _ask_parts(trail: Trail, parts: list[list[Body]]) -> list[list[dict[str, Any]]]:
    """The answers to each part, all of them in one round trip, or in none where nothing is asked."""
    asked = [body for part in parts for body in part]
    answers = iter(execute.ask_all(trail, asked) if asked else [])
    return [[next(answers) for _ in part] for part in parts]


def _issues(search: Search) -> Search:
    return search.with_filter(doing(Operation.ISSUE)).with_filter(Filter("event.outcome", ("success",)))


def _page(search: Search, scope: Scope, after: list[Any] | None) -> Body:
    if after and [type(one) for one in after] != [int, str]:
        raise BadQuery("This address does not say which page it means; begin at the first.", 0)
    return bodies.hits(search, scope, size=TOKENS_A_PAGE, after=after) | {"track_total_hits": True}


def _hits(page: dict[str, Any]) -> list[Hit]:
    return [execute.hit(found) for found in page["hits"]["hits"]]


def _issued(
    user: str, search: Search, page: dict[str, Any], found: list[IssuedToken], covered: Coverage
) -> TokensIssued:
    more = len(found) == TOKENS_A_PAGE
    return TokensIssued(
        user=user, search=search, tokens=found, total=page["hits"]["total"]["value"],
        after=list(found[-1].issued.sort) if more else None, coverage=covered,
    )  # fmt: skip


# --- Tokens of others ------------------------------------------------------------------------------------------------


def _ids(answer: dict[str, Any]) -> list[str]:
    return [str(bucket["key"]) for bucket in answer.get("aggregations", {}).get("tokens", {}).get("buckets", [])]


def _more(answer: dict[str, Any]) -> bool:
    """Whether there are more tokens than were compared."""
    return bool(answer.get("aggregations", {}).get("tokens", {}).get("sum_other_doc_count"))


def _without(ids: list[str], others: set[str]) -> list[str]:
    return [one for one in ids if one not in others]


def _foreign(uses: Search, ids: list[str], scope: Scope) -> list[Body]:
    if not ids:
        return []
    named = Filter("token.id", tuple(ids))
    return [
        entities.related(uses.with_filter(named), scope, "token.id", size=len(ids)),
        fates.body(Search(filters=(named,)), scope, "token.id", size=len(ids)),
    ]


def _used(answers: list[dict[str, Any]]) -> list[UsedToken]:
    if not answers:
        return []
    uses, became = answers
    lives = fates.lives_in(became)
    return [
        UsedToken(value.value, value, lives[value.value].issued if value.value in lives else None)
        for value in entity.values_in(uses).values
    ]
