"""Filters beside a search: the editor, what is pinned, and where a search is begun with it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseLocation, reswap, retarget

from accounts.decorators import requires
from accounts.roles import may_search
from investigations import pins
from investigations.errors import Refused
from investigations.forms.filters import FilterForm, offered
from investigations.forms.search import Asked, carried, read
from investigations.views.library import MAX_ADDRESS
from trail.errors import BadQuery
from trail.search.spec import Filter, Search
from web.htmx import is_partial, render_page

PARTIALS = {"filter-panel": "panel"}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_search)
def edit(request: HttpRequest) -> HttpResponseBase:
    """A filter made, or one that is there changed. The search that it stands beside goes along, and comes back with it."""
    given = request.POST if request.method == "POST" else request.GET
    asked, old = read(given), _chip(given.get("edit", ""))
    if request.method == "POST":
        form = FilterForm(request.POST, auto_id="filter-%s")
        if form.is_valid() and (address := _changed(request, asked, old, form)) is not None:
            return _shown(request, address)
    else:
        form = (
            FilterForm.of(old, auto_id="filter-%s") if old else FilterForm(auto_id="filter-%s", initial=_begun(given))
        )
    context: dict[str, Any] = {
        "form": form, "old": old, "asked": asked, "carried": carried(given), "offered": offered(),
        "back": f"{reverse('search')}?{urlencode(carried(given))}",
    }  # fmt: skip
    return render_page(request, "investigations/filter.html", context, PARTIALS, 400 if form.errors else 200)


def _changed(request: HttpRequest, asked: Asked, old: Filter | None, form: FilterForm) -> str | None:
    """Where the search with the filter is; None when it cannot be, which the form then says."""
    if asked.search is None:
        form.add_error(None, f"The search beside it is not understood: {asked.problem}")
        return None
    search = asked.search.with_instead(old, form.chip) if old else asked.search
    address = asked.url(search.with_filter(form.chip))
    if len(address) > MAX_ADDRESS:
        form.add_error(
            "values", "Together these values are too long for an address; use fewer, or a list of indicators."
        )
        return None
    try:
        pins.change(request.session, old, form.chip)
    except Refused as refused:
        form.add_error("pinned", refused.sentence)
        return None
    return address


@require_POST
@requires(may_search)
def pin(request: HttpRequest) -> HttpResponseBase:
    """A filter of the search pinned or unpinned, or what is pinned changed; then the search with it as it is now."""
    asked = read(request.POST)
    old, new = _chip(request.GET.get("old", "")), _chip(request.GET.get("new", ""))
    try:
        pins.change(request.session, old, new)
    except Refused as refused:
        return _refused(request, refused.sentence)
    if asked.search is None:
        return _shown(request, f"?{urlencode(carried(request.POST))}")
    return _shown(request, asked.url(_with(asked.search, old, new)))


def _refused(request: HttpRequest, sentence: str) -> HttpResponseBase:
    if not is_partial(request):
        messages.error(request, sentence)
        return redirect(f"{reverse('search')}?{urlencode(carried(request.POST))}")
    response = render(request, "components/_alert.html", {"kind": "error", "text": sentence}, status=409)
    return reswap(retarget(response, "#alerts"), "innerHTML")


def _with(search: Search, old: Filter | None, new: Filter | None) -> Search:
    if old is None or old not in search.filters:
        return search.with_filter(new) if new else search
    return search.with_instead(old, new) if new else search.without_filter(old)


@require_safe
@requires(may_search)
def begin(request: HttpRequest) -> HttpResponseBase:
    """A search begun from an identifier: what is asked, and what the person has pinned."""
    asked = read(request.GET)
    if asked.search is None:
        return redirect(f"{reverse('search')}?{request.GET.urlencode()}")
    return redirect(reverse("search") + asked.url(pins.added(asked.search, request.session)))


def _shown(request: HttpRequest, address: str) -> HttpResponseBase:
    """To the search page: in its place where htmx asked, as an address of its own either way."""
    if is_partial(request):
        return HttpResponseLocation(reverse("search") + address, target="#explore", swap="outerHTML")
    return redirect(reverse("search") + address)


def _chip(text: str) -> Filter | None:
    try:
        return Filter.parse(text) if text else None
    except BadQuery:
        return None


def _begun(given: QueryDict) -> dict[str, str]:
    return {"field": given.get("field", ""), "how": "is"}
