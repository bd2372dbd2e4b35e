"""When a part is down: one sentence on the page or in place, with status 503, instead of a trace or an empty result."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from operations.services import incidents
from trail.errors import TrailUnavailable, WriteRefused
from web.htmx import is_partial


class OutageMiddleware:
    """Turns an outage that a view met into an answer a person can act on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        # The view's own transaction has been rolled back by now, so what is put on record here stays.
        put_on_record(error)
        sentence = sentence_for(error)
        return None if sentence is None else outage(request, sentence)


def put_on_record(error: BaseException) -> None:
    """An outage that a page or a task met is an incident; any other error is looked into otherwise."""
    if isinstance(error, TrailUnavailable | WriteRefused):
        incidents.trail_failed(error, writer="auditconsole")
    elif isinstance(error, RedisError | OperationalError):
        incidents.queue_failed()


def sentence_for(error: Exception) -> str | None:
    """What to tell a person about this error; None when it is not an outage."""
    if isinstance(error, TrailUnavailable | WriteRefused):
        return f"{error} Nothing was changed. Try again, and see the status page."
    if isinstance(error, RedisError | OperationalError):
        return (
            "The queue (Redis) does not answer, so this cannot be done now. Nothing was changed. See the status page."
        )
    return None


def outage(request: HttpRequest, sentence: str) -> HttpResponse:
    """503 as a page, or for htmx as an alert at the top of the page."""
    if not is_partial(request):
        return render(request, "503.html", {"sentence": sentence}, status=503)
    response = render(request, "components/_alert.html", {"kind": "error", "text": sentence}, status=503)
    response["HX-Retarget"] = "#alerts"
    response["HX-Reswap"] = "innerHTML"
    return response
