"""Filters beside a search: the editor, what is pinned, and where a search is begun with it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseLocation, reswap, retarget

from accounts.decorators import requires
from accounts.roles import may_search
from core.errors import Refused
from core.htmx import is_partial, render_page
from investigations.presentation import pinned_filters
from investigations.search.forms import FilterForm, list_fields
from investigations.search_url import SearchRequest, carried_fields, fits_address, read_search_request
from trail.errors import BadQuery
from trail.search.spec import Filter, Search

PARTIALS = {"filter-panel": "panel"}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_search)
def search_filter(request: HttpRequest) -> HttpResponseBase:
    """A filter made, or one that is there changed. The search that it stands beside goes along, and comes back with it."""
    parameters = request.POST if request.method == "POST" else request.GET
    search_request, old = read_search_request(parameters), _parse_filter(parameters.get("edit", ""))
    form = FilterForm.for_filter(old) if old else FilterForm.for_field(parameters.get("field", ""))
    if request.method == "POST":
        form = FilterForm.from_post(request.POST)
        if form.is_valid() and (address := _apply(request, search_request, old, form)) is not None:
            return _go_to(request, address)
    carried = carried_fields(parameters)
    context: dict[str, Any] = {
        "form": form,
        "old": old,
        "action": reverse("search_filter"),
        "search_request": search_request,
        "carried": carried,
        "offered": list_fields(),
        "back": f"{reverse('search')}?{urlencode(carried)}",
    }
    return render_page(request, "investigations/search/filter.html", context, PARTIALS, 400 if form.errors else 200)


def _apply(request: HttpRequest, search_request: SearchRequest, old: Filter | None, form: FilterForm) -> str | None:
    """The address of the search with the filter; None when it cannot be, which the form then says."""
    if search_request.search is None:
        form.add_error(None, f"The search beside it is not understood: {search_request.problem}")
        return None
    search = search_request.search.with_instead(old, form.chip) if old else search_request.search
    address = search_request.page_url(search.with_filter(form.chip))
    if not fits_address(address):
        sentence = "Together these values are too long for an address; use fewer, or a list of indicators."
        form.add_error("values", sentence)
        return None
    try:
        pinned_filters.replace_pin(request.session, old, form.chip)
    except Refused as refused:
        form.add_error("pinned", refused.sentence)
        return None
    return address


@require_POST
@requires(may_search)
def search_pin(request: HttpRequest) -> HttpResponseBase:
    """A filter of the search pinned or unpinned, or what is pinned changed; then the search with it as it is now."""
    search_request = read_search_request(request.POST)
    old, new = _parse_filter(request.GET.get("old", "")), _parse_filter(request.GET.get("new", ""))
    try:
        pinned_filters.replace_pin(request.session, old, new)
    except Refused as refused:
        return _refuse(request, refused.sentence)
    if search_request.search is None:
        return _go_to(request, _carried_address(request))
    return _go_to(request, search_request.page_url(_change_filter(search_request.search, old, new)))


def _refuse(request: HttpRequest, sentence: str) -> HttpResponseBase:
    if not is_partial(request):
        messages.error(request, sentence)
        return redirect(_carried_address(request))
    response = render(request, "components/_alert.html", {"kind": "error", "text": sentence}, status=409)
    return reswap(retarget(response, "#alerts"), "innerHTML")


def _carried_address(request: HttpRequest) -> str:
    return f"{reverse('search')}?{urlencode(carried_fields(request.POST))}"


def _change_filter(search: Search, old: Filter | None, new: Filter | None) -> Search:
    if old is None or old not in search.filters:
        return search.with_filter(new) if new else search
    return search.with_instead(old, new) if new else search.without_filter(old)


@require_safe
@requires(may_search)
def search_begin(request: HttpRequest) -> HttpResponseBase:
    """A search begun from an identifier: what is asked, and what the person has pinned."""
    search_request = read_search_request(request.GET)
    if search_request.search is None:
        return redirect(f"{reverse('search')}?{request.GET.urlencode()}")
    return redirect(search_request.page_url(pinned_filters.begin(search_request.search, request.session)))


def _go_to(request: HttpRequest, address: str) -> HttpResponseBase:
    """To the search page: in its place where htmx asked, as an address of its own either way."""
    if is_partial(request):
        return HttpResponseLocation(address, target="#explore", swap="outerHTML")
    return redirect(address)


def _parse_filter(text: str) -> Filter | None:
    try:
        return Filter.parse(text) if text else None
    except BadQuery:
        return None
