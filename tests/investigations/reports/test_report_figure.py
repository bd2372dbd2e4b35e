"""The picture in a report: an SVG that stands alone, whatever the events are."""

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from investigations.presentation.case_picture import build_case_lifeline
from investigations.presentation.lifeline.picture import (
    Axis,
    BarGroup,
    BarPart,
    Brush,
    Caption,
    Ground,
    Lane,
    Mark,
    Picture,
    Span,
    VerticalLine,
    Zone,
)
from investigations.reports.figure import WIDTH, draw_figure
from tests.support.factories.events import event
from trail.times import format_datetime

NOW = datetime(2026, 11, 28, tzinfo=UTC)
FIRST = datetime(2026, 10, 1, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"
EVENTS = st.tuples(
    st.integers(0, 50 * 86_400),
    st.sampled_from(
        ["token.authorize", "token.issue", "token.attenuate", "token.revoke", "token.restore", "something"]
    ),
    st.sampled_from(["success", "failure"]),
    st.sampled_from(["tok", "<b>", 'x"y', "&amp;", "ключ", "a" * 300]),
)


def _build(rows: list[tuple[int, str, str, str]]) -> Picture:
    documents: list[dict[str, Any]] = [
        event(
            at=format_datetime(FIRST + timedelta(seconds=seconds)),
            token__operation=operation,
            event__outcome=outcome,
            token__id=token,
        )
        for seconds, operation, outcome, token in sorted(rows)
    ]
    places = {document["event"]["id"]: "#E1" for document in documents}
    picture: Picture = build_case_lifeline("A <case>", documents, places, {}, NOW)["picture"]
    return picture


@given(st.lists(EVENTS, min_size=1, max_size=30))
def test_it_is_well_formed_and_holds_nothing_but_shapes_and_words(rows: list[tuple[int, str, str, str]]) -> None:
    drawing = ElementTree.fromstring(draw_figure(_build(rows)))
    allowed = {f"{SVG}{name}" for name in ["svg", "defs", "pattern", "path", "g", "text", "rect", "circle"]}
    assert {element.tag for element in drawing.iter()} <= allowed
    assert not [
        name for element in drawing.iter() for name in element.attrib if name in ("style", "class", "href", "onload")
    ]


@given(st.lists(EVENTS, min_size=1, max_size=30))
def test_every_shape_lies_within_it(rows: list[tuple[int, str, str, str]]) -> None:
    for element in ElementTree.fromstring(draw_figure(_build(rows))).iter(f"{SVG}rect"):
        assert float(element.attrib["x"]) >= -0.01
        assert float(element.attrib["x"]) + float(element.attrib["width"]) <= WIDTH + 0.5


def test_each_kind_of_shape_is_drawn_where_the_picture_has_it() -> None:
    lane = Lane(
        "a name that is longer than its place",
        "and a second line that is longer",
        None,
        "token",
        44,
        spans=(Span(0, 50, 20), Span(50, 100, 20, is_after=True)),
        groups=(BarGroup(10, 5, (BarPart(10, 2, 5, 10, "denied"), BarPart(12, 2, 5, 10, "dim")), "", ""),),
        marks=(
            Mark(20, 30, "actor", "", "", top=10),
            Mark(30, 20, "restored", "", ""),
            Mark(40, 20, "unheard of", "", ""),
        ),
        words=(Caption(1, 9, "seen", "ll-n"), Caption(1, 9, "too wide", "ll-n", tier="ll-wide")),
    )
    lines = tuple(VerticalLine(place, kind) for place, kind in enumerate(("revoked", "first", "expired", "other")))
    ground = Ground(((5, 2),), Zone(50, 50, is_band=True), lines)
    brush = Brush("", (), (), (0, 100), None, 0, 1)
    picture = Picture("What it tells", (), (), (), ground, (lane,), Axis((0, 50), ()), brush, (("denied", "denied"),))
    drawn = draw_figure(picture)
    texts = [element.text for element in ElementTree.fromstring(drawn).iter(f"{SVG}text")]
    assert texts == [
        "a name that is lo…",
        "and a second line that …",
        "seen",
        "UTC",
        "denied",
        "after revocation",
        "break in the scale",
    ]
    assert 'aria-label="What it tells"' in drawn
    assert drawn.count('height="6"') == 2  # a band and its hatch, not the whole height
