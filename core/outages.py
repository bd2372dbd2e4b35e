"""Answers for a part that is down: which errors mean it, the sentence for a person, the record of it, the response.

A view, a task or the API that can answer in place catches `OUTAGES` and shows what `report` returns; where nothing is
caught, `OutageMiddleware` answers with 503. What puts an outage on record is the function that settings.OUTAGE_RECORDER
names, since rooms above this one hold the incidents.
"""

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from django.conf import settings
from django.db import OperationalError as DatabaseOutage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from core.htmx import is_partial
from core.responses import is_for_program, respond_in_json
from trail.errors import TrailUnavailable, WriteRefused

TRAIL_OUTAGES = (TrailUnavailable, WriteRefused)
QUEUE_OUTAGES = (RedisError, OperationalError)
OUTAGES = (*TRAIL_OUTAGES, *QUEUE_OUTAGES)


class Part(Enum):
    """What is down."""

    TRAIL = "trail"
    QUEUE = "queue"
    DATABASE = "database"


_SENTENCES = {
    Part.QUEUE: "The queue (Redis) does not answer, so this cannot be done now.",
    Part.DATABASE: "The database does not answer, or its disk is full, so this cannot be done now.",
}


class Recorder(Protocol):
    """Puts an outage on record, and never raises what would hide the error itself."""

    def __call__(self, part: Part, error: BaseException, *, events: int) -> None: ...


def part_of(error: BaseException) -> Part | None:
    """Which part the error says is down; None when it is no outage."""
    if isinstance(error, TRAIL_OUTAGES):
        return Part.TRAIL
    if isinstance(error, DatabaseOutage):
        return Part.DATABASE
    return Part.QUEUE if isinstance(error, QUEUE_OUTAGES) else None


def sentence_for(error: BaseException, *, after_change: bool = False) -> str | None:
    """What to tell a person about this error; None when it is no outage.

    `after_change`: the person may have asked for a change, so the sentence says that none happened.
    """
    part = part_of(error)
    if part is None:
        return None
    what = _SENTENCES.get(part, str(error))
    return f"{what} {'Nothing was changed. ' if after_change else ''}Try again, or see the status page."


def record(error: BaseException, *, events: int = 1) -> None:
    """Put an outage on record as an incident that touched so many events; any other error is left to others."""
    if part := part_of(error):
        recorder: Recorder = import_string(settings.OUTAGE_RECORDER)
        recorder(part, error, events=events)


def report(error: BaseException) -> str:
    """Put an outage that kept an answer back on record, and return the sentence to show in its place.

    No event is lost by it. Call it outside the transaction that the error undoes.
    """
    record(error, events=0)
    return sentence_for(error) or str(error)


def respond(request: HttpRequest, sentence: str, *, part: Part | None = None) -> HttpResponse:
    """503 as a page, for htmx as an alert at the top of the page, for a program in JSON.

    The frame of the pages asks the database, so the page comes without it where that is the part.
    """
    if is_for_program(request):
        return respond_in_json(sentence, 503)
    if not is_partial(request):
        has_frame = part is not Part.DATABASE and request.user.is_authenticated
        context = {"sentence": sentence, "frame": "base.html" if has_frame else "base_bare.html"}
        return render(request, "503.html", context, status=503)
    response = render(request, "components/_alert.html", {"kind": "error", "text": sentence}, status=503)
    response["HX-Retarget"] = "#alerts"
    response["HX-Reswap"] = "innerHTML"
    return response


class OutageMiddleware:
    """Turns an outage that a view did not answer for into a response that a person can act on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Record the outage and answer with 503; None, which lets Django go on, for any other error."""
        sentence = sentence_for(error, after_change=True)
        if sentence is None:
            return None
        # The view's own transaction has been rolled back by now, so what is put on record here stays.
        record(error)
        return respond(request, sentence, part=part_of(error))
