"""The three forensic questions, exact over all of history, each one function that answers it.

1. When was this token first used, and from where?
2. What other tokens has this user ever been issued?
3. What did this token do before it was revoked, its descendants included?
"""

from dataclasses import dataclass, replace
from typing import Any

from trail.connection import Trail
from trail.errors import BadQuery
from trail.lineage import Family, TokenRef, family
from trail.schema import USES, Operation
from trail.search import bodies, execute
from trail.search.execute import Hit
from trail.search.spec import Filter, Scope, Search

WHERE = ("source.ip", "source.geo.country_iso_code", "user_agent.original", "service.name")
DID = ("event.action", "event.outcome", "resource.type", "service.name", "source.ip")
TOKENS_A_PAGE = 50
MAX_REVOCATIONS = 1_000


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a field among some events: how many, first and last."""

    value: str
    count: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Values:
    """The commonest values of a field. `others` events have further values; counts may be `error` too small at most."""

    values: list[Value]
    others: int = 0
    error: int = 0


@dataclass(frozen=True, slots=True)
class FirstUse:
    """The answer to the first question. `first` is the first use of any outcome, `succeeded` the first that was allowed."""

    token: TokenRef
    search: Search
    first: Hit | None
    succeeded: Hit | None
    last: Hit | None
    uses: int
    issued: Hit | None
    revoked: Hit | None
    where: dict[str, Values]


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


@dataclass(frozen=True, slots=True)
class BeforeRevocation:
    """The answer to the third question. `search` finds the events; without a revocation it goes on to the present."""

    token: TokenRef
    family: Family
    revocations: list[Hit]
    revocation: Hit | None
    search: Search
    total: int
    after_revocation: int
    did: dict[str, Values]


def token_ref(text: str) -> TokenRef:
    """A fingerprint is 64 hexadecimal digits; anything else is a token's public id."""
    is_fingerprint = len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)
    return TokenRef("token.fingerprint" if is_fingerprint else "token.id", text)


def first_use(trail: Trail, token: TokenRef, scope: Scope) -> FirstUse:
    """When was this token first used, and from where? One round trip."""
    named = Search(filters=(Filter(token.field, (token.value,)),))
    uses = named.with_filter(Filter("token.operation", tuple(USES)))
    asked = [
        *bodies.first_and_last(uses, scope),
        bodies.first_and_last(uses.with_filter(Filter("event.outcome", ("success",))), scope)[0],
        bodies.first_and_last(named.with_filter(_operation(Operation.ISSUE)), scope)[0],
        bodies.first_and_last(_revocations(named), scope)[0],
        bodies.values(uses, scope, WHERE, size=20),
    ]
    first, last, succeeded, issued, revoked, where = execute.ask_all(trail, asked)
    return FirstUse(
        token=token, search=uses, first=_one(first), succeeded=_one(succeeded), last=_one(last),
        uses=last["hits"]["total"]["value"], issued=_one(issued), revoked=_one(revoked), where=_values(where, WHERE),
    )  # fmt: skip


def tokens_issued(trail: Trail, user: str, scope: Scope, *, after: list[Any] | None = None) -> TokensIssued:
    """What tokens has this user ever been issued? Two round trips: a page of them, and what became of these."""
    search = Search(
        filters=(Filter("user.id", (user,)), _operation(Operation.ISSUE), Filter("event.outcome", ("success",)))
    )
    body = bodies.hits(search, scope, size=TOKENS_A_PAGE, after=after) | {"track_total_hits": True}
    answer = execute.ask(trail, body)
    issued = [execute.hit(found) for found in answer["hits"]["hits"]]
    ids = tuple({token_id for hit in issued if (token_id := _token_id(hit))})
    uses, revoked = _fates(trail, ids, scope) if ids else ({}, {})
    tokens = []
    for hit in issued:
        token_id = _token_id(hit)
        used, ended = uses.get(token_id or ""), revoked.get(token_id or "")
        tokens.append(IssuedToken(
            issued=hit, token_id=token_id, uses=used.count if used else 0, first_used=used.first if used else None,
            last_used=used.last if used else None, revoked_at=ended.first if ended else None,
        ))  # fmt: skip
    more = len(issued) == TOKENS_A_PAGE
    return TokensIssued(user, search, tokens, answer["hits"]["total"]["value"], list(issued[-1].sort) if more else None)


