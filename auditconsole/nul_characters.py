"""Refuses requests with a NUL character in a word of the address or of a form: PostgreSQL takes one in no text."""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict

from core.responses import is_for_program


class NulCharacterMiddleware:
    """Answers such a request with 400 before its view is called.

    The form is not read for a view that is exempt from CSRF: it takes files, with a handler of its own. What programs ask has
    checks of its own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], arguments: tuple[Any, ...], words: dict[str, Any]
    ) -> None:
        """Raises BadRequest, which Django answers with 400, where a word holds a NUL character."""
        is_exempt = getattr(view, "csrf_exempt", False)
        if is_exempt and is_for_program(request):
            return
        forms = [request.GET] if is_exempt else [request.GET, request.POST]
        if any("\0" in word for word in _words_of(forms, words)):
            raise BadRequest("An address or a form holds a NUL character.")


def _words_of(forms: Iterable[QueryDict], words: dict[str, Any]) -> Iterable[str]:
    """Every name and value of the address and of the form; `words` are those that the address's path holds."""
    yield from (str(word) for word in words.values())
    for form in forms:
        for name, values in form.lists():
            yield from (name, *values)
