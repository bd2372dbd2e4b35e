"""Remembers in a person's session which identifiers they looked at last."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

_SESSION_KEY = "recent_pages"
MOST = 8
# The addresses of an identifier's own pages, and which of their parts says the kind and the value.
TOKEN_PAGES = ("token_detail", "token_lineage", "token_compromise")


class RecentPagesMiddleware:
    """Puts the identifier whose page was shown at the top of the session's list."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method == "GET" and response.status_code == 200 and (page := _read_page(request)):
            others = [other for other in list_recent_pages(request) if other != page]
            pages = [list(other) for other in (page, *others)][:MOST]
            if pages != request.session.get(_SESSION_KEY):
                request.session[_SESSION_KEY] = pages
        return response


def list_recent_pages(request: HttpRequest) -> list[tuple[str, str]]:
    """The kinds and values of the identifiers that were looked at last, the newest first: `("token", "tok_1")`."""
    return [(kind, value) for kind, value in request.session.get(_SESSION_KEY, [])]


def _read_page(request: HttpRequest) -> tuple[str, str] | None:
    match = request.resolver_match
    if match is None or match.url_name not in (*TOKEN_PAGES, "entity_detail"):
        return None  # without asking who it is: what a cache may keep is the same for everybody
    if not request.user.is_authenticated:
        return None
    if match.url_name in TOKEN_PAGES:
        return "token", match.kwargs["ref"]
    return match.kwargs["kind"], match.kwargs["value"]
