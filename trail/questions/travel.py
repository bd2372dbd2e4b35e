"""Impossible travel: two sightings of a user, one right after the other, too far apart for the time between.

A user's sightings are not read one by one. The engine says for each day from when to when the user was seen at each place;
events are read only where that leaves open how fast somebody would have had to be: where one place follows another too fast, and
where the stays at two places overlap. What is left out lies between two sightings at one place, so nothing can be missed by it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import asin, atan, cos, degrees, pi, radians, sin, sinh, sqrt
from typing import Any

from trail import moments
from trail.questions.reading import time_of
from trail.search import entities
from trail.search.bodies import Body
from trail.search.spec import Scope, Search

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


def asked(search: Search, scope: Scope) -> Body:
    """The body that says when the user was seen where."""
    return entities.places(search, scope, size=STAYS)


def stays_in(answer: dict[str, Any]) -> list[Stay]:
    """The stays of the engine's answer, the latest day first."""
    found = answer.get("aggregations", {}).get("stays", {"buckets": []})
    return [
        Stay(int(bucket["ends"]["min"]), int(bucket["ends"]["max"]), middle_of(bucket["key"]["place"]))
        for bucket in found["buckets"]
    ]


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be read to know every leap: the events within `windows`.

    Two events that are read follow each other in the trail as well when one of `segments` holds both.
    """

    windows: list[Window]
    segments: list[Window]


def plan(stays: Iterable[Stay]) -> Plan:
    """Where one place follows another too fast, or two are told of at one time."""
    groups = list(_together(stays))
    windows: list[Window] = []
    segments: list[Window] = []
    for group in groups:
        if any(_far(one, other) for one, other in combinations({stay.place for stay in group}, 2)):
            whole = _span(group)
            windows.append(whole)
            segments.append(whole)
    for earlier, later in pairwise(groups):
        end, start = _span(earlier)[1], _span(later)[0]
        left = [stay.place for stay in earlier if stay.last == end]
        reached = [stay.place for stay in later if stay.first == start]
        if any(_too_fast(one, other, start - end) for one in left for other in reached):
            windows += [(end, end), (start, start)]
            segments.append((end, start))
    return Plan(_merged(windows), _merged(segments))


def leaps(sightings: Sequence[Sighting], segments: Sequence[Window] | None = None) -> Iterator[Leap]:
    """The leaps among sightings in their order in time, oldest first; of pairs that no segment holds nothing is said."""
    starts = [start for start, _ in segments or ()]
    for before, after in pairwise(sightings):
        if segments is not None:
            number = bisect_right(starts, before.instant // 1_000_000) - 1
            if number < 0 or after.instant // 1_000_000 > segments[number][1]:
                continue
        kilometres = distance(before.place, after.place)
        seconds = (after.instant - before.instant) / 1e9
        if kilometres >= LEAST and kilometres > FASTEST * seconds / 3_600:
            yield Leap(before, after, kilometres, seconds, kilometres * 3_600 / seconds if seconds else None)


def follow_up(answer: dict[str, Any], search: Search, scope: Scope) -> tuple[Plan, list[Body]]:
    """What to read after the stays are known: no body where nothing can have been impossible."""
    planned = plan(stays_in(answer))
    if not planned.windows:
        return planned, []
    return planned, [entities.sightings(search, scope, planned.windows[-WINDOWS:], size=SIGHTINGS)]


def read(answer: dict[str, Any], planned: Plan, answers: list[dict[str, Any]]) -> Travel:
    """The travels, from the stays and from what was read after them."""
    stays = stays_in(answer)
    hits = [found for one in answers for found in one["hits"]["hits"]]
    seen = [sighting_of(hit) for hit in reversed(hits)]
    found = list(leaps(seen, planned.segments))
    since = None
    if len(stays) == STAYS:
        since = time_of(min(stay.first for stay in stays))
    if len(planned.windows) > WINDOWS:
        since = time_of(planned.windows[-WINDOWS][0])
    if len(hits) == SIGHTINGS:
        since = seen[0].timestamp
    return Travel(found[: -SHOWN - 1 : -1], len(found), len({stay.place for stay in stays}), since)


def sighting_of(found: dict[str, Any]) -> Sighting:
    """One of the engine's hits as a sighting, from its columns and its place in the order."""
    fields, (instant, event_id) = found["fields"], found["sort"]
    location, city, country, address, outcome = (next(iter(fields.get(name, ())), None) for name in entities.SIGHTED)
    latitude, longitude = (round(float(part), 6) for part in str(location).split(","))
    place = (latitude, longitude)
    return Sighting(str(event_id), moments.time_of(instant), instant, place, city, country, address, outcome)


def distance(one: Place, other: Place) -> float:
    """The great circle between two places in km, by the haversine formula (Sinnott, 1984)."""
    (south, west), (north, east) = ((radians(degree) for degree in place) for place in (one, other))
    half = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin((east - west) / 2) ** 2
    return 2 * RADIUS * asin(min(1.0, sqrt(half)))


def middle_of(tile: str) -> Place:
    """The middle of a tile of the web's maps, `zoom/x/y`, in degrees."""
    zoom, x, y = (int(part) for part in tile.split("/"))
    tiles = 2**zoom
    return degrees(atan(sinh(pi * (1 - 2 * (y + 0.5) / tiles)))), (x + 0.5) / tiles * 360 - 180


def _together(stays: Iterable[Stay]) -> Iterator[list[Stay]]:
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


def _span(group: Sequence[Stay]) -> Window:
    return group[0].first, max(stay.last for stay in group)


def _far(one: Place, other: Place) -> bool:
    return distance(one, other) >= LEAST - _ROUNDING


def _too_fast(one: Place, other: Place, milliseconds: int) -> bool:
    """Whether it may have been: the figures are cut to the millisecond, so that up to one less may have passed."""
    hours = max(milliseconds - 1, 0) / 3_600_000
    return _far(one, other) and distance(one, other) + _ROUNDING > FASTEST * hours


def _merged(windows: Iterable[Window]) -> list[Window]:
    merged: list[Window] = []
    for start, end in sorted(windows):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
