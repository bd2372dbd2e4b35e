"""Finds impossible travel: two sightings of a user, one right after the other, too far apart for the time between.

A user's sightings are not read one by one. The engine says for each day from when to when the user was seen at each place;
events are read only where that leaves open how fast somebody would have had to be: where one place follows another too fast, and
where the stays at two places overlap. What is left out lies between two sightings at one place, so nothing can be missed by it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import asin, atan, cos, degrees, pi, radians, sin, sinh, sqrt
from typing import Any

from trail.search.bodies import entity
from trail.search.bodies.query import Body
from trail.search.responses import Response
from trail.search.spec import Scope, Search
from trail.times import format_milliseconds, format_time

RADIUS = 6_371.0088  # km, the mean radius of the earth (WGS 84, after IUGG)
FASTEST = 900.0  # km/h, about what an airliner does
LEAST = 100.0  # km; addresses are not located more exactly than that
STAYS = 10_000
WINDOWS = 500
SIGHTINGS = 5_000
SHOWN = 50
_ROUNDING = 0.001  # km, for the middle of a tile is up to 5 cm from the place itself

Place = tuple[float, float]
Window = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stay:
    """A day's sightings at one place: the first and the last of them, in milliseconds since 1970, cut."""

    first: int
    last: int
    place: Place


@dataclass(frozen=True, slots=True)
class Sighting:
    """One event with a place: latitude and longitude in degrees. `instant` is its time in nanoseconds since 1970."""

    event_id: str
    timestamp: str
    instant: int
    place: Place
    city: str | None = None
    country: str | None = None
    address: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Leap:
    """Two sightings that follow each other, too far apart (km) for the time between (s). `speed` is in km/h, or None where
    no time passed."""

    before: Sighting
    after: Sighting
    kilometres: float
    seconds: float
    speed: float | None

    @property
    def ends(self) -> tuple[Sighting, Sighting]:
        """Both sightings, in their order."""
        return self.before, self.after


@dataclass(frozen=True, slots=True)
class Travel:
    """The impossible travels of a user: `total` of them, the latest first in `leaps`. `places` is how many places there are.

    It holds for all of the user's sightings, or, where `since` says so, for those from then on.
    """

    leaps: list[Leap]
    total: int
    places: int
    since: str | None
    fastest: float = FASTEST
    least: float = LEAST


def build_stays(search: Search, scope: Scope) -> Body:
    """The body that says when the user was seen where."""
    return entity.build_places(search, scope, size=STAYS)


def read_stays(response: Response) -> list[Stay]:
    """The stays of the engine's response, the latest day first."""
    composite = response.get("aggregations", {}).get("stays", {"buckets": []})
    return [
        Stay(int(bucket["ends"]["min"]), int(bucket["ends"]["max"]), find_middle(bucket["key"]["place"]))
        for bucket in composite["buckets"]
    ]


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """What has to be read to know every leap: the events within `windows`.

    Two events that are read follow each other in the trail as well when one of `segments` holds both.
    """

    windows: list[Window]
    segments: list[Window]


def plan_reading(stays: Iterable[Stay]) -> ReadingPlan:
    """Where one place follows another too fast, or two are told of at one time."""
    groups = list(_group_overlapping(stays))
    windows: list[Window] = []
    segments: list[Window] = []
    for group in groups:
        if any(_is_far(*places) for places in combinations({stay.place for stay in group}, 2)):
            whole = _find_ends(group)
            windows.append(whole)
            segments.append(whole)
    for earlier, later in pairwise(groups):
        end, start = _find_ends(earlier)[1], _find_ends(later)[0]
        left = [stay.place for stay in earlier if stay.last == end]
        arrived = [stay.place for stay in later if stay.first == start]
        if any(_is_too_fast(origin, reached, start - end) for origin in left for reached in arrived):
            windows += [(end, end), (start, start)]
            segments.append((end, start))
    return ReadingPlan(_merge(windows), _merge(segments))


