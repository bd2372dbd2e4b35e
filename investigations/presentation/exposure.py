"""Puts together what the page of an exposure shows: who is chosen, the figures, the picture, what was reached as rows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.http import urlencode

from investigations.presentation.actors import build_actors, find_newcomer
from investigations.presentation.cells import make_visible
from investigations.presentation.counts import count_events
from investigations.presentation.figures import Figure
from investigations.presentation.lifeline.build import Subject, build_picture
from investigations.presentation.lifeline.choice import REACHED, LifelineChoice
from investigations.presentation.lifeline.picture import Extent, Flag, Lane, Picture
from investigations.presentation.lifeline.words import to_nanoseconds, write_clock
from investigations.presentation.reached import build_rows, name_kind
from investigations.presentation.tokens import duration_text
from trail.documents import get
from trail.questions.compromise import Compromise
from trail.questions.exposure import Exposure, ReachedKind
from trail.times import parse_time

MILLISECOND = 1_000_000

# What the address says beside how the lifeline is drawn.
WORDS = ("at", "revocation", "actor", "open")


def build_exposure_page(
    exposure: Exposure, choice: LifelineChoice, query: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """The context of the page of an exposure."""
    answer = exposure.compromise
    picture = build_picture(exposure.lifeline, choice, _build_subject(exposure), now=to_nanoseconds(now))
    head = "From compromise to revocation" if answer.revocation else "From compromise on"
    kinds = [kind for kind in exposure.reached if kind.number]
    picture = replace(picture, head=head, lanes=tuple(_add_badges(picture, choice, answer, kinds)))
    words = {name: query[name] for name in (*WORDS, "lanes", "scale") if query.get(name)}
    return {
        "answer": answer,
        "picture": picture,
        "lane_field": choice.lanes,
        "actors": build_actors(answer.actors, answer.actor, words, count=answer.total),
        "newcomer": find_newcomer(answer, words),
        "reached": _join(f"{kind.number:,} {name_kind(kind)}" for kind in kinds),
        "issued": [value.value for value in exposure.issued.values if value.value != answer.token.value],
        "length": _measure(exposure),
        "counted": _count(answer),
        "figures": list(_choose_figures(answer, kinds)),
        "rows": build_rows(exposure, picture, words),
        "reached_others": sum(kind.others for kind in exposure.reached if kind.type == words.get("open")),
        "owner": exposure.about["organization.id"].commonest,
        "token_kind": exposure.about["token.kind"].commonest,
        "others_did": answer.actors.total - answer.total if answer.actor else 0,
        "since_words": urlencode([(name, words[name]) for name in ("revocation", "actor") if name in words]),
        "csv_words": urlencode([(name, words[name]) for name in ("at", "revocation", "actor") if name in words]),
    }


def _join(texts: Iterable[str]) -> str:
    """`a, b and c`."""
    *others, last = list(texts) or [""]
    return f"{', '.join(others)} and {last}" if others else last


def _count(answer: Compromise) -> str:
    """How many events: `24 of the 98 events`, or `98 events` of everyone."""
    number = answer.actors.total if answer.actor else answer.total
    events = count_events(number)
    return f"{answer.total:,} of the {events}" if answer.actor else events


def _measure(exposure: Exposure) -> str:
    """How long it was exposed, in words; empty where it is not over, or never began."""
    answer = exposure.compromise
    start = parse_time(answer.at) if answer.at else exposure.lifeline.first
    if not answer.revocation or start is None:
        return ""
    return duration_text(parse_time(answer.revocation.at) - start)


def _build_subject(exposure: Exposure) -> Subject:
    """How the moment and the revocation stand in the picture."""
    answer, end = exposure.compromise, None
    if answer.revocation:
        who = get(answer.revocation.event.document, "user.id")
        time = parse_time(answer.revocation.at)
        by = f" by {make_visible(str(who))[:28]}" if who else ""
        end = Flag(time, "revoked", f"revoked {write_clock(time, seconds=True)}{by}", "revoked")
    flags: tuple[Flag, ...] = ()
    if answer.at:
        at = _place_moment(answer)
        flags = (Flag(at, "first", f"compromised {write_clock(at, seconds=True)}", "compromised"),)
    extent = Extent(flags[0].time, end.time, f"exposed for {_measure(exposure)}") if flags and end else None
    return Subject(answer.token.value, end=end, flags=flags, extent=extent, has_firsts=False)


def _add_badges(
    picture: Picture, choice: LifelineChoice, answer: Compromise, kinds: Iterable[ReachedKind]
) -> Iterator[Lane]:
    """Where lanes are of kinds of things, how many of each were reached; as bad where it is of somebody who is chosen."""
    numbers = {kind.type: kind.number for kind in kinds} if choice.lanes is REACHED else {}
    look = "critical" if answer.actor else "open"
    for lane in picture.lanes:
        number = numbers.get(lane.name)
        yield replace(lane, badge=(look, f"{number:,} reached")) if number else lane


def _place_moment(answer: Compromise) -> int:
    """The moment of compromise: that of the first use since, where it was taken from a time to the millisecond."""
    at = parse_time(answer.at or "")
    first = parse_time(answer.first_suspicious.timestamp) if answer.first_suspicious else at
    return first if 0 <= first - at < MILLISECOND else at


def _choose_figures(answer: Compromise, kinds: list[ReachedKind]) -> Iterator[Figure]:
    """Its events, of what it reached the two kinds there is most of, and what came after."""
    yield Figure("its events" if answer.actor else "events", f"{answer.total:,}")
    late = answer.accepted.total if answer.accepted else 0
    most = sorted(kinds, key=lambda kind: -kind.number)[: 1 if late else 2]
    for kind in (kind for kind in kinds if kind in most):
        look = "is-bad" if answer.actor else ""
        yield Figure(f"{name_kind(kind)} reached", f"{kind.number:,}", look=look)
    if late:
        yield Figure("accepted after", f"{late:,}", look="is-bad")
    if answer.refused:
        yield Figure("denied after", f"{answer.refused.total:,}", look="is-denied")
