"""The statistics of one field over a search: opened beside it, or a page of its own."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.models import User
from accounts.roles import may_search
from core.connection import trail
from core.htmx import render_page
from investigations.access import build_scope
from investigations.presentation import sidebar
from investigations.presentation.problems import answer_or_problem
from investigations.questions import services as questions
from investigations.search_url import SearchRequest, read_search_request
from trail.questions.field_statistics import CountedValue, FieldStatistics, ask_statistics

PARTIALS = {"field-statistics": "statistics"}


@require_safe
@requires(may_search)
def field_statistics(request: HttpRequest) -> HttpResponse:
    """The commonest and the rarest values of a field, how many there are, and between which ends they lie."""
    search_request, name = read_search_request(request.GET), request.GET.get("field", "")
    answer, status = answer_or_problem(lambda: _answer(search_request, name, person(request)))
    return render_page(
        request, "investigations/search/field_statistics.html", {"field": name, **answer}, PARTIALS, status
    )


def _answer(search_request: SearchRequest, name: str, user: User) -> dict[str, Any]:
    search = search_request.expect_search()
    statistics = questions.ask(
        lambda: ask_statistics(trail(), search.resolved(datetime.now(UTC)), build_scope(user), name),
        by=user,
        entry=questions.search_entry(search, field=name),
    )

    def build_values(values: list[CountedValue]) -> list[sidebar.FacetValue]:
        counted = [(value.value, value.count) for value in values]
        return sidebar.build_facet_values(name, counted, statistics.having, search, search_request.page_url)

    return {
        "statistics": statistics,
        "share": _percent_having(statistics),
        "top": build_values(statistics.top),
        "rarest": build_values(statistics.rarest or []),
        "back": search_request.page_url(search),
    }


def _percent_having(statistics: FieldStatistics) -> int:
    return round(statistics.having * 100 / statistics.events) if statistics.events else 0
