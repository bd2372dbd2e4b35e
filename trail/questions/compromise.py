"""What did this token do before it was revoked, its descendants included?"""

from dataclasses import dataclass, replace

from trail.connection import Trail
from trail.errors import BadQuery
from trail.lineage import Family, TokenRef, family
from trail.questions.asking import revoking
from trail.questions.values import Values, values_of
from trail.schema import USES, Operation
from trail.search import bodies, execute
from trail.search.execute import Hit
from trail.search.spec import Filter, Scope, Search

DID = ("event.action", "event.outcome", "resource.type", "service.name", "source.ip")
MAX_REVOCATIONS = 1_000


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
        did=values_of(did, DID),
    )  # fmt: skip


def _all_revocations(trail: Trail, found: Family, scope: Scope) -> list[Hit]:
    """The revocations of the token itself (not of its descendants), in time order; of very many the latest."""
    named = Search(filters=(Filter(found.root.field, (found.root.value,)),))
    answer = execute.ask(trail, bodies.hits(revoking(named), scope, size=MAX_REVOCATIONS))
    return [execute.hit(hit) for hit in reversed(answer["hits"]["hits"])]


def _chosen(revocations: list[Hit], revocation_id: str | None) -> Hit | None:
    if revocation_id is None:
        return revocations[-1] if revocations else None
    for revocation in revocations:
        if revocation.event_id == revocation_id:
            return revocation
    raise BadQuery(f"This token has no revocation {revocation_id}.", 0)
