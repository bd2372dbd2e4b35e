"""What is fetched when a menu of the search page is opened: a column, the columns, the fields, a value; each a page too."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.roles import may_search
from core.access import not_recorded
from core.htmx import render_page
from investigations.presentation import cells, columns, table
from investigations.search import table_preferences
from investigations.search_url import SearchRequest, read_search_request
from trail.schema import IDENTIFIERS
from trail.search.language import caret
from trail.search.spec import Search

_SAME = "it shows what can be done with what the page shows already"
_TEMPLATE = "investigations/search/menu.html"


@require_safe
@requires(may_search)
@not_recorded(because=_SAME)
def search_column(request: HttpRequest) -> HttpResponse:
    """What can be done with one column: sort by it, move it, remove it."""
    search_request = _read(request)
    search = search_request.search or Search()
    menu = columns.build_menu(search, request.GET.get("column", search.columns[0]), search_request.page_url)
    if menu is None:
        raise Http404("That is no column of this table.")
    return _render(request, "_column_menu.html", search_request, {"menu": menu})


@require_safe
@requires(may_search)
@not_recorded(because=_SAME)
def search_columns(request: HttpRequest) -> HttpResponse:
    """Which fields are columns, and in which order."""
    search_request = _read(request)
    search = search_request.search or Search()
    context = {
        "choices": columns.build_choices(search.columns),
        "carried": table.list_carried_fields(search_request) if search_request.search else [],
        "preference": table_preferences.preference_of(person(request)),
    }
    return _render(request, "_columns.html", search_request, context)


@require_safe
@requires(may_search)
@not_recorded(because=_SAME)
def search_fields(request: HttpRequest) -> HttpResponse:
    """Every field that can be searched by, with its kind and meaning."""
    return _render(request, "_fields.html", _read(request), {"field_names": list(caret.list_names())})


@require_safe
@requires(may_search)
@not_recorded(because=_SAME)
def search_value(request: HttpRequest) -> HttpResponse:
    """Where a value in a cell leads: its page, its questions, and narrower searches."""
    search_request = _read(request)
    name, value = request.GET.get("field", ""), request.GET.get("value", "")
    search = search_request.search
    links = cells.build_pivots(name, value, search, search_request.page_url) if name in IDENTIFIERS and value else []
    if not links and search is not None and value:
        links = cells.build_filter_links(name, value, search, search_request.page_url)
    return _render(request, "_value_menu.html", search_request, {"field": name, "value": value, "links": links})


def _read(request: HttpRequest) -> SearchRequest:
    preference = table_preferences.preference_of(person(request))
    return read_search_request(request.GET).with_columns(preference.columns)


def _render(request: HttpRequest, part: str, search_request: SearchRequest, context: dict[str, Any]) -> HttpResponse:
    """The part alone for a menu that is opened, else on a page with the way back to the search."""
    part = f"investigations/search/{part}"
    if request.htmx:  # type: ignore[attr-defined]
        return render_page(request, part, context)
    search = search_request.search
    return render_page(
        request, _TEMPLATE, {**context, "part": part, "back": search and search_request.page_url(search)}
    )