def before_revocation(
    trail: Trail, token: TokenRef, scope: Scope, *, revocation_id: str | None = None
) -> BeforeRevocation:
    """What did this token do before it was revoked, its descendants included?

    Of several revocations (a token can be restored) the last counts, or the one that is named; BadQuery if there is none.
    """
    found = family(trail, token, scope)
    revocations = _all_revocations(trail, found, scope)
    revocation = _chosen(revocations, revocation_id)
    everything = found.search().with_filter(Filter("token.operation", (Operation.REVOKE,), negated=True))
    search = replace(everything, end=revocation.timestamp if revocation else None, sort=("@timestamp", "asc"))
    asked = [bodies.values(search, scope, DID, size=20)]
    if revocation:
        later = replace(everything, start=revocation.timestamp).with_filter(Filter("token.operation", tuple(USES)))
        asked.append(bodies.count(later, scope) | {"size": 0, "track_total_hits": True})
    did, *rest = execute.ask_all(trail, asked)
    return BeforeRevocation(
        token=token, family=found, revocations=revocations, revocation=revocation, search=search,
        total=did["hits"]["total"]["value"], after_revocation=rest[0]["hits"]["total"]["value"] if rest else 0,
        did=_values(did, DID),
    )  # fmt: skip


def _all_revocations(trail: Trail, found: Family, scope: Scope) -> list[Hit]:
    """The revocations of the token itself (not of its descendants), in time order; of very many the latest."""
    named = Search(filters=(Filter(found.root.field, (found.root.value,)),))
    answer = execute.ask(trail, bodies.hits(_revocations(named), scope, size=MAX_REVOCATIONS))
    return [execute.hit(hit) for hit in reversed(answer["hits"]["hits"])]


def _chosen(revocations: list[Hit], revocation_id: str | None) -> Hit | None:
    if revocation_id is None:
        return revocations[-1] if revocations else None
    for revocation in revocations:
        if revocation.event_id == revocation_id:
            return revocation
    raise BadQuery(f"This token has no revocation {revocation_id}.", 0)


def _operation(operation: Operation) -> Filter:
    return Filter("token.operation", (str(operation),))


def _revocations(named: Search) -> Search:
    return named.with_filter(_operation(Operation.REVOKE)).with_filter(Filter("event.outcome", ("success",)))


def _fates(trail: Trail, ids: tuple[str, ...], scope: Scope) -> tuple[dict[str, Value], dict[str, Value]]:
    among = Search(filters=(Filter("token.id", ids),))
    asked = [among.with_filter(Filter("token.operation", tuple(USES))), _revocations(among)]
    answers = execute.ask_all(trail, [bodies.values(one, scope, ("token.id",), size=len(ids)) for one in asked])
    uses, revoked = (
        {value.value: value for value in _values(one, ("token.id",))["token.id"].values} for one in answers
    )
    return uses, revoked


def _one(answer: dict[str, Any]) -> Hit | None:
    found = answer["hits"]["hits"]
    return execute.hit(found[0]) if found else None


def _token_id(hit: Hit) -> str | None:
    token_id = hit.document.get("token", {}).get("id")
    return None if token_id is None else str(token_id)


def _values(answer: dict[str, Any], names: tuple[str, ...]) -> dict[str, Values]:
    found = answer.get("aggregations", {})
    return {name: _values_of(found[name]) if name in found else Values([]) for name in names}


def _values_of(found: dict[str, Any]) -> Values:
    values = [
        Value(str(b.get("key_as_string", b["key"])), b["doc_count"], b["first"]["value_as_string"], b["last"]["value_as_string"])
        for b in found["buckets"]
    ]  # fmt: skip
    return Values(values, others=found["sum_other_doc_count"], error=found["doc_count_error_upper_bound"])
