"""The lifeline of a search: what its events are of, a lane for each value, on time."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.models import User
from accounts.roles import may_search
from core.connection import trail
from core.htmx import render_page
from investigations.access import build_scope
from investigations.entities.lanes import mark_judged_lanes
from investigations.presentation.lifeline.build import Subject
from investigations.presentation.lifeline.choice import LANES_OF, LifelineChoice, read_choice
from investigations.presentation.lifeline.rows import draw_lifeline
from investigations.presentation.problems import answer_or_problem
from investigations.questions import services as questions
from investigations.search_url import SearchRequest, form_fields, read_search_request
from investigations.working_case import read_working_case
from trail.questions.coverage import Coverage
from trail.questions.lifeline import Lifeline, ask_lifeline
from trail.search.execute import read_ends
from trail.search.spec import Search
from trail.times import format_time

_ENDS = ("from", "to")


@require_safe
@requires(may_search)
def search_lifeline(request: HttpRequest) -> HttpResponse:
    """The lifeline of a search, with the figures of its lanes; which lanes is a word of the address."""
    search_request = read_search_request(request.GET)
    answer, status = answer_or_problem(lambda: _build(search_request, request.GET, person(request)))
    context = {"typed": search_request.typed, **mark_judged_lanes(answer, read_working_case(request))}
    return render_page(request, "investigations/search/lifeline.html", context, status=status)


def _build(search_request: SearchRequest, query: QueryDict, user: User) -> dict[str, Any]:
    search, now = search_request.expect_search(), datetime.now(UTC)
    choice = _read_choice(search_request, search, query, now)
    lifeline, coverage = questions.ask(
        lambda: _ask(search.resolved(now), choice, user, now),
        by=user,
        entry=questions.search_entry(search, lanes=choice.lanes.word),
    )
    return {
        "search": search,
        "lifeline": lifeline,
        "first": _write_end(lifeline.first),
        "last": _write_end(lifeline.last),
        "coverage": coverage,
        "back": search_request.page_url(search),
        **_draw(search, lifeline, choice, now),
    }


def _ask(search: Search, choice: LifelineChoice, user: User, now: datetime) -> tuple[Lifeline, Coverage]:
    drawing = replace(choice, start=None, end=None).build_request(search, lifecycle=search, ends=read_ends(trail()))
    return ask_lifeline(trail(), drawing, build_scope(user), now=now)


def _draw(search: Search, lifeline: Lifeline, choice: LifelineChoice, now: datetime) -> dict[str, Any]:
    if not lifeline.lists_lifecycle:  # the first of them would look like all
        lifeline = replace(lifeline, lifecycle=())
    subject = Subject(search.text or "a search", has_firsts=False)
    return draw_lifeline(lifeline, choice.fit(lifeline.total), subject, now)


def _write_end(time: int | None) -> str:
    return format_time(time) if time is not None else ""


def _read_choice(search_request: SearchRequest, search: Search, query: QueryDict, now: datetime) -> LifelineChoice:
    """The lanes and the scale of the address; its times are the search's own, and all other words of it stay."""
    fields = [(name, value) for name, value in form_fields(search) if name not in _ENDS]
    others = (*fields, *search_request.context.items())
    return replace(read_choice(query, LANES_OF["search"], now), others=others)
