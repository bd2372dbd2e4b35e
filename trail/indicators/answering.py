"""Which indicators of a list the trail has seen. Exact over all of history, in a few round trips however long the list."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trail import coverage
from trail.connection import Trail
from trail.coverage import Coverage
from trail.errors import Incomplete
from trail.indicators.parsing import Indicator, Kind, plain_address
from trail.search import execute, occurrences
from trail.search.bodies import Body
from trail.search.spec import Scope

AT_ONCE = 2_500  # indicators in one round trip
ADDRESS = "source.ip"
# Where each kind is looked for. Every one of these holds one value in an event.
_NAMES = ("user.id", "user.name", "user.email", "service.name", "host.name", "organization.id", "organization.name",
          "resource.id", "resource.name", "event.id", "http.request.id", "trace.id", "token.id", "token.key_id",
          "url.domain", "source.address", "writer.id")  # fmt: skip
_HASHES = ("token.fingerprint", "token.parent_fingerprint")
FIELDS: dict[Kind, tuple[str, ...]] = {
    Kind.ADDRESS: (ADDRESS, "source.address", "host.name", "url.domain", "resource.id"),
    Kind.NETWORK: (ADDRESS,),
    Kind.HASH: (*_HASHES, *_NAMES),
    Kind.IDENTIFIER: (*_HASHES, *_NAMES),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """An indicator in one field: in how many events, how many of them failed, and the first and last of them."""

    field: str
    events: int
    failures: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one indicator: where it was seen, the commonest field first; never, if nowhere."""

    indicator: Indicator
    seen: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class Sightings:
    """The answer to a list, in its order, and what was searched for it."""

    answers: tuple[Answer, ...]
    coverage: Coverage

    @property
    def never(self) -> int:
        """How many were never seen."""
        return sum(not one.seen for one in self.answers)


@dataclass(slots=True)
class _Found:
    """What came back so far, by indicator."""

    seen: dict[str, list[Seen]] = field(default_factory=dict)

    def take(self, name: str, answer: dict[str, Any]) -> None:
        values = answer.get("aggregations", {}).get("values", {})
        if values.get("doc_count_error_upper_bound") or values.get("sum_other_doc_count"):
            raise Incomplete(f"The trail did not count {name} exactly; nothing of that answer is shown.")
        for bucket in values.get("buckets", ()):
            if bucket["doc_count"]:
                key = str(bucket["key"])
                self.seen.setdefault(plain_address(key) if name == ADDRESS and "/" not in key else key, []).append(Seen(
                    field=name, events=bucket["doc_count"], failures=bucket["failures"]["doc_count"],
                    first=bucket["first"]["value_as_string"], last=bucket["last"]["value_as_string"],
                ))  # fmt: skip


def look_up(
    trail: Trail, indicators: Sequence[Indicator], scope: Scope, *, now: datetime, opaque_id: str | None = None
) -> Sightings:
    """Look for each in every field where its kind may stand: one round trip for each AT_ONCE. Raises TrailUnavailable."""
    found, extent = _Found(), None
    for start in range(0, max(len(indicators), 1), AT_ONCE):
        asked = list(_bodies(indicators[start : start + AT_ONCE], scope))
        covered = [coverage.body(scope)] if extent is None else []
        answers = execute.ask_all(trail, [*(body for _, body in asked), *covered], opaque_id=opaque_id)
        if extent is None:
            extent = coverage.read(answers.pop(), now)
        for (name, _), answer in zip(asked, answers, strict=True):
            found.take(name, answer)
    assert extent is not None
    return Sightings(tuple(_answer(one, found.seen) for one in indicators), extent)


def _answer(one: Indicator, seen: dict[str, list[Seen]]) -> Answer:
    return Answer(one, tuple(sorted(seen.get(one.value, ()), key=lambda each: (-each.events, each.field))))


def _bodies(indicators: Sequence[Indicator], scope: Scope) -> Iterator[tuple[str, Body]]:
    networks = [one.value for one in indicators if one.kind is Kind.NETWORK]
    for start in range(0, len(networks), occurrences.NETWORKS_AT_ONCE):
        some = networks[start : start + occurrences.NETWORKS_AT_ONCE]
        yield ADDRESS, occurrences.of_networks(ADDRESS, some, scope)
    for name in dict.fromkeys(name for kind in FIELDS for name in FIELDS[kind]):
        values = [one.value for one in indicators if one.kind is not Kind.NETWORK and name in FIELDS[one.kind]]
        if values:
            yield name, occurrences.of_values(name, values, scope)
