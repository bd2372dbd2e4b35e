"""Run a search: a page, a count, a scan of everything that matches. An answer is whole, or it is an error."""

import heapq
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from operator import attrgetter
from time import monotonic
from typing import Any

from opensearchpy.exceptions import NotFoundError, RequestError, TransportError

from trail.connection import Trail
from trail.errors import BadQuery, Incomplete
from trail.schema import FACETS
from trail.search import bodies, firsts, kin, novelty
from trail.search.answers import NO_FIRSTS, cause, missing, speaking, whole, with_events
from trail.search.histogram import Bar, Ends, bars
from trail.search.novelty import NOTHING_KNOWN, Firsts
from trail.search.spec import Scope, Search
from trail.search.under_way import named

KEEP_ALIVE = "3m"
IDS_AT_ONCE = 2_000
ENDS_KEPT = 60  # seconds
# More names than this make an address that the engine refuses.
NAMED_AT_ONCE = 100


def _params(trail: Trail) -> dict[str, Any]:
    """A whole answer or none; and what nobody waits for any more is ended in the engine too."""
    return {"allow_partial_search_results": "false", "cancel_after_time_interval": f"{trail.patience * 1000:.0f}ms"}


def _sent(trail: Trail, asked: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Bodies as they are sent: each family of tokens by its members, looked up once. The engine gives up a little before we
    do, so that it is the engine that says why."""
    from trail import lineage  # it asks the engine itself

    members = cache(partial(lineage.members, trail))
    limit = {"timeout": f"{trail.patience * 800:.0f}ms"}
    return [{**kin.expanded(firsts.sent(body), members), **limit} for body in asked]


@dataclass(frozen=True, slots=True)
class Hit:
    """One event that was found; `sort` is its place, from which a search can go on. `number` is the engine's own number of
    it within its shard, where it was asked for by id; what is sealed is found by it."""

    event_id: str
    index: str
    timestamp: str
    document: dict[str, Any]
    sort: tuple[Any, ...]
    number: int | None = field(default=None, compare=False)
    fields: dict[str, list[Any]] = field(default_factory=dict, compare=False)  # asked for beside the document


@dataclass(frozen=True, slots=True)
class Batch:
    """Some hits of a scan, and the place after the last of them."""

    hits: list[Hit]
    after: list[Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """Some events of a search, and the exact number of all; "at least" where `missing` says what the answer lacks."""

    hits: list[Hit]
    total: int
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Facet:
    """The commonest values of a field with their counts. `others` events have further values; a count may be `error`
    too small at most."""

    values: list[tuple[str, int]]
    others: int
    error: int


@dataclass(frozen=True, slots=True)
class Page:
    """What a search page shows. `total` is exact; `first` and `last` are the ends of all that matched.

    Where `missing` says what the answer lacks (shards, time), everything here is of a part only: `total` is "at least".
    """

    hits: list[Hit]
    total: int
    bars: list[Bar]
    facets: dict[str, Facet]
    first: str | None
    last: str | None
    missing: str = ""
    firsts: Firsts = NOTHING_KNOWN


def hit(found: dict[str, Any]) -> Hit:
    """One of the engine's hits as ours."""
    source = found.get("_source", {})
    sort, number = tuple(found.get("sort", ())), found.get("_seq_no")
    time = source.get("@timestamp", "")
    return Hit(found["_id"], found["_index"], time, source, sort, number, found.get("fields", {}))


def ask(
    trail: Trail, body: dict[str, Any], *, opaque_id: str | None = None, indices: Collection[str] = ()
) -> dict[str, Any]:
    """One body to the whole trail, or to some of its indices, or to the point in time that the body names.

    A trail without any index yet is an empty one.
    """
    where: dict[str, Any] = {"params": _params(trail)}
    if "pit" not in body:
        where["index"] = ",".join(sorted(indices)) or firsts.where(trail.prefix, body)
        # A month that is named and not there shows as events that are missing.
        where["params"] |= {"expand_wildcards": "open", "ignore_unavailable": "true"}
    with speaking():
        answer = trail.client.search(body=_sent(trail, [body])[0], headers=named(opaque_id), **where)
    return with_events(trail, body, whole(answer))


def ask_all(trail: Trail, asked: Sequence[dict[str, Any]], *, opaque_id: str | None = None) -> list[dict[str, Any]]:
    """Several bodies in one round trip. NotFoundError for a point in time that has ended."""
    answers = _asked_at_once(trail, _lines(trail, asked, _params(trail)), opaque_id)
    for answer in answers:
        if "error" in answer:
            if answer.get("status") in (400, 404):
                with speaking():
                    raise (NotFoundError if answer["status"] == 404 else RequestError)(answer["status"], "", answer)
            raise Incomplete(f"The trail could not answer in full: {answer['error'].get('reason')}.")
    return [with_events(trail, body, whole(answer)) for body, answer in zip(asked, answers, strict=True)]


def page(trail: Trail, search: Search, scope: Scope, *, size: int = bodies.PAGE_SIZE, after: list[Any] | None = None,
         opaque_id: str | None = None) -> Page:  # fmt: skip
    """One page of a search with its histogram and facets, in one round trip.

    Where shards fail or time runs out it holds what could be read and says so; where nothing could be read it raises.
    """
    asked = page_bodies(trail, search, scope, size=size, after=after)
    found, counted, *about_firsts = _in_part(trail, asked, opaque_id)
    aggregations = counted.get("aggregations", {})
    extremes = aggregations.get("ends", {})
    return Page(
        hits=[hit(one) for one in found["hits"]["hits"]],
        total=counted["hits"]["total"]["value"],
        bars=bars(aggregations.get("histogram", {}), search),
        facets={name: _facet(aggregations[f"facet:{name}"]) for name in FACETS if f"facet:{name}" in aggregations},
        first=extremes.get("min_as_string"),
        last=extremes.get("max_as_string"),
        missing=missing(found) or missing(counted),
        firsts=novelty.read(*about_firsts),
    )


def page_bodies(trail: Trail, search: Search, scope: Scope, *, size: int = bodies.PAGE_SIZE,
                after: list[Any] | None = None) -> list[dict[str, Any]]:  # fmt: skip
    """All that is asked for a page: its events, their number with histogram and facets, and what is said of firsts."""
    # First, so that what is refused is refused before anything is asked.
    beside = novelty.beside(search, scope, size=size, after=after)
    return [*bodies.page(search, scope, size=size, after=after, ends=ends(trail)), *beside]


def listing(trail: Trail, search: Search, scope: Scope, *, size: int, after: list[Any] | None = None) -> Listing:
    """A page of events with their number and nothing beside, in one round trip; in part, and so said, as `page` is."""
    number = bodies.count(search, scope) | {"size": 0, "track_total_hits": True}
    found, counted = _in_part(trail, [bodies.hits(search, scope, size=size, after=after), number], None)
    hits = [hit(one) for one in found["hits"]["hits"]]
    return Listing(hits, counted["hits"]["total"]["value"], missing(found) or missing(counted))


def ends(trail: Trail) -> Ends | None:
    """The times of the trail's earliest and latest event, at most a minute old; None for an empty one."""
    known = trail.recent.get("ends")
    if known is None or known[0] < monotonic():
        found = ask(trail, {"size": 0, "aggs": {"ends": {"stats": {"field": "@timestamp"}}}})
        about = found.get("aggregations", {}).get("ends", {})
        read = (about["min_as_string"], about["max_as_string"]) if about.get("count") else None
        known = trail.recent["ends"] = (monotonic() + ENDS_KEPT, read)
    return known[1]


def _in_part(trail: Trail, asked: Sequence[dict[str, Any]], opaque_id: str | None) -> list[dict[str, Any]]:
    """Several bodies in one round trip, each answered as far as it could be. Raises when one is not answered at all."""
    lines = _lines(trail, asked, _params(trail) | {"allow_partial_search_results": "true"})
    answers = _asked_at_once(trail, lines, opaque_id)
    for answer in answers:
        if "error" in answer:
            if answer.get("status") == 400:
                raise BadQuery(f"The search engine refused this search: {cause(answer['error'])}.")
            raise Incomplete(f"The trail could not answer: {cause(answer['error'])}.")
    return [with_events(trail, body, answer) for body, answer in zip(asked, answers, strict=True)]


def _asked_at_once(trail: Trail, lines: list[dict[str, Any]], opaque_id: str | None) -> list[dict[str, Any]]:
    with speaking():
        found: list[dict[str, Any]] = trail.client.msearch(body=lines, headers=named(opaque_id))["responses"]
    return found


def _lines(trail: Trail, asked: Sequence[dict[str, Any]], params: dict[str, Any]) -> list[dict[str, Any]]:
    """Bodies as the engine takes several at once, each after a line that says where it is asked."""
    lines = []
    for body, sent in zip(asked, _sent(trail, asked), strict=True):
        where = {} if "pit" in body else {"index": firsts.where(trail.prefix, body), "ignore_unavailable": "true"}
        lines += [where | params, sent]
    return lines


def _facet(found: dict[str, Any]) -> Facet:
    values = [(str(bucket.get("key_as_string", bucket["key"])), bucket["doc_count"]) for bucket in found["buckets"]]
    return Facet(values, others=found["sum_other_doc_count"], error=found["doc_count_error_upper_bound"])


def count(trail: Trail, search: Search, scope: Scope) -> int:
    """How many events match, exactly."""
    body = bodies.count(search, scope) | {"size": 0, "track_total_hits": True}
    return int(ask(trail, body)["hits"]["total"]["value"])


def event(trail: Trail, event_id: str, scope: Scope) -> Hit | None:
    """One event by its id, if this person may find it."""
    found = ask(trail, _by_ids([event_id], scope))["hits"]["hits"]
    return hit(found[0]) if found else None


def find(trail: Trail, event_ids: Sequence[str], scope: Scope) -> dict[str, Hit]:
    """Those of some events that this person may find, by their id."""
    return find_among(trail, [("", event_id) for event_id in event_ids], scope)


def find_among(trail: Trail, ids: Sequence[tuple[str, str]], scope: Scope) -> dict[str, Hit]:
    """The same by (index, id): only the months that are named are asked, so that it costs the same in an old trail."""
    return {one["_id"]: hit(one) for one in _among(trail, ids, scope, {})}


def numbers_among(trail: Trail, ids: Sequence[tuple[str, str]], scope: Scope) -> dict[str, tuple[str, int]]:
    """Where those of some events stand that may be found: index and number by id, without their documents."""
    found = _among(trail, ids, scope, {"_source": False})
    return {one["_id"]: (one["_index"], one["_seq_no"]) for one in found}


def _among(
    trail: Trail, ids: Sequence[tuple[str, str]], scope: Scope, more: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    for start in range(0, len(ids), IDS_AT_ONCE):
        some = ids[start : start + IDS_AT_ONCE]
        indices = {index for index, _ in some}
        answer = ask(
            trail, _by_ids([event_id for _, event_id in some], scope) | more,
            indices=indices if "" not in indices and len(indices) <= NAMED_AT_ONCE else (),
        )  # fmt: skip
        yield from answer["hits"]["hits"]


def fetch(trail: Trail, ids: Sequence[tuple[str, str]], scope: Scope) -> list[Hit]:
    """Events by (index, id), in the order asked. Raises TrailUnavailable when one is not there, for none may vanish."""
    found = find_among(trail, ids, scope)
    missing = [event_id for _, event_id in ids if event_id not in found]
    if missing:
        raise Incomplete(f"The trail does not show {len(missing)} of the events asked for, {missing[0]} first.")
    return [found[event_id] for _, event_id in ids]


def _by_ids(ids: list[str], scope: Scope) -> dict[str, Any]:
    hidden = [] if scope.everything else [bodies.hidden_from(scope)]
    query = {"bool": {"filter": [{"ids": {"values": ids}}], "must_not": hidden}}
    return {"query": query, "size": len(ids), "seq_no_primary_term": True}


@contextmanager
def point_in_time(trail: Trail, index: str = "") -> Iterator[str]:
    """A view of the trail, or of one index, that does not move while it is read; closed at the end."""
    point = open_point(trail, index, KEEP_ALIVE)
    try:
        yield point
    finally:
        close_point(trail, point)


def open_point(trail: Trail, index: str, keep_alive: str) -> str:
    """A point in time that the engine keeps for so long after each reading of it; its id."""
    with speaking():
        opened = trail.client.create_pit(
            index=index or f"{trail.prefix}-events-*",
            params={"keep_alive": keep_alive, "allow_partial_pit_creation": "false"},
        )
    return str(opened["pit_id"])


def close_point(trail: Trail, point: str) -> None:
    """It ends by itself when its time is over; what was read stays right."""
    with suppress(TransportError):
        trail.client.delete_pit(body={"pit_id": [point]})


def scan(trail: Trail, search: Search, scope: Scope, *, batch: int = 2000, after: list[Any] | None = None,
         opaque_id: str | None = None) -> Iterator[Batch]:  # fmt: skip
    """Everything that matches, in the search's order, in batches: constant memory, resumable from `after`."""
    body = bodies.hits(search, scope, size=batch, after=after)
    if not _has_indices(trail, body):
        return
    with point_in_time(trail, firsts.where(trail.prefix, body)) as pit:
        yield from _scan(trail, body, pit, opaque_id)


def scan_index(trail: Trail, index: str, body: dict[str, Any]) -> Iterator[Hit]:
    """Everything in one index that a body asks for, in its order: constant memory."""
    with point_in_time(trail, index) as pit:
        for batch in _scan(trail, body, pit, None):
            yield from batch.hits


def _scan(trail: Trail, body: dict[str, Any], pit: str, opaque_id: str | None) -> Iterator[Batch]:
    sent = _sent(trail, [body])[0] | {"pit": {"id": pit, "keep_alive": KEEP_ALIVE}}
    while True:
        with speaking():
            answer = trail.client.search(body=sent, params=_params(trail), headers=named(opaque_id))
        answer = with_events(trail, body, whole(answer))
        found = answer["hits"]["hits"]
        if found:
            yield Batch([hit(one) for one in found], found[-1]["sort"])
        if len(found) < body["size"]:
            return
        sent["search_after"] = found[-1]["sort"]
        sent["pit"] = {"id": answer.get("pit_id", pit), "keep_alive": KEEP_ALIVE}


def stream(trail: Trail, search: Search, scope: Scope, *, slices: int = 2, batch: int = 2000,
           opaque_id: str | None = None) -> Iterator[Hit]:  # fmt: skip
    """Everything that matches, ordered by time, read in parallel slices of one point in time and merged.

    Each slice is at most one batch ahead, so memory is `slices × 2 × batch` events whatever the size.
    """
    search = replace(search, sort=("@timestamp", search.sort[1] if search.sort[0] == "@timestamp" else "asc"))
    body = bodies.hits(search, scope, size=batch)
    if not _has_indices(trail, body):
        return
    descending, where = search.sort[1] == "desc", firsts.where(trail.prefix, body)
    with ThreadPoolExecutor(slices, thread_name_prefix="trail-slice") as pool, point_in_time(trail, where) as pit:
        parts = []
        for number in range(slices):
            sliced = body | ({"slice": {"id": number, "max": slices}} if slices > 1 else {})
            parts.append(_ahead(pool, _scan(trail, sliced, pit, opaque_id)))
        # The engine's own sort values: whole nanoseconds, then the event's id.
        yield from heapq.merge(*parts, key=attrgetter("sort"), reverse=descending) if slices > 1 else parts[0]


def place(hit: Hit) -> tuple[str, str]:
    """Where an event stands in time, then its id."""
    return instant(hit.timestamp), hit.event_id


def instant(timestamp: str) -> str:
    """A time in UTC as text of equal length, to the nanosecond, which sorts as time does."""
    time, _, rest = timestamp.removesuffix("Z").partition(".")
    return f"{time}.{rest:0<9}"


def _ahead(pool: ThreadPoolExecutor, batches: Iterator[Batch]) -> Iterator[Hit]:
    """Hits of one slice, with the next batch already asked for while this one is read."""
    under_way = pool.submit(next, batches, None)
    while (batch := under_way.result()) is not None:
        under_way = pool.submit(next, batches, None)
        yield from batch.hits


def _has_indices(trail: Trail, body: dict[str, Any]) -> bool:
    """Whether there is anything yet that a body can be asked of."""
    with speaking():
        if not firsts.asks_for_firsts(body):
            return bool(trail.client.indices.exists_alias(name=trail.events))
        if not trail.client.indices.exists(index=firsts.where(trail.prefix, body)):
            raise Incomplete(NO_FIRSTS)
    return True
