"""When to send a page and when a part of it: decided here, once."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page (and not, boosted or restoring history, for the whole of it)."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request


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
