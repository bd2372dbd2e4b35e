"""Runs a search: a page, a count, some events by their ids, a scan of everything that matches.

An answer is whole, or it is an error, or it says itself what it lacks.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from trail.connection import Trail
from trail.errors import Incomplete
from trail.search import bars, completeness, engine, first_seen_index, lineage
from trail.search.bodies import first_seen
from trail.search.bodies.coverage import build_ends
from trail.search.bodies.first_seen import FIRST_SEEN_UNKNOWN, FirstSeen
from trail.search.bodies.histogram import Bar, Ends, choose_fine_step
from trail.search.bodies.page import (
    PAGE_SIZE,
    build_events_by_id,
    build_figures,
    build_hits,
    build_number,
    build_numbered_hits,
    without_documents,
)
from trail.search.bodies.query import Body
from trail.search.completeness import SealedCounts
from trail.search.engine import KEEP_ALIVE, Name
from trail.search.facets import Facet, read_facets
from trail.search.responses import Response, describe_missing
from trail.search.spec import Scope, Search

IDS_AT_ONCE = 2_000
# As many hits as the engine gives in one answer (index.max_result_window).
HITS_AT_MOST = 10_000
ENDS_KEPT = 60  # seconds


@dataclass(frozen=True, slots=True)
class Hit:
    """One event that was found; `sort` is its place, from which a search can go on. `number` is the engine's own number of
    it within its shard, where it was asked for; what is sealed is found by it."""

    event_id: str
    index: str
    timestamp: str
    document: dict[str, Any]
    sort: tuple[Any, ...]
    number: int | None = field(default=None, compare=False)
    fields: dict[str, list[Any]] = field(default_factory=dict, compare=False)  # asked for beside the document


@dataclass(frozen=True, slots=True)
class HitBatch:
    """Some hits of a scan, and the place after the last of them."""

    hits: list[Hit]
    after: list[Any]


@dataclass(frozen=True, slots=True)
class IdBatch:
    """Some events of a scan as (index, id), and the place after the last of them."""

    ids: list[tuple[str, str]]
    after: list[Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """Some events of a search, and the exact number of all; "at least" where `missing` says what the answer lacks."""

    hits: list[Hit]
    total: int
    missing: str = ""


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
    first_seen: FirstSeen = FIRST_SEEN_UNKNOWN


def read_hit(hit: dict[str, Any]) -> Hit:
    """One of the engine's hits as ours."""
    source = hit.get("_source", {})
    sort, number = tuple(hit.get("sort", ())), hit.get("_seq_no")
    time = source.get("@timestamp", "")
    return Hit(hit["_id"], hit["_index"], time, source, sort, number, hit.get("fields", {}))


def read_hits(response: Response) -> list[Hit]:
    """The hits of a response, in its order."""
    return [read_hit(hit) for hit in response["hits"]["hits"]]


def read_total(response: Response) -> int:
    """How many events a body that counts them found."""
    return int(response["hits"]["total"]["value"])


# --- Asking ----------------------------------------------------------------------------------------------------------


def ask(
    trail: Trail,
    body: Body,
    *,
    opaque_id: str | None = None,
    indices: Collection[str] = (),
    shard: int | None = None,
) -> Response:
    """What `engine.send` does, of a body that may speak of families of tokens: each is looked up first."""
    expanded = lineage.expand_families(trail, {"": body})[""]
    return engine.send(trail, expanded, opaque_id=opaque_id, indices=indices, shard=shard)


def ask_all(
    trail: Trail,
    bodies: Mapping[Name, Body],
    *,
    opaque_id: str | None = None,
    in_part: bool = False,
    expected: SealedCounts | None = None,
) -> dict[Name, Response]:
    """What `engine.send_all` does, of bodies that may speak of families of tokens: each is looked up first, and once."""
    expanded = lineage.expand_families(trail, bodies)
    return engine.send_all(trail, expanded, opaque_id=opaque_id, in_part=in_part, expected=expected)


# --- A page, a listing, a count --------------------------------------------------------------------------------------


def read_page(
    trail: Trail,
    search: Search,
    scope: Scope,
    *,
    size: int = PAGE_SIZE,
    after: list[Any] | None = None,
    opaque_id: str | None = None,
    zone: str = "UTC",
) -> Page:
    """One page of a search with its histogram, by the clocks of a zone, and facets, in one round trip; in two for finer bars.

    Where shards fail or time runs out it holds what could be read and says so; where nothing could be read it raises.
    """
    bodies, trail_ends = _build_rows(search, scope, size=size, after=after), read_ends(trail)
    bodies["figures"] = build_figures(search, scope, ends=trail_ends, zone=zone)
    responses = ask_all(trail, bodies, opaque_id=opaque_id, in_part=True)
    events, figures = responses["events"], responses["figures"]
    ends = figures.get("aggregations", {}).get("ends", {})
    missing = describe_missing(events) or describe_missing(figures)
    hits, total = read_hits(events), read_total(figures)
    return Page(
        hits=hits,
        total=total,
        bars=bars.read_bars_of_page(
            figures,
            search,
            fine=choose_fine_step(search, trail_ends),
            documents=[hit.document for hit in hits] if len(hits) == total and not missing else None,
            ask=None if missing else lambda body: ask(trail, body, opaque_id=opaque_id),
            scope=scope,
            zone=zone,
        ),
        facets=read_facets(figures.get("aggregations", {})),
        first=ends.get("min_as_string"),
        last=ends.get("max_as_string"),
        missing=missing,
        first_seen=FIRST_SEEN_UNKNOWN if missing else first_seen.read_beside_page(responses),
    )


