"""Keeps answers out of caches and off shared machines: no answer is stored, and signing out clears what a browser kept."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from core import request_context


class ResponseHeadersMiddleware:
    """Says of every answer that it is not to be stored, unless its view says otherwise; static files are answered before."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        context = request_context.current()
        if context is not None and context.has_signed_out:
            response["Clear-Site-Data"] = '"cache", "cookies", "storage"'
        return response
