"""Everything the trail knows of one identifier, told before anybody asks: exact over all of history, or over a range of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from trail import coverage
from trail.connection import Trail
from trail.coverage import Coverage
from trail.errors import BadQuery
from trail.questions.reading import hit_of
from trail.questions.values import Value, Values
from trail.search import bodies, entities, execute, histogram
from trail.search.bodies import Body
from trail.search.execute import Hit
from trail.search.histogram import Bar
from trail.search.spec import Filter, Scope, Search

SHOWN = 10
NEW_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of identifier: the field that holds it, and the fields whose values say what it had to do with.

    Of `watched` fields the values that appeared last are told apart, for a new one is news however rare it is.
    """

    name: str
    field: str
    related: tuple[str, ...]
    watched: tuple[str, ...] = ()


_WHO, _WHERE, _WITH, _COUNTRY = "user.id", "source.ip", "user_agent.original", "source.geo.country_iso_code"
_AT, _FOR, _ON, _BY = "service.name", "organization.id", "resource.id", "token.id"
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("user", _WHO, (_WHERE, _WITH, _COUNTRY, _AT, _FOR, _ON), watched=(_WHERE, _WITH)),
        Kind("address", _WHERE, (_WHO, _WITH, _AT, _FOR, _BY, _ON), watched=(_WHO,)),
        Kind("service", _AT, (_WHO, _WHERE, "user_agent.name", _COUNTRY, _FOR, _ON, "resource.type")),
        Kind("client", "user_agent.name", (_WHO, _WHERE, "user_agent.version", _WITH, _AT, _FOR)),
        Kind("user_agent", _WITH, (_WHO, _WHERE, _COUNTRY, _AT, _FOR, _BY)),
        Kind("organisation", _FOR, (_WHO, _WHERE, "user_agent.name", _COUNTRY, _AT, _ON), watched=(_WHO,)),
        Kind("resource", _ON, (_WHO, _WHERE, "user_agent.name", _AT, _FOR, _BY), watched=(_WHO,)),
        Kind("trace", "trace.id", (_WHO, _WHERE, _WITH, _AT, _FOR, _ON, _BY)),
    )
}
KIND_OF: dict[str, str] = {kind.field: kind.name for kind in KINDS.values()}


@dataclass(frozen=True, slots=True)
class Related:
    """The values of one field that an identifier had to do with: the commonest, and how many there are.

    `number` is exact where `counted` is, else about right. `newest` are the values that appeared last, latest first, where
    they were asked for.
    """

    field: str
    values: Values
    number: int
    counted: bool
    newest: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Dossier:
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
    actions: Values
    reasons: Values
    failures: list[Hit]
    bars: list[Bar]
    related: dict[str, Related]
    new_since: str | None

    @property
    def failed(self) -> int:
        """How many of its events failed."""
        return self.outcomes.get("failure", 0)

    def is_new(self, value: Value) -> bool:
        """Whether a value of a related field appeared lately, in the life of this identifier."""
        return bool(self.new_since and self.first) and value.first >= self._new_from()

    def news(self, name: str) -> list[Value]:
        """The values of a watched field that are new, latest first."""
        return [value for value in self.related[name].newest if self.is_new(value)]

    def _new_from(self) -> str:
        began = _milliseconds(self.first.timestamp) if self.first else ""
        return max(self.new_since or "", _after(began))


def named(kind: Kind, value: str, *, start: str | None = None, end: str | None = None) -> Search:
    """Every event of an identifier, in all of history unless a range is given. Raises BadQuery."""
    if not value:
        raise BadQuery("An identifier is missing.", 0)
    return Search(filters=(Filter(kind.field, (value,)),), start=start, end=end)


def dossier(
    trail: Trail, kind: Kind, search: Search, scope: Scope, *, now: datetime, new_since: str | None = None
) -> Dossier:
    """What is on record of one identifier. One round trip. Raises BadQuery, TrailUnavailable."""
    return read(kind, search, execute.ask_all(trail, asked(kind, search, scope)), now=now, new_since=new_since)


def asked(kind: Kind, search: Search, scope: Scope) -> list[Body]:
    """The bodies of a dossier; `read` takes their answers in the same order."""
    failed = search.with_filter(Filter("event.outcome", ("failure",)))
    return [
        coverage.body(scope),
        entities.earliest(search, scope),
        entities.latest(search, scope),
        bodies.hits(failed, scope, size=SHOWN),
        entities.summary(search, scope),
        *(entities.related(search, scope, name, size=SHOWN) for name in kind.related),
        *(entities.newest(search, scope, name, size=SHOWN) for name in kind.watched),
    ]


