"""When was this token first used, and from where?"""

from dataclasses import dataclass

from trail.connection import Trail
from trail.lineage import TokenRef
from trail.questions.asking import doing, revoking
from trail.questions.reading import hit_of
from trail.questions.values import Values, values_of
from trail.schema import USES, Operation
from trail.search import bodies, execute
from trail.search.execute import Hit
from trail.search.spec import Filter, Scope, Search

WHERE = ("source.ip", "source.geo.country_iso_code", "user_agent.original", "service.name")


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


def first_use(trail: Trail, token: TokenRef, scope: Scope) -> FirstUse:
    """When was this token first used, and from where? One round trip."""
    named = Search(filters=(Filter(token.field, (token.value,)),))
    uses = named.with_filter(Filter("token.operation", tuple(USES)))
    asked = [
        *bodies.first_and_last(uses, scope),
        bodies.first_and_last(uses.with_filter(Filter("event.outcome", ("success",))), scope)[0],
        bodies.first_and_last(named.with_filter(doing(Operation.ISSUE)), scope)[0],
        bodies.first_and_last(revoking(named), scope)[0],
        bodies.values(uses, scope, WHERE, size=20),
    ]
    first, last, succeeded, issued, revoked, where = execute.ask_all(trail, asked)
    return FirstUse(
        token=token, search=uses, first=hit_of(first), succeeded=hit_of(succeeded), last=hit_of(last),
        uses=last["hits"]["total"]["value"], issued=hit_of(issued), revoked=hit_of(revoked), where=values_of(where, WHERE),
    )  # fmt: skip
