"""Counts how long the tokens of a case lived and its sessions lasted, as far as what is pinned says so, by SQL over facts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Max, Min

from investigations.models import Evidence
from investigations.presentation.lifeline.spans import LaneSpan
from investigations.timeline.fact_lifeline import Facts
from investigations.timeline.facts import read_session
from trail.documents import get
from trail.schema import Operation
from trail.times import NotATime, is_event_time, parse_time

# So many lives, and so many sessions, are drawn and listed: the first.
MOST = 100


@dataclass(frozen=True, slots=True)
class CountedSpans:
    """The lives and sessions of the lanes, the first of each in the order in which they began, and how many more there are."""

    spans: tuple[LaneSpan, ...] = ()
    left_out: int = 0


def count_spans(facts: Facts, column: str, names: Mapping[Any, str]) -> CountedSpans:
    """Those of the lanes whose values, as the `column` of the facts holds them, `names` calls so. Six queries, where there is
    nothing too.

    A life begins with the issue that is pinned, in its lane, and ends with the first revocation that is pinned and names the
    token, else when the issue says that it expires. A session is from its first to its last event that is pinned in the lane.
    """
    facts = facts.order_by()
    mine = facts.filter(**{f"{column}__in": list(names)})
    lives, more_lives = _count_lives(facts, mine, column, names)
    sessions, more_sessions = _count_sessions(mine, column, names)
    return CountedSpans((*lives, *sessions), more_lives + more_sessions)


def collect_spans(documents: Iterable[dict[str, Any]], field: str) -> tuple[LaneSpan, ...]:
    """The same of documents at hand, such as frozen copies, whose lanes are the values of a field; by property that of their
    facts."""
    sessions: dict[tuple[str, str], list[int]] = {}
    issues: dict[tuple[str, str], tuple[int, str]] = {}
    revoked: dict[str, int] = {}
    for document in sorted(documents, key=lambda each: parse_time(each["@timestamp"])):
        time, lane, token = parse_time(document["@timestamp"]), _read(document, field), _read(document, "token.id")
        operation, outcome = _read(document, "token.operation"), _read(document, "event.outcome")
        if lane and (session := read_session(document)):
            sessions.setdefault((lane, session), []).append(time)
        if lane and token and operation == Operation.ISSUE and outcome == "success":
            issues.setdefault((lane, token), (time, _read(document, "token.expires_at")))
        if operation == Operation.REVOKE and outcome != "failure":
            revoked.setdefault(token, time)
    first = {pair: (time, number) for number, (pair, (time, _)) in enumerate(issues.items())}
    expiries = {number: parse_time(text) for number, (_, text) in enumerate(issues.values()) if is_event_time(text)}
    lanes = {lane: lane for lane, _ in first}
    lives = sorted(_build_lives(first, revoked, expiries, lanes), key=lambda span: (span.start, span.name))
    lasted = [LaneSpan("session", *pair, times[0], times[-1], len(times)) for pair, times in sessions.items()]
    lasted.sort(key=lambda span: (span.start, span.name))
    return (*lives[:MOST], *lasted[:MOST])


def _read(document: dict[str, Any], field: str) -> str:
    value = get(document, field)
    return "" if value is None else str(value)


def _count_sessions(mine: Facts, column: str, names: Mapping[Any, str]) -> tuple[list[LaneSpan], int]:
    grouped = mine.filter(session__gt="").annotate(lane=F(column)).values_list("lane", "session")
    counted = grouped.annotate(first=Min("time"), last=Max("time"), number=Count("time"))
    rows = list(counted.order_by("first", "session")[: MOST + 1])
    number = counted.count()
    spans = [
        LaneSpan("session", names[lane], session, first, last, count) for lane, session, first, last, count in rows
    ]
    return spans[:MOST], number - len(spans[:MOST])


def _count_lives(facts: Facts, mine: Facts, column: str, names: Mapping[Any, str]) -> tuple[list[LaneSpan], int]:
    issues = mine.filter(operation=Operation.ISSUE, outcome="success").exclude(token_id="").annotate(lane=F(column))
    ordered = issues.order_by("time", "pk").values_list("lane", "token_id", "time", "pk")
    rows = list(ordered[: MOST + 1])
    number = issues.count()
    first = {(lane, token): (time, pk) for lane, token, time, pk in reversed(rows[:MOST])}
    revoked = facts.filter(operation=Operation.REVOKE, token_id__in={token for _, token in first} or {""})
    ends = dict(revoked.exclude(outcome="failure").values_list("token_id").annotate(end=Min("time")))
    expiries = _read_expiries([pk for _, pk in first.values()])
    spans = list(_build_lives(first, ends, expiries, names))
    return sorted(spans, key=lambda span: (span.start, span.name)), number - len(rows[:MOST])


def _build_lives(
    first: Mapping[tuple[Any, str], tuple[int, int]],
    ends: Mapping[str, int],
    expiries: Mapping[int, int],
    names: Mapping[Any, str],
) -> Iterator[LaneSpan]:
    for (lane, token), (start, pk) in first.items():
        revoked, expires = ends.get(token), expiries.get(pk)
        known = [(time, word) for time, word in ((revoked, "revoked"), (expires, "expires")) if time is not None]
        end, word = min((each for each in known if each[0] >= start), default=(None, ""))
        yield LaneSpan("lifetime", names[lane], token, start, end, ended=word)


def _read_expiries(keys: Sequence[int]) -> dict[int, int]:
    """When the tokens expire that these events issued, by the events' keys; at most MOST copies are read. One query."""
    expiries = {}
    for evidence in Evidence.objects.only("pk", "frozen").filter(pk__in=keys or [0]):
        try:
            expiries[evidence.pk] = parse_time(str(get(evidence.document, "token.expires_at")))
        except NotATime:
            continue  # it says none
    return expiries
