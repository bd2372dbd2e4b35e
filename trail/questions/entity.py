"""Asks for everything the trail knows of one identifier, exactly, over all of history or over a range of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from trail.connection import Trail
from trail.errors import BadQuery
from trail.questions import coverage
from trail.questions.answers import REFUSED, FieldValue, FieldValues, read_first_hit, read_terms, read_value
from trail.questions.coverage import Coverage
from trail.questions.lifeline import Lifeline, read_lifeline
from trail.search import execute
from trail.search.bodies import entity, histogram
from trail.search.bodies.histogram import Bar
from trail.search.bodies.lifeline import LifelineRequest, build_lifeline
from trail.search.bodies.page import build_hits
from trail.search.bodies.query import Body
from trail.search.execute import Hit
from trail.search.responses import Response
from trail.search.spec import Filter, Scope, Search
from trail.times import cut_to_milliseconds, format_milliseconds, parse_time

SHOWN = 10
NEW_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class IdentifierKind:
    """A kind of identifier: the field that holds it, and the fields whose values say what it had to do with.

    Of `watched` fields the values that appeared last are told apart, for a new one is news however rare it is.
    """

    name: str
    field: str
    related: tuple[str, ...]
    watched: tuple[str, ...] = ()


_WHO, _WHERE, _WITH, _COUNTRY = "user.id", "source.ip", "user_agent.original", "source.geo.country_iso_code"
_AT, _FOR, _ON, _BY = "service.name", "organization.id", "resource.id", "token.id"
KINDS: dict[str, IdentifierKind] = {
    kind.name: kind
    for kind in (
        IdentifierKind("user", _WHO, (_WHERE, _WITH, _COUNTRY, _AT, _FOR, _ON), watched=(_WHERE, _WITH)),
        IdentifierKind("address", _WHERE, (_WHO, _WITH, _AT, _FOR, _BY, _ON), watched=(_WHO,)),
        IdentifierKind("origin", "source.address", (_WHO, _WITH, _AT, _FOR, _BY, _ON), watched=(_WHO,)),
        IdentifierKind("service", _AT, (_WHO, _WHERE, "user_agent.name", _COUNTRY, _FOR, _ON, "resource.type")),
        IdentifierKind("client", "user_agent.name", (_WHO, _WHERE, "user_agent.version", _WITH, _AT, _FOR)),
        IdentifierKind("user_agent", _WITH, (_WHO, _WHERE, _COUNTRY, _AT, _FOR, _BY)),
        IdentifierKind("organisation", _FOR, (_WHO, _WHERE, "user_agent.name", _COUNTRY, _AT, _ON), watched=(_WHO,)),
        IdentifierKind("resource", _ON, (_WHO, _WHERE, "user_agent.name", _AT, _FOR, _BY), watched=(_WHO,)),
        IdentifierKind("trace", "trace.id", (_WHO, _WHERE, _WITH, _AT, _FOR, _ON, _BY)),
    )
}
KIND_OF: dict[str, str] = {kind.field: kind.name for kind in KINDS.values()}


@dataclass(frozen=True, slots=True)
class RelatedValues:
    """The values of one field that an identifier had to do with: the commonest, and how many there are.

    `number` is exact where `counted` is, else about right. `newest` are the values that appeared last, latest first, where
    they were asked for.
    """

    field: str
    values: FieldValues
    number: int
    counted: bool
    newest: tuple[FieldValue, ...] = ()


@dataclass(frozen=True, slots=True)
class EntityDossier:
    """What is on record of one identifier. `first` and `last` are its events, `total` their exact number.

    `new_since` is the moment from which a value counts as new: what appeared then or later, but not with the first event.
    """

    kind: str
    field: str
    value: str
    search: Search
    coverage: Coverage
    first: Hit | None
    last: Hit | None
    total: int
    outcomes: dict[str, int]
    actions: FieldValues
    reasons: FieldValues
    failures: list[Hit]
    bars: list[Bar]
    related: dict[str, RelatedValues]
    new_since: str | None

    @property
    def failed(self) -> int:
        """How many of its events failed."""
        return self.outcomes.get("failure", 0)

    def is_new(self, value: FieldValue) -> bool:
        """Whether a value of a related field appeared lately, in the life of this identifier."""
        return bool(self.new_since and self.first) and value.first >= self._new_from()

    def news(self, name: str) -> list[FieldValue]:
        """The values of a watched field that are new, latest first."""
        return [value for value in self.related[name].newest if self.is_new(value)]

    def _new_from(self) -> str:
        began = cut_to_milliseconds(self.first.timestamp) if self.first else ""
        return max(self.new_since or "", _after(began))


def search_by(kind: IdentifierKind, value: str, *, start: str | None = None, end: str | None = None) -> Search:
    """Every event of an identifier, in all of history unless a range is given. Raises BadQuery."""
    if not value:
        raise BadQuery("An identifier is missing.", 0)
    return Search(filters=(Filter(kind.field, (value,)),), start=start, end=end)


def ask_entity(
    trail: Trail, kind: IdentifierKind, search: Search, scope: Scope, *, now: datetime, new_since: str | None = None
) -> EntityDossier:
    """What is on record of one identifier. One round trip. Raises BadQuery, TrailUnavailable."""
    responses = execute.ask_all(trail, build_bodies(kind, search, scope))
    return read_dossier(kind, search, responses, now=now, new_since=new_since)


def ask_drawn_entity(
    trail: Trail, drawing: LifelineRequest, search: Search, scope: Scope, *, now: datetime, new_since: str | None = None
) -> tuple[EntityDossier, Lifeline]:
    """The same with its lifeline, in the same round trip. The first filter of the search says whose. Raises BadQuery."""
    kind = KINDS[KIND_OF[search.filters[0].field]]
    responses = execute.ask_all(trail, build_bodies(kind, search, scope) | build_lifeline(drawing, scope))
    dossier = read_dossier(kind, search, responses, now=now, new_since=new_since)
    return dossier, read_lifeline(drawing, responses)


def build_bodies(kind: IdentifierKind, search: Search, scope: Scope) -> dict[str, Body]:
    """The bodies of a dossier; `read_dossier` reads their responses, which may stand among others."""
    failed = search.with_filter(REFUSED)
    return {
        "coverage": coverage.build_coverage(scope),
        "earliest": entity.build_earliest(search, scope),
        "latest": entity.build_latest(search, scope),
        "failures": build_hits(failed, scope, size=SHOWN),
        "summary": entity.build_summary(search, scope),
        **{f"related:{name}": entity.build_related(search, scope, name, size=SHOWN) for name in kind.related},
        **{f"newest:{name}": entity.build_newest_values(search, scope, name, size=SHOWN) for name in kind.watched},
    }


def read_dossier(
    kind: IdentifierKind,
    search: Search,
    responses: Mapping[str, Response],
    *,
    now: datetime,
    new_since: str | None = None,
) -> EntityDossier:
    """A dossier from the responses to its bodies."""
    last = read_first_hit(responses["latest"])
    summary = responses["summary"]
    aggregations = summary.get("aggregations", {})
    newest = {name: tuple(read_listed_values(responses[f"newest:{name}"]).values) for name in kind.watched}
    return EntityDossier(
        kind=kind.name,
        field=kind.field,
        value=search.filters[0].values[0],
        search=search,
        coverage=coverage.read_coverage(responses["coverage"], now),
        first=read_first_hit(responses["earliest"]),
        last=last,
        total=execute.read_total(summary),
        outcomes={bucket["key"]: bucket["doc_count"] for bucket in aggregations.get("outcomes", {}).get("buckets", [])},
        actions=read_listed_values(summary, "actions"),
        reasons=read_terms(aggregations["failed"]["reasons"]) if aggregations else FieldValues([]),
        failures=execute.read_hits(responses["failures"]),
        bars=histogram.read_bars(aggregations.get("histogram", {}), fine=histogram.choose_fine_step(search)),
        related={
            name: _read_related(name, responses[f"related:{name}"], newest.get(name, ())) for name in kind.related
        },
        # Within a range the first of a value need not be its first of all.
        new_since=None if search.start else new_since or (_before(last.timestamp) if last else None),
    )


@dataclass(frozen=True, slots=True)
class ValuesPage:
    """Every value of a field among the events of an identifier, page by page in the order of the values, each exact."""

    field: str
    search: Search
    values: list[FieldValue]
    after: str | None


def ask_every_value(trail: Trail, search: Search, name: str, scope: Scope, *, after: str | None = None) -> ValuesPage:
    """One page of all values. One round trip. Raises BadQuery, TrailUnavailable."""
    response = execute.ask(trail, entity.build_every_value(search, scope, name, after=after))
    composite = response.get("aggregations", {}).get("values", {"buckets": []})
    values = [read_value(bucket, str(bucket["key"]["value"])) for bucket in composite["buckets"]]
    following = composite.get("after_key", {}).get("value") if len(values) == entity.VALUES_A_PAGE else None
    return ValuesPage(name, search, values, None if following is None else str(following))


def ask_top_values(trail: Trail, search: Search, name: str, scope: Scope) -> RelatedValues:
    """The commonest values of a field, a thousand at the most. One round trip. Raises BadQuery, TrailUnavailable."""
    response = execute.ask(trail, entity.build_related(search, scope, name, size=entity.VALUES_OF_A_SHARD))
    return _read_related(name, response)


# --- Reading the engine's responses ----------------------------------------------------------------------------------


def read_listed_values(response: Response, name: str = "values") -> FieldValues:
    """The values that a body asked for; none in a trail without events."""
    terms = response.get("aggregations", {}).get(name)
    return read_terms(terms) if terms else FieldValues([])


def _read_related(name: str, response: Response, newest: tuple[FieldValue, ...] = ()) -> RelatedValues:
    values = read_listed_values(response)
    number = len(values.values)
    if values.others:
        number = max(response["aggregations"]["number"]["value"], number)
    return RelatedValues(name, values, number, not values.others, newest)


def _after(time: str) -> str:
    """The next millisecond."""
    return format_milliseconds(parse_time(time) // 1_000_000 + 1) if time else ""


def _before(time: str) -> str:
    """When what is new begins, in the life of something that was seen last at a time."""
    return format_milliseconds(max(parse_time(time) // 1_000_000 - NEW_FOR // timedelta(milliseconds=1), 0))