def read(
    kind: Kind, search: Search, answers: list[dict[str, Any]], *, now: datetime, new_since: str | None = None
) -> Dossier:
    """A dossier from the answers to what was asked."""
    covered, first, last, failures, summary, *rest = answers
    others, newest = rest[: len(kind.related)], rest[len(kind.related) :]
    watched = {name: tuple(values_in(answer).values) for name, answer in zip(kind.watched, newest, strict=True)}
    found = summary.get("aggregations", {})
    ended = hit_of(last)
    return Dossier(
        kind=kind.name, field=kind.field, value=search.filters[0].values[0], search=search,
        coverage=coverage.read(covered, now), first=hit_of(first), last=ended, total=summary["hits"]["total"]["value"],
        outcomes={bucket["key"]: bucket["doc_count"] for bucket in found.get("outcomes", {}).get("buckets", [])},
        actions=values_in(summary, "actions"),
        reasons=_values(found["failed"]["reasons"]) if found else Values([]),
        failures=[execute.hit(one) for one in failures["hits"]["hits"]],
        bars=histogram.bars(found.get("histogram", {}), search),
        related={
            name: _related(name, answer, watched.get(name, ()))
            for name, answer in zip(kind.related, others, strict=True)
        },
        # Within a range the first of a value need not be its first of all.
        new_since=None if search.start else new_since or (_before(ended.timestamp) if ended else None),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ValuesPage:
    """Every value of a field among the events of an identifier, page by page in the order of the values, each exact."""

    field: str
    search: Search
    values: list[Value]
    after: str | None


def every_value(trail: Trail, search: Search, name: str, scope: Scope, *, after: str | None = None) -> ValuesPage:
    """One page of all values. One round trip. Raises BadQuery, TrailUnavailable."""
    answer = execute.ask(trail, entities.every(search, scope, name, after=after))
    found = answer.get("aggregations", {}).get("values", {"buckets": []})
    values = [_value(bucket, str(bucket["key"]["value"])) for bucket in found["buckets"]]
    more = found.get("after_key", {}).get("value") if len(values) == entities.VALUES_A_PAGE else None
    return ValuesPage(name, search, values, None if more is None else str(more))


def top_values(trail: Trail, search: Search, name: str, scope: Scope) -> Related:
    """The commonest values of a field, a thousand at the most. One round trip. Raises BadQuery, TrailUnavailable."""
    return _related(name, execute.ask(trail, entities.related(search, scope, name, size=entities.VALUES_OF_A_SHARD)))


# --- Reading the engine's answers ------------------------------------------------------------------------------------


def values_in(answer: Mapping[str, Any], name: str = "values") -> Values:
    """The values that a body asked for; none in a trail without events."""
    found = answer.get("aggregations", {}).get(name)
    return _values(found) if found else Values([])


def _values(found: dict[str, Any]) -> Values:
    return Values(
        [_value(bucket, str(bucket.get("key_as_string", bucket["key"]))) for bucket in found["buckets"]],
        others=found["sum_other_doc_count"],
        error=max(found["doc_count_error_upper_bound"], 0),
    )


def _value(bucket: dict[str, Any], value: str) -> Value:
    ends = bucket["ends"]
    error = max(bucket.get("doc_count_error_upper_bound", 0), 0)
    return Value(value, bucket["doc_count"], ends["min_as_string"], ends["max_as_string"], error)


def _related(name: str, answer: dict[str, Any], newest: tuple[Value, ...] = ()) -> Related:
    values = values_in(answer)
    if not values.others:
        return Related(name, values, len(values.values), True, newest)
    return Related(name, values, max(answer["aggregations"]["number"]["value"], len(values.values)), False, newest)


def _milliseconds(time: str) -> str:
    """A time as the engine's figures have it: cut to the millisecond."""
    whole, _, rest = time.removesuffix("Z").partition(".")
    return f"{whole}.{rest[:3]:0<3}Z"


def _after(time: str) -> str:
    """The next millisecond."""
    return _written(_instant(time) + timedelta(milliseconds=1)) if time else ""


def _before(time: str) -> str:
    """When what is new begins, in the life of something that was seen last at a time."""
    return _written(max(_instant(time) - NEW_FOR, datetime(1970, 1, 1, tzinfo=UTC)))


def _instant(time: str) -> datetime:
    return datetime.fromisoformat(_milliseconds(time))


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