def find_leaps(sightings: Sequence[Sighting], segments: Sequence[Window] | None = None) -> Iterator[Leap]:
    """The leaps among sightings in their order in time, oldest first; of pairs that no segment holds nothing is said."""
    starts = [start for start, _ in segments or ()]
    for before, after in pairwise(sightings):
        if segments is not None:
            number = bisect_right(starts, before.instant // 1_000_000) - 1
            if number < 0 or after.instant // 1_000_000 > segments[number][1]:
                continue
        kilometres = measure_distance(before.place, after.place)
        seconds = (after.instant - before.instant) / 1e9
        if kilometres >= LEAST and kilometres > FASTEST * seconds / 3_600:
            yield Leap(before, after, kilometres, seconds, kilometres * 3_600 / seconds if seconds else None)


def build_sightings(planned: ReadingPlan, search: Search, scope: Scope) -> dict[str, Body]:
    """What to read after the stays are known: no body where nothing can have been impossible."""
    if not planned.windows:
        return {}
    return {"sightings": entity.build_sightings(search, scope, planned.windows[-WINDOWS:], size=SIGHTINGS)}


def read_travel(stays: Sequence[Stay], planned: ReadingPlan, responses: Mapping[str, Response]) -> Travel:
    """The travels, from the stays and from the responses to `build_sightings`."""
    hits = responses["sightings"]["hits"]["hits"] if "sightings" in responses else []
    sightings = [read_sighting(hit) for hit in reversed(hits)]
    leaps = list(find_leaps(sightings, planned.segments))
    since = None
    if len(stays) == STAYS:
        since = format_milliseconds(min(stay.first for stay in stays))
    if len(planned.windows) > WINDOWS:
        since = format_milliseconds(planned.windows[-WINDOWS][0])
    if len(hits) == SIGHTINGS:
        since = sightings[0].timestamp
    return Travel(leaps[: -SHOWN - 1 : -1], len(leaps), len({stay.place for stay in stays}), since)


def read_sighting(hit: dict[str, Any]) -> Sighting:
    """One of the engine's hits as a sighting, from its columns and its place in the order."""
    fields, (instant, event_id) = hit["fields"], hit["sort"]
    location, city, country, address, outcome = (next(iter(fields.get(name, ())), None) for name in entity.SIGHTED)
    latitude, longitude = (round(float(part), 6) for part in str(location).split(","))
    place = (latitude, longitude)
    return Sighting(str(event_id), format_time(instant), instant, place, city, country, address, outcome)


def measure_distance(origin: Place, destination: Place) -> float:
    """The great circle between two places in km, by the haversine formula (Sinnott, 1984)."""
    (south, west), (north, east) = ((radians(degree) for degree in place) for place in (origin, destination))
    half = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin((east - west) / 2) ** 2
    return 2 * RADIUS * asin(min(1.0, sqrt(half)))


def find_middle(tile: str) -> Place:
    """The middle of a tile of the web's maps, `zoom/x/y`, in degrees."""
    zoom, x, y = (int(part) for part in tile.split("/"))
    tiles = 2**zoom
    return degrees(atan(sinh(pi * (1 - 2 * (y + 0.5) / tiles)))), (x + 0.5) / tiles * 360 - 180


def _group_overlapping(stays: Iterable[Stay]) -> Iterator[list[Stay]]:
    """Stays in their order in time, those together that overlap, so that their order is not known."""
    group: list[Stay] = []
    end = 0
    for stay in sorted(stays, key=lambda stay: stay.first):
        if group and stay.first > end:
            yield group
            group = []
        group.append(stay)
        end = max(end, stay.last)
    if group:
        yield group


def _find_ends(group: Sequence[Stay]) -> Window:
    return group[0].first, max(stay.last for stay in group)


def _is_far(origin: Place, destination: Place) -> bool:
    return measure_distance(origin, destination) >= LEAST - _ROUNDING


def _is_too_fast(origin: Place, destination: Place, milliseconds: int) -> bool:
    """Whether it may have been: the figures are cut to the millisecond, so that up to one less may have passed."""
    hours = max(milliseconds - 1, 0) / 3_600_000
    return _is_far(origin, destination) and measure_distance(origin, destination) + _ROUNDING > FASTEST * hours


def _merge(windows: Iterable[Window]) -> list[Window]:
    merged: list[Window] = []
    for start, end in sorted(windows):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
