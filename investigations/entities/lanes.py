"""Marks the lanes of a lifeline with what a case says of them: compromised, malicious, cleared."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from investigations.models import Case, Verdict
from investigations.presentation.cells import make_visible
from investigations.presentation.lifeline.choice import LaneField
from investigations.presentation.lifeline.picture import Picture

# The look of a verdict's badge in the style sheet.
_LOOKS = {
    Verdict.Word.COMPROMISED: "critical",
    Verdict.Word.MALICIOUS: "critical",
    Verdict.Word.SUSPICIOUS: "high",
    Verdict.Word.VICTIM: "unsealed",
    Verdict.Word.CLEARED: "active",
}


def mark_judged_lanes(context: Mapping[str, Any], case: Case | None) -> dict[str, Any]:
    """The context of a page with its `picture` marked by the verdicts of a case; as it is without a case or a picture.

    `lane_field` is what the lanes are of. One query.
    """
    picture, lanes = context.get("picture"), context.get("lane_field")
    if case is None or not isinstance(picture, Picture) or not isinstance(lanes, LaneField):
        return dict(context)
    badges = _read_badges(case, lanes.field)
    marked = (replace(lane, badge=badges.get(lane.name, lane.badge)) for lane in picture.lanes)
    return {**context, "picture": replace(picture, lanes=tuple(marked))}


def _read_badges(case: Case, field: str) -> dict[str, tuple[str, str]]:
    """By the name of a lane, the look and the word of the latest verdict."""
    verdicts = Verdict.objects.filter(entity__case=case, entity__field=field).order_by("at", "pk")
    return {
        make_visible(value): (_LOOKS[Verdict.Word(word)], word)
        for value, word in verdicts.values_list("entity__value", "word")
    }
