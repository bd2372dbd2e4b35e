"""Counts how long the tokens of a case lived and its sessions lasted, as far as what is pinned says so, by SQL over facts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Max, Min

from investigations.models import Evidence
from investigations.presentation.lifeline.spans import LaneSpan
from investigations.timeline.fact_lifeline import Facts
from investigations.timeline.facts import read_session, read_text
from trail.documents import get
from trail.schema import Operation
from trail.search.bodies.lifeline import LANES
from trail.times import NotATime, is_event_time, parse_time

# So many lives, and so many sessions, are drawn and listed: the first.
MOST = 100
_CHANGES = (Operation.REVOKE, Operation.RESTORE)
# A token, when something was done to it in nanoseconds since 1970, and what: one of _CHANGES.
Change = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class CountedSpans:
    """The lives and sessions of the lanes, the first of each in the order in which they began, and how many more there are."""

    spans: tuple[LaneSpan, ...] = ()
    left_out: int = 0


def count_spans(facts: Facts, column: str, names: Mapping[Any, str], whole: Facts | None = None) -> CountedSpans:
    """Those of the lanes whose values, as the `column` of the facts holds them, `names` calls so. Six queries, where there is
    nothing too.

    A life begins with the issue that is pinned, in its lane, and ends with the first revocation after it that is pinned and
    names the token, else when the issue says that it expires. With a restoration after a revocation another one begins. Both
    are looked for in the `whole` of what is pinned, however narrow `facts` are. A session is from its first to its last event
    that is pinned in the lane.
    """
    facts = facts.order_by()
    mine = facts.filter(**{f"{column}__in": list(names)})
    lives, more_lives = _count_lives(facts if whole is None else whole, mine, column, names)
    sessions, more_sessions = _count_sessions(mine, column, names)
    return CountedSpans((*lives, *sessions), more_lives + more_sessions)


def collect_spans(documents: Iterable[dict[str, Any]], field: str) -> CountedSpans:
    """The same of documents at hand, such as frozen copies, in the LANES lanes of a field's commonest values; by property that
    of their facts."""
    ordered = sorted(documents, key=lambda each: parse_time(each["@timestamp"]))
    lanes = _rank_lanes(ordered, field)
    sessions: dict[tuple[str, str], list[int]] = {}
    issues: dict[tuple[str, str], tuple[int, str]] = {}
    changes: list[Change] = []
    for document in ordered:
        time, lane, token = parse_time(document["@timestamp"]), read_text(document, field), _read_token(document)
        operation, outcome = read_text(document, "token.operation"), read_text(document, "event.outcome")
        if lane in lanes and (session := read_session(document)):
            sessions.setdefault((lane, session), []).append(time)
        if lane in lanes and token and operation == Operation.ISSUE and outcome == "success":
            issues.setdefault((lane, token), (time, read_text(document, "token.expires_at")))
        if operation in _CHANGES and outcome != "failure":
            changes.append((token, time, operation))
    first = {pair: (time, number) for number, (pair, (time, _)) in enumerate(issues.items())}
    expiries = {number: parse_time(text) for number, (_, text) in enumerate(issues.values()) if is_event_time(text)}
    lives, more_lives = _build_lives(first, changes, expiries, lanes)
    lasted = [LaneSpan("session", *pair, times[0], times[-1], len(times)) for pair, times in sessions.items()]
    lasted.sort(key=lambda span: (span.start, span.name))
    return CountedSpans((*lives, *lasted[:MOST]), more_lives + len(lasted[MOST:]))


def _rank_lanes(documents: Iterable[dict[str, Any]], field: str) -> dict[str, str]:
    counts = Counter(filter(None, (read_text(document, field) for document in documents)))
    ranked = sorted(counts, key=lambda value: (-counts[value], value))
    return {value: value for value in ranked[:LANES]}


def _read_token(document: dict[str, Any]) -> str:
    return read_text(document, "token.id")


def _count_sessions(mine: Facts, column: str, names: Mapping[Any, str]) -> tuple[list[LaneSpan], int]:
    grouped = mine.filter(session__gt="").annotate(lane=F(column)).values_list("lane", "session")
    counted = grouped.annotate(first=Min("time"), last=Max("time"), number=Count("time"))
    rows = list(counted.order_by("first", "session")[: MOST + 1])
    number = counted.count()
    spans = [
        LaneSpan("session", names[lane], session, first, last, count) for lane, session, first, last, count in rows
    ]
    return spans[:MOST], number - len(spans[:MOST])


def _count_lives(whole: Facts, mine: Facts, column: str, names: Mapping[Any, str]) -> tuple[list[LaneSpan], int]:
    issues = mine.filter(operation=Operation.ISSUE, outcome="success").exclude(token_id="").annotate(lane=F(column))
    ordered = issues.order_by("time", "pk").values_list("lane", "token_id", "time", "pk")
    rows = list(ordered[:MOST])
    number = issues.values("lane", "token_id").distinct().count()
    first = {(lane, token): (time, pk) for lane, token, time, pk in reversed(rows)}
    changed = whole.filter(operation__in=_CHANGES, token_id__in={token for _, token in first} or {""})
    in_order = changed.exclude(outcome="failure").order_by("time", "evidence__event_id")
    changes = in_order.values_list("token_id", "time", "operation").iterator()
    lives, more = _build_lives(first, changes, _read_expiries([pk for _, pk in first.values()]), names)
    return lives, more + number - len(first)


def _build_lives(
    first: Mapping[tuple[Any, str], tuple[int, int]],
    changes: Iterable[Change],
    expiries: Mapping[int, int],
    names: Mapping[Any, str],
) -> tuple[list[LaneSpan], int]:
    """The first lives in the order in which they began, and how many more there are. `changes` are in the order of time."""
    lives = {pair: _TokenLives(start) for pair, (start, _) in first.items()}
    by_token = defaultdict[str, list[_TokenLives]](list)
    for (_, token), life in lives.items():
        by_token[token].append(life)
    for token, time, operation in changes:
        for life in by_token.get(token, ()):
            life.change(time, operation)
    spans = [
        span
        for (lane, token), life in lives.items()
        for span in life.build(names[lane], token, expiries.get(first[lane, token][1]))
    ]
    spans.sort(key=lambda span: (span.start, span.name))
    return spans[:MOST], len(spans[MOST:]) + sum(life.left_out for life in lives.values())


class _TokenLives:
    """The lives of one token in one lane while they are read. Those after MOST are counted alone, for none of them can be among
    the first MOST of all."""

    def __init__(self, start: int) -> None:
        self.start, self.left_out, self.is_alive = start, 0, True
        self.starts: list[int] = [start]
        self.ends: list[int] = []

    def change(self, time: int, operation: str) -> None:
        """What was done before the token was issued says nothing of it."""
        if time < self.start or self.is_alive == (operation == Operation.RESTORE):
            return
        self.is_alive = not self.is_alive
        if self.left_out:
            self.left_out += self.is_alive
        elif not self.is_alive:
            self.ends.append(time)
        elif len(self.starts) < MOST:
            self.starts.append(time)
        else:
            self.left_out = 1

    def build(self, lane: str, token: str, expires: int | None) -> Iterator[LaneSpan]:
        """The lives until the token expired, where that is known and not before it was issued."""
        if expires is not None and expires < self.start:
            expires = None
        for number, start in enumerate(self.starts):
            if expires is not None and start > expires:
                self.left_out = 0  # which would be no lives
                return
            revoked = self.ends[number] if number < len(self.ends) else None
            is_expiry = expires is not None and (revoked is None or expires <= revoked)
            end, word = (expires, "expires") if is_expiry else (revoked, "" if revoked is None else "revoked")
            yield LaneSpan("lifetime", lane, token, start, end, began="restored" if number else "", ended=word)


def _read_expiries(keys: Sequence[int]) -> dict[int, int]:
    """When the tokens expire that these events issued, by the events' keys; at most MOST copies are read. One query."""
    expiries = {}
    for evidence in Evidence.objects.only("pk", "frozen").filter(pk__in=keys or [0]):
        try:
            expiries[evidence.pk] = parse_time(str(get(evidence.document, "token.expires_at")))
        except NotATime:
            continue  # it says none
    return expiries
