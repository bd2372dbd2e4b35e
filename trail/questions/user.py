"""What other tokens has this user ever been issued?"""

from dataclasses import dataclass
from typing import Any

from trail.connection import Trail
from trail.questions.asking import doing, revoking
from trail.questions.reading import token_id_of
from trail.questions.values import Value, values_of
from trail.schema import USES, Operation
from trail.search import bodies, execute
from trail.search.execute import Hit
from trail.search.spec import Filter, Scope, Search

TOKENS_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """One token that was issued to a user, and what became of it."""

    issued: Hit
    token_id: str | None
    uses: int
    first_used: str | None
    last_used: str | None
    revoked_at: str | None


@dataclass(frozen=True, slots=True)
class TokensIssued:
    """The answer to the second question: a page of it, in the order of issue, newest first. `total` is exact."""

    user: str
    search: Search
    tokens: list[IssuedToken]
    total: int
    after: list[Any] | None


def tokens_issued(trail: Trail, user: str, scope: Scope, *, after: list[Any] | None = None) -> TokensIssued:
    """What tokens has this user ever been issued? Two round trips: a page of them, and what became of these."""
    search = Search(filters=(Filter("user.id", (user,)), doing(Operation.ISSUE), Filter("event.outcome", ("success",))))
    body = bodies.hits(search, scope, size=TOKENS_A_PAGE, after=after) | {"track_total_hits": True}
    answer = execute.ask(trail, body)
    issued = [execute.hit(found) for found in answer["hits"]["hits"]]
    ids = tuple({token_id for hit in issued if (token_id := token_id_of(hit))})
    uses, revoked = _fates(trail, ids, scope) if ids else ({}, {})
    tokens = []
    for hit in issued:
        token_id = token_id_of(hit)
        used, ended = uses.get(token_id or ""), revoked.get(token_id or "")
        tokens.append(IssuedToken(
            issued=hit, token_id=token_id, uses=used.count if used else 0, first_used=used.first if used else None,
            last_used=used.last if used else None, revoked_at=ended.first if ended else None,
        ))  # fmt: skip
    more = len(issued) == TOKENS_A_PAGE
    return TokensIssued(user, search, tokens, answer["hits"]["total"]["value"], list(issued[-1].sort) if more else None)


def _fates(trail: Trail, ids: tuple[str, ...], scope: Scope) -> tuple[dict[str, Value], dict[str, Value]]:
    among = Search(filters=(Filter("token.id", ids),))
    asked = [among.with_filter(Filter("token.operation", tuple(USES))), revoking(among)]
    answers = execute.ask_all(trail, [bodies.values(one, scope, ("token.id",), size=len(ids)) for one in asked])
    uses, revoked = (
        {value.value: value for value in values_of(one, ("token.id",))["token.id"].values} for one in answers
    )
    return uses, revoked
