"""Looks up which indicators of a list the trail has seen. Exact over all of history, in a few round trips however long it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trail.connection import Trail
from trail.errors import Incomplete
from trail.questions import coverage
from trail.questions.coverage import Coverage
from trail.questions.indicator_list import Indicator, IndicatorKind, normalise_address
from trail.search import execute
from trail.search.bodies import occurrences
from trail.search.bodies.query import Body
from trail.search.responses import Response
from trail.search.spec import Scope

AT_ONCE = 2_500  # indicators in one round trip
ADDRESS = "source.ip"
# Where each kind is looked for. Every one of these holds one value in an event.
_NAMES = ("user.id", "user.name", "user.email", "service.name", "host.name", "organization.id", "organization.name",
          "resource.id", "resource.name", "event.id", "http.request.id", "trace.id", "token.id", "token.key_id",
          "url.domain", "source.address", "writer.id")  # fmt: skip
_HASHES = ("token.fingerprint", "token.parent_fingerprint")
FIELDS: dict[IndicatorKind, tuple[str, ...]] = {
    IndicatorKind.ADDRESS: (ADDRESS, "source.address", "host.name", "url.domain", "resource.id"),
    IndicatorKind.NETWORK: (ADDRESS,),
    IndicatorKind.HASH: (*_HASHES, *_NAMES),
    IndicatorKind.IDENTIFIER: (*_HASHES, *_NAMES),
}


@dataclass(frozen=True, slots=True)
class FieldOccurrence:
    """An indicator in one field: in how many events, how many of them failed, and the first and last of them."""

    field: str
    events: int
    failures: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class IndicatorAnswer:
    """What is known of one indicator: where it was seen, the commonest field first; never, if nowhere."""

    indicator: Indicator
    seen: tuple[FieldOccurrence, ...] = ()


@dataclass(frozen=True, slots=True)
class IndicatorSightings:
    """The answer to a list, in its order, and what was searched for it."""

    answers: tuple[IndicatorAnswer, ...]
    coverage: Coverage

    @property
    def never(self) -> int:
        """How many were never seen."""
        return sum(not answer.seen for answer in self.answers)


@dataclass(slots=True)
class _Occurrences:
    """Where values occurred, as far as it was read."""

    by_value: dict[str, list[FieldOccurrence]] = field(default_factory=dict)

    def add(self, name: str, response: Response) -> None:
        """Take in the response about one field. Raises Incomplete where a count is not exact."""
        values = response.get("aggregations", {}).get("values", {})
        if values.get("doc_count_error_upper_bound") or values.get("sum_other_doc_count"):
            raise Incomplete(f"The trail did not count {name} exactly; nothing of that answer is shown.")
        for bucket in values.get("buckets", ()):
            if bucket["doc_count"]:
                key = str(bucket["key"])
                value = normalise_address(key) if name == ADDRESS and "/" not in key else key
                self.by_value.setdefault(value, []).append(_read_occurrence(name, bucket))


def _read_occurrence(name: str, bucket: dict[str, Any]) -> FieldOccurrence:
    return FieldOccurrence(
        field=name,
        events=bucket["doc_count"],
        failures=bucket["failures"]["doc_count"],
        first=bucket["first"]["value_as_string"],
        last=bucket["last"]["value_as_string"],
    )


def look_up_indicators(
    trail: Trail, indicators: Sequence[Indicator], scope: Scope, *, now: datetime, opaque_id: str | None = None
) -> IndicatorSightings:
    """Look for each in every field where its kind may stand: one round trip for each AT_ONCE. Raises TrailUnavailable."""
    occurred, covered = _Occurrences(), None
    for start in range(0, max(len(indicators), 1), AT_ONCE):
        bodies = _bodies(indicators[start : start + AT_ONCE], scope)
        if covered is None:
            bodies |= {_COVERAGE: coverage.build_coverage(scope)}
        responses = execute.ask_all(trail, bodies, opaque_id=opaque_id)
        covered = covered or coverage.read_coverage(responses.pop(_COVERAGE), now)
        for (name, _), response in responses.items():
            occurred.add(name, response)
    assert covered is not None
    answers = tuple(_answer(indicator, occurred.by_value) for indicator in indicators)
    return IndicatorSightings(answers, covered)


def _answer(indicator: Indicator, occurred: dict[str, list[FieldOccurrence]]) -> IndicatorAnswer:
    fields = sorted(occurred.get(indicator.value, ()), key=lambda occurrence: (-occurrence.events, occurrence.field))
    return IndicatorAnswer(indicator, tuple(fields))


# A body is called by its field and where its part of a long list begins.
_COVERAGE = ("", 0)


def _bodies(indicators: Sequence[Indicator], scope: Scope) -> dict[tuple[str, int], Body]:
    bodies: dict[tuple[str, int], Body] = {}
    networks = [indicator.value for indicator in indicators if indicator.kind is IndicatorKind.NETWORK]
    for start in range(0, len(networks), occurrences.NETWORKS_AT_ONCE):
        part = networks[start : start + occurrences.NETWORKS_AT_ONCE]
        bodies[ADDRESS, start + 1] = occurrences.build_network_occurrences(ADDRESS, part, scope)
    for name in dict.fromkeys(name for kind in FIELDS for name in FIELDS[kind]):
        values = [
            indicator.value
            for indicator in indicators
            if indicator.kind is not IndicatorKind.NETWORK and name in FIELDS[indicator.kind]
        ]
        if values:
            bodies[name, 0] = occurrences.build_value_occurrences(name, values, scope)
    return bodies