def build_page(trail: Trail, search: Search, scope: Scope, *, size: int = PAGE_SIZE) -> dict[str, Body]:
    """All that is asked for a page: its events, their number with histogram and facets, and which are the first of their kind."""
    bodies = _build_rows(search, scope, size=size, after=None)
    return bodies | {"figures": build_figures(search, scope, ends=read_ends(trail))}


def _build_rows(search: Search, scope: Scope, *, size: int, after: list[Any] | None) -> dict[str, Body]:
    """What is asked for the rows. Built before anything is asked, so that what is refused is refused before that."""
    beside = first_seen.build_beside_page(search, scope, size=size, after=after)
    return {"events": build_numbered_hits(search, scope, size=size, after=after)} | beside


def read_listing(trail: Trail, search: Search, scope: Scope, *, size: int, after: list[Any] | None = None) -> Listing:
    """A page of events with their number and nothing beside, in one round trip; in part, and so said, as `page` is."""
    bodies = {"events": build_hits(search, scope, size=size, after=after), "number": build_number(search, scope)}
    responses = ask_all(trail, bodies, in_part=True)
    events, number = responses["events"], responses["number"]
    missing = describe_missing(events) or describe_missing(number)
    return Listing(read_hits(events), read_total(number), missing)


def read_ends(trail: Trail) -> Ends | None:
    """The times of the trail's earliest and latest event that can be read, at most a minute old; None for an empty one."""
    cached = trail.recent.get("ends")
    if cached is not None and cached[0] >= monotonic():
        known: Ends | None = cached[1]
        return known
    response = ask_all(trail, {"ends": build_ends()}, in_part=True)["ends"]
    ends = response.get("aggregations", {}).get("ends", {})
    times = (ends["min_as_string"], ends["max_as_string"]) if ends.get("count") else None
    if not describe_missing(response):
        trail.recent["ends"] = (monotonic() + ENDS_KEPT, times)
    return times


def count(trail: Trail, search: Search, scope: Scope) -> int:
    """How many events match, exactly."""
    return read_total(ask(trail, build_number(search, scope)))


# --- Events by their ids ---------------------------------------------------------------------------------------------


def find_event(trail: Trail, event_id: str, scope: Scope) -> Hit | None:
    """One event by its id, if this person may find it."""
    return find(trail, [event_id], scope).get(event_id)


def find_twins(trail: Trail, event_id: str, scope: Scope) -> list[Hit]:
    """Every event that has an id, by index: there is one, or something is wrong (trail.writing.taken_ids)."""
    hits = _read_all(trail, [("", event_id)], scope, {})
    return [read_hit(hit) for hit in sorted(hits, key=lambda hit: str(hit["_index"]))]


def find(trail: Trail, event_ids: Sequence[str], scope: Scope) -> dict[str, Hit]:
    """Those of some events that this person may find, by their id."""
    return find_placed(trail, [("", event_id) for event_id in event_ids], scope)


def find_placed(trail: Trail, ids: Sequence[tuple[str, str]], scope: Scope) -> dict[str, Hit]:
    """The same by (index, id): only the months that are named are asked, so that it costs the same in an old trail.

    Of an event that stands in several indices it is the one in the index that is named, else in the first by name.
    """
    return {event_id: read_hit(hit) for event_id, hit in _find_hits(trail, ids, scope, {}).items()}


def find_numbers(trail: Trail, ids: Sequence[tuple[str, str]], scope: Scope) -> dict[str, tuple[str, int]]:
    """Where those of some events stand that may be found: index and number by id, without their documents."""
    hits = _find_hits(trail, ids, scope, {"_source": False})
    return {event_id: (hit["_index"], hit["_seq_no"]) for event_id, hit in hits.items()}


def fetch(trail: Trail, ids: Sequence[tuple[str, str]], scope: Scope) -> list[Hit]:
    """Events by (index, id), in the order asked. Raises TrailUnavailable when one is not there, for none may vanish."""
    hits = find_placed(trail, ids, scope)
    missing = [event_id for _, event_id in ids if event_id not in hits]
    if missing:
        raise Incomplete(f"The trail does not show {len(missing)} of the events asked for, {missing[0]} first.")
    return [hits[event_id] for _, event_id in ids]


