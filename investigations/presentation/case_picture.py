"""Draws the lifeline of a case from the frozen copies of its evidence, whose marks lead to where each stands in the case."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from investigations.presentation.cells import make_visible
from investigations.presentation.lifeline.build import Subject
from investigations.presentation.lifeline.choice import LANES_OF, LifelineChoice, read_choice
from investigations.presentation.lifeline.lanes import EventsLink
from investigations.presentation.lifeline.picture import Flag
from investigations.presentation.lifeline.rows import draw_lifeline
from investigations.presentation.lifeline.spans import LaneSpan
from investigations.presentation.lifeline.words import write_clock
from investigations.presentation.manual_picture import JointManualPicture, ManualPicture
from trail.documents import get
from trail.questions.document_lifeline import collect_lifeline
from trail.questions.lifeline import Lifeline, Moment
from trail.search.spec import Search
from trail.times import parse_time


def build_case_lifeline(
    title: str,
    documents: Sequence[dict[str, Any]],
    places: Mapping[str, str],
    query: Mapping[str, str],
    now: datetime,
    manual: ManualPicture | None = None,
    spans: tuple[LaneSpan, ...] = (),
) -> dict[str, Any]:
    """The picture of these events, in order of time, and its figures as rows; nothing of no events. `places` says where each
    stands, by its id. Raises BadQuery for a time that is none."""
    if not documents:
        return {}
    choice = read_choice(query, LANES_OF["case"], now)
    ends = (documents[0]["@timestamp"], documents[-1]["@timestamp"])
    lifeline = collect_lifeline(documents, choice.build_request(Search(), ends=ends))
    return draw_case_lifeline(
        title, lifeline, choice, places.__getitem__, _link_events(documents, places), now, manual, spans
    )


def draw_case_lifeline(
    title: str,
    lifeline: Lifeline,
    choice: LifelineChoice,
    link_event: Callable[[str], str],
    link_events: EventsLink,
    now: datetime,
    manual: ManualPicture | JointManualPicture | None = None,
    spans: tuple[LaneSpan, ...] = (),
) -> dict[str, Any]:
    """The picture of a lifeline of pinned events, and its figures as rows; with what was entered by hand, and with lives and
    sessions, where these are given."""
    subject = Subject(
        title,
        end=_choose_end(lifeline),
        names=_name_moment,
        has_firsts=False,
        link_event=link_event,
        link_events=link_events,
        spans=spans,
        **({} if manual is None else manual.build_parts()),
    )
    return draw_lifeline(lifeline, choice.fit(lifeline.total), subject, now)


def _choose_end(lifeline: Lifeline) -> Flag | None:
    """The revocation, where the case has one and no more."""
    revocations = [moment for moment in lifeline.lifecycle if moment.kind == "revoked"]
    if len(revocations) != 1:
        return None
    (moment,) = revocations
    return Flag(moment.time, "revoked", f"revoked {write_clock(moment.time, seconds=True)}", "revoked")


def _name_moment(moment: Moment) -> str:
    token = make_visible(moment.named.get("token.id", ""))
    return f"{moment.kind} {token}" if moment.kind in ("issued", "attenuated") and token else ""


def _link_events(documents: Sequence[dict[str, Any]], places: Mapping[str, str]) -> EventsLink:
    """To the first of the events that a mark or a bar stands for."""
    times = [parse_time(document["@timestamp"]) for document in documents]

    def link(first: int, last: int, lane: str | None, kind: str) -> str:
        position = min(bisect_left(times, first), len(times) - 1)
        return places[str(get(documents[position], "event.id"))]

    return link
