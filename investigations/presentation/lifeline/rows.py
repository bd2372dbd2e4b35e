"""Puts together what a page shows of a lifeline: the picture, and the figures of its lanes as the rows of the table below it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from investigations.presentation.cells import make_visible
from investigations.presentation.lifeline.build import Subject, build_picture
from investigations.presentation.lifeline.choice import LifelineChoice
from investigations.presentation.lifeline.picture import Lane, Picture
from investigations.presentation.lifeline.words import to_nanoseconds
from trail.questions.lifeline import LaneFigures, Lifeline


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One lane as a row: its figures, and the values beside it, each as text."""

    lane: Lane
    figures: LaneFigures
    beside: tuple[str, ...]


def draw_lifeline(lifeline: Lifeline, choice: LifelineChoice, subject: Subject, now: datetime) -> dict[str, Any]:
    """The context of a page's lifeline."""
    picture = build_picture(lifeline, choice, subject, now=to_nanoseconds(now))
    return {"picture": picture, "rows": build_rows(lifeline, picture), "lane_field": choice.lanes}


def build_rows(lifeline: Lifeline, picture: Picture) -> list[FigureRow]:
    """The lanes as rows, in the order of the picture."""
    by_value = {make_visible(figures.value): figures for figures in lifeline.lanes}
    rows = ((lane, by_value[lane.name]) for lane in picture.lanes if lane.icon or lane.name in by_value)
    return [
        FigureRow(lane, figures, tuple(_write(values) for values in figures.beside.values())) for lane, figures in rows
    ]


def _write(values: tuple[str, ...]) -> str:
    """The commonest value, and that there are others."""
    return make_visible(values[0])[:80] + (" and others" if len(values) > 1 else "") if values else ""