def _find_hits(trail: Trail, ids: Sequence[tuple[str, str]], scope: Scope, options: Body) -> dict[str, dict[str, Any]]:
    """The engine's hits for some (index, id), one to each id that may be found."""
    chosen: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), IDS_AT_ONCE):
        pairs = ids[start : start + IDS_AT_ONCE]
        named = {event_id: index for index, event_id in pairs}
        for hit in sorted(_read_all(trail, pairs, scope, options), key=lambda hit: str(hit["_index"])):
            if hit["_id"] not in chosen or hit["_index"] == named[hit["_id"]]:
                chosen[hit["_id"]] = hit
    return chosen


def _read_all(
    trail: Trail, pairs: Sequence[tuple[str, str]], scope: Scope, options: Body, size: int | None = None
) -> list[dict[str, Any]]:
    """Every hit for some ids, asked again where an id stands in several indices and there are more hits than ids."""
    indices = {index for index, _ in pairs}
    body = build_events_by_id([event_id for _, event_id in pairs], scope, size=size or len(pairs)) | options
    response = ask(trail, body, indices=indices if "" not in indices else ())
    hits: list[dict[str, Any]] = response["hits"]["hits"]
    total = read_total(response)
    if total <= len(hits) or (len(hits) == HITS_AT_MOST and len(pairs) == 1):
        return hits
    if total <= HITS_AT_MOST or len(pairs) == 1:
        return _read_all(trail, pairs, scope, options, min(total, HITS_AT_MOST))
    half = len(pairs) // 2
    return [
        *_read_all(trail, pairs[:half], scope, options),
        *_read_all(trail, pairs[half:], scope, options),
    ]


# --- Everything that matches -----------------------------------------------------------------------------------------


def scan(
    trail: Trail,
    search: Search,
    scope: Scope,
    *,
    batch: int = 2000,
    after: list[Any] | None = None,
    opaque_id: str | None = None,
) -> Iterator[HitBatch]:
    """Everything that matches, in the search's order, in batches: constant memory, resumable from `after`."""
    body = build_hits(search, scope, size=batch, after=after)
    for hits in _scan(trail, body, opaque_id=opaque_id):
        yield HitBatch([read_hit(hit) for hit in hits], hits[-1]["sort"])


def scan_ids(
    trail: Trail,
    search: Search,
    scope: Scope,
    *,
    batch: int = 2000,
    after: list[Any] | None = None,
    opaque_id: str | None = None,
) -> Iterator[IdBatch]:
    """The same of the events' indices and ids alone: the engine unpacks and sends no document."""
    body = without_documents(build_hits(search, scope, size=batch, after=after))
    for hits in _scan(trail, body, opaque_id=opaque_id):
        yield IdBatch([(hit["_index"], hit["_id"]) for hit in hits], hits[-1]["sort"])


def scan_index(trail: Trail, index: str, body: Body) -> Iterator[Hit]:
    """Everything in one index that a body asks for, in its order: constant memory."""
    with engine.point_in_time(trail, index) as point:
        for hits in _read_on(trail, body, point, {}):
            yield from map(read_hit, hits)


def _scan(trail: Trail, body: Body, *, opaque_id: str | None) -> Iterator[list[dict[str, Any]]]:
    """The engine's hits for a body, batch after batch, none of them empty."""
    expected = completeness.read_expected(trail)  # before the point is opened, which then shows as many or more
    if not engine.has_indices(trail, body):
        return
    expanded = lineage.expand_families(trail, {"": body})[""]
    with engine.point_in_time(trail, first_seen_index.choose_index(trail.prefix, body)) as point:
        yield from _read_on(trail, expanded, point, expected, opaque_id=opaque_id)


def _read_on(
    trail: Trail, body: Body, point: str, expected: SealedCounts, *, opaque_id: str | None = None
) -> Iterator[list[dict[str, Any]]]:
    """The hits of a point in time, each batch from the place after the last. It has to show as many events as expected."""
    request = body | {"pit": {"id": point, "keep_alive": KEEP_ALIVE}}
    while True:
        response = engine.send(trail, request, opaque_id=opaque_id, expected=expected)
        expected = {}
        hits = response["hits"]["hits"]
        if hits:
            yield hits
        if len(hits) < body["size"]:
            return
        request["search_after"] = hits[-1]["sort"]
        request["pit"] = {"id": response.get("pit_id", point), "keep_alive": KEEP_ALIVE}


def sort_key(hit: Hit) -> tuple[str, str]:
    """Where an event stands in time, then its id."""
    return sortable_time(hit.timestamp), hit.event_id


def sortable_time(timestamp: str) -> str:
    """A time in UTC as text of equal length, to the nanosecond, which sorts as time does."""
    time, _, fraction = timestamp.removesuffix("Z").partition(".")
    return f"{time}.{fraction:0<9}"
