"""The statistics of one field over a search: opened beside it, or a page of its own."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.journal import trail
from accounts.roles import may_search
from investigations import journal, refining
from investigations.access import scope_of
from investigations.forms.search import Asked, read
from investigations.journal import Action
from investigations.views.search import OUTAGES, faulty, unanswered
from trail.errors import BadQuery
from trail.questions import statistics
from trail.search.spec import Search
from web.htmx import render_page

PARTIALS = {"field-statistics": "statistics"}


@require_safe
@requires(may_search)
def field_statistics(request: HttpRequest) -> HttpResponse:
    asked, name = read(request.GET), request.GET.get("field", "")
    context: dict[str, Any] = {"field": name, "status": 200}
    if asked.search is None:
        context |= faulty(asked.problem) | {"status": 400}
    else:
        try:
            context |= _found(request, asked, asked.search, name)
        except BadQuery as error:
            context |= faulty(error) | {"status": 400}
        except OUTAGES as error:
            context |= unanswered(error) | {"status": 503}
    return render_page(request, "investigations/field.html", context, PARTIALS, context["status"])


def _found(request: HttpRequest, asked: Asked, search: Search, name: str) -> dict[str, Any]:
    user = person(request)
    found = statistics.of_field(trail(), search.resolved(datetime.now(UTC)), scope_of(user), name)
    labels = {"search": urlencode(search.to_query(), True), "field": name}
    journal.record(Action.SEARCH, by=user, labels=labels)

    def to_search(other: Search) -> str:
        return reverse("search") + asked.url(other)

    def values(some: list[statistics.Counted]) -> list[refining.FacetValue]:
        pairs = [(one.value, one.count) for one in some]
        return refining.facet_values(name, pairs, found.having, search, to_search)

    return {
        "found": found,
        "share": round(found.having * 100 / found.events) if found.events else 0,
        "top": values(found.top),
        "rarest": values(found.rarest or []),
        "back": to_search(search),
    }
