"""Two searches side by side: two times, two users, any two."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.roles import may_search
from core.connection import trail
from core.htmx import render_page
from investigations.access import build_scope
from investigations.presentation import comparison
from investigations.presentation.lifeline.words import name_zone
from investigations.presentation.problems import answer_or_problem
from investigations.questions import progress
from investigations.questions import services as questions
from investigations.questions.comparison import LEFT, RIGHT, ComparisonRequest, read_comparison_request
from trail.errors import BadQuery, Incomplete
from trail.questions.comparison import Comparison, compare_searches
from trail.schema import IDENTIFIERS
from trail.search.bodies.comparison import COMPARED
from trail.search.spec import Search

PARTIALS = {"compared": "compared"}
TYPED = ("q", "from", "to", "link")


@require_safe
@requires(may_search)
def compare(request: HttpRequest) -> HttpResponse:
    """The forms of both sides, and how the values of every field differ where both are given."""
    comparison_request = read_comparison_request(request.GET)
    context: dict[str, Any] = {"sides": _build_forms(request), "identifiers": sorted(IDENTIFIERS)}
    answer, status = answer_or_problem(lambda: _answer(request, comparison_request))
    return render_page(request, "investigations/questions/comparison.html", context | answer, PARTIALS, status)


def _answer(request: HttpRequest, sides: ComparisonRequest) -> dict[str, Any]:
    if sides.problem:
        raise BadQuery(sides.problem)
    if sides.left is None or sides.right is None:
        return {}
    answer = _compare(request, sides.left, sides.right)
    alone = field if (field := request.GET.get("only", "")) in COMPARED else ""
    same = [field.name for field in answer.fields if not (field.pairs or field.rarer_left or field.rarer_right)]
    return {
        "columns": comparison.build_sides(answer),
        "fields": comparison.build_fields(answer, alone),
        "same": same,
        "alone": alone,
        "here": _address_without(request, "only"),
    }


def _compare(request: HttpRequest, left: Search, right: Search) -> Comparison:
    user, now = person(request), datetime.now(UTC)
    name = progress.name_task(user, request.headers.get(progress.KEY_HEADER, ""))

    def find() -> Comparison:
        sides = (left.resolved(now), right.resolved(now))
        return compare_searches(trail(), *sides, build_scope(user), opaque_id=name, zone=name_zone())

    try:
        return questions.ask(find, by=user, entry=questions.comparison_entry(left, right))
    except Incomplete as error:
        advice = "Two sides are asked for every value of every field: compare shorter times."
        raise Incomplete(f"{error} {advice}") from error


def _address_without(request: HttpRequest, name: str) -> str:
    query = request.GET.copy()
    query.pop(name, None)
    return f"?{query.urlencode()}"


def _build_forms(request: HttpRequest) -> list[dict[str, Any]]:
    """What stands in the form of each side, and what goes along unseen."""
    return [_build_form(request, LEFT, "Left"), _build_form(request, RIGHT, "Right")]


def _build_form(request: HttpRequest, prefix: str, name: str) -> dict[str, Any]:
    hidden = [key for key in request.GET if key.startswith(prefix) and key.removeprefix(prefix) not in TYPED]
    return {
        "prefix": prefix,
        "name": name,
        "typed": {key: request.GET.get(f"{prefix}{key}", "") for key in TYPED},
        "more": [(key, value) for key in hidden for value in request.GET.getlist(key)],
    }
