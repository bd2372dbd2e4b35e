"""Draws the lifeline of one case, or of several with a lane for each, from the facts of what is pinned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.utils.http import urlencode

from investigations.models import Case
from investigations.presentation.case_picture import draw_case_lifeline
from investigations.presentation.lifeline.choice import LANES_OF, LaneField, read_choice
from investigations.presentation.lifeline.picture import Picture
from investigations.presentation.manual_picture import JointManualPicture, ManualPicture
from investigations.timeline import joint
from investigations.timeline.fact_lifeline import Facts, annotate_phase, count_lifeline, read_ends
from investigations.timeline.facts import COLUMNS, SEVERAL, has_further_values
from investigations.timeline.spans import count_spans
from trail.search.spec import Search
from trail.times import format_time

_CASES = (LaneField("cases", "case.number", "Cases", "Case"),)
_PHASES = LaneField("phases", "case.phase", "Phases", "Phase")
_SESSIONS = LaneField("sessions", "case.session", "Sessions", "Session")
_SEVERAL = "An event with several addresses stands in the lane of the first one in the order of their texts."
_OWN_COLUMNS = {"case.phase": "phase", "case.session": "session"}
Words = Sequence[tuple[str, str]]


def draw_case(
    case: Case, facts: Facts, query: Mapping[str, str], words: Words, shown: set[int], manual: ManualPicture
) -> dict[str, Any]:
    """The picture of a case and its figures as rows; nothing of no events.

    `words` are what the address says beside the picture; `shown` are the numbers of the evidence on this page, to which
    marks lead at once. Raises BadQuery for a time that is none.
    """

    def link(number: int) -> str:
        anchor = f"#E{number}"
        return anchor if number in shown else f"?{urlencode([*words, ('at', f'E{number}')])}{anchor}"

    has_sessions = facts.filter(session__gt="").order_by().exists()
    options = (*LANES_OF["case"], *((_SESSIONS,) if has_sessions else ()), *((_PHASES,) if manual.milestones else ()))
    whole = case.facts.not_withdrawn()
    return _draw(case.title, facts, query, options, words, lambda _, number: link(number), manual=manual, whole=whole)


def draw_cases(
    cases: Sequence[Case], facts: Facts, query: Mapping[str, str], words: Words, entered: joint.Entered
) -> dict[str, Any]:
    """The same of several cases, a lane for each, in the order of time; and one for what was `entered` into it by hand, with
    its phases."""
    by_key = {case.pk: case.number for case in cases}

    def link(key: int, number: int) -> str:
        label = f"{by_key[key]}-E{number}"
        return f"?{urlencode([*words, ('at', label)])}#{label}"

    manual = JointManualPicture([_build_manual(case, entered) for case in cases])
    return _draw(f"{len(cases)} cases", facts, query, _CASES, words, link, by_key, manual)


def _build_manual(case: Case, entered: joint.Entered) -> ManualPicture:
    own, milestones = ([event for event in each if event.case_id == case.pk] for each in entered)
    return ManualPicture(case.public_id, own, milestones, f"{case.number} by hand", draws_phases=True)


def _draw(
    title: str,
    facts: Facts,
    query: Mapping[str, str],
    options: tuple[LaneField, ...],
    words: Words,
    link: Callable[[int, int], str],
    names: Mapping[Any, str] | None = None,
    manual: ManualPicture | JointManualPicture | None = None,
    whole: Facts | None = None,
) -> dict[str, Any]:
    ends = read_ends(facts)
    if ends is None:
        return {}
    now = datetime.now(UTC)
    choice = read_choice(query, options, now)
    choice = replace(choice, others=(*words, *choice.others))
    request = choice.build_request(Search(), ends=(format_time(ends.first), format_time(ends.last)))
    column = _name_column(choice.lanes, names)
    facts = annotate_phase(facts, manual.milestones) if column == "phase" and manual else facts
    counted = count_lifeline(facts, ends, request, names, column)
    lanes = names or {lane.value: lane.value for lane in counted.lifeline.lanes}
    spans = count_spans(facts, column, lanes, whole)

    def link_event(event_id: str) -> str:
        return link(*counted.numbers[event_id])

    def link_events(first: int, last: int, lane: str | None, kind: str) -> str:
        """To where the first of the events stands, or would."""
        return f"?{urlencode([*words, ('time', format_time(first))])}#entries"

    drawn = draw_case_lifeline(title, counted.lifeline, choice, link_event, link_events, now, manual, spans.spans)
    return {**_note_several(drawn, facts, column), "spans": spans}


def _note_several(drawn: dict[str, Any], facts: Facts, column: str) -> dict[str, Any]:
    """The same, and where an event has several values of what the lanes are of, that it stands in the lane of the first."""
    if column not in SEVERAL.values() or not has_further_values(facts, column):
        return drawn
    picture: Picture = drawn["picture"]
    return {**drawn, "picture": replace(picture, more=" ".join(filter(None, (picture.more, _SEVERAL))))}


def _name_column(lanes: LaneField, names: Mapping[Any, str] | None) -> str:
    """The column of the facts that holds the lanes."""
    if names is not None:
        return "case_id"
    return _OWN_COLUMNS.get(lanes.field) or COLUMNS[lanes.field]
