"""Decides when to send a page and when a part of it."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page: not when it restores history, nor when a link is boosted without a target."""
    htmx = getattr(request, "htmx", None)
    if htmx is None or not htmx or htmx.history_restore_request:
        return False
    return not htmx.boosted or htmx.target is not None


def whole_page(request: HttpRequest, address: str) -> HttpResponseBase:
    """On to another page; where htmx asked for a part of this one, the browser goes there as a whole."""
    if not is_partial(request):
        return redirect(address)
    return HttpResponse(status=204, headers={"HX-Redirect": address})


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    partials: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, or the partial that `partials` names for the element htmx will fill. The client cannot choose others."""
    target = request.headers.get("HX-Target", "")
    if is_partial(request) and partials and target in partials:
        template = f"{template}#{partials[target]}"
    response = render(request, template, dict(context), status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
