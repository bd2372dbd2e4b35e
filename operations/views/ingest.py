"""How programs write to the trail over HTTP: events as they are, or records in the shape of OpenSearch's _bulk."""

import errno
import time
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from accounts.journal import trail
from operations import health as parts
from operations.access import RETRY_SECONDS, with_key
from operations.ingest import body, limits, writing
from operations.ingest import bulk as shape
from operations.ingest.entries import Reader
from operations.ingest.errors import NotTaken
from operations.ingest.writing import DURABLE, REFUSED, Answer
from operations.models import Scope, WriterKey

ONE = "application/json"
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
AGAIN = (401, 403, 429, 503)  # the same may be taken later
View = Callable[..., HttpResponse]


def _for_writers(*methods: str) -> Callable[[View], View]:
    """A view for whoever has a key to write; what it does not take is a sentence in JSON."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, key: WriterKey, **values: Any) -> HttpResponse:
            if request.method not in methods:
                response = _json({"error": f"This takes {' and '.join(methods)}.", "status": 405}, 405)
                response["Allow"] = ", ".join(methods)
                return response
            try:
                with limits.under_way.one_more(settings.INGEST_UNDER_WAY):
                    return view(request, key, **values)
            except NotTaken as refusal:
                body.discard(request, settings.INGEST_BODY_BYTES)
                return _json({"error": refusal.sentence, "status": refusal.status}, refusal.status, refusal.after)

        return with_key(Scope.WRITE)(guarded)

    return decorate


@_for_writers("POST")
def events(request: HttpRequest, key: WriterKey) -> HttpResponse:
    """One event, or one on each line. An answer for each, in order; 200 only when all of them are durable."""
    kind = request.content_type or ""
    if kind not in (ONE, *LINES):
        raise NotTaken(415, f"Send one event as {ONE}, or one on each line as {LINES[0]}.")
    content = body.read(request, settings.INGEST_BODY_BYTES)
    lines = [content] if kind == ONE else list(writing.chunks(content))
    _within_limits(key, len(lines))
    answers = writing.write(trail(), key, request.path, Reader(key).events(lines))
    found = {answer.status for answer in answers}
    status = _not_durable(found) or (422 if found & REFUSED else 200)
    durable = sum(answer.status in DURABLE for answer in answers)
    return _json({"durable": durable, "events": [_said(one) for one in answers]}, status)


def _broken_off(view: View) -> Callable[..., HttpResponseBase]:
    """For a shipper that looks at no status: an answer that means "send it again" is broken off, which it understands.

    Such is rsyslog before 8.2606: it drops what was answered by 503. It names itself by no User-Agent, others do.
    """

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, **values: Any) -> HttpResponseBase:
        response = view(request, **values)
        if response.status_code not in AGAIN or "User-Agent" in request.headers:
            return response
        half = StreamingHttpResponse(_half(response.content), status=response.status_code, headers=response.headers)
        half["Content-Length"] = str(len(response.content) + 1)
        return half

    return guarded


def _half(content: bytes) -> Iterator[bytes]:
    yield content
    raise ConnectionResetError(
        errno.ECONNRESET, "broken off on purpose"
    )  # the server closes the connection, and is silent


@_broken_off
@_for_writers("POST", "PUT")
def bulk(request: HttpRequest, key: WriterKey, index: str = "trail") -> HttpResponse:
    """The same for shippers. While something is not durable the whole answer is 503 or 429, for many look no further."""
    start = time.monotonic()
    content = body.read(request, settings.INGEST_BODY_BYTES)
    try:
        asked = shape.actions(writing.chunks(content), index)
    except NotTaken as refusal:
        raise writing.keep_whole(key, request.path, content, refusal) from refusal
    _within_limits(key, len(asked))
    reader = Reader(key)
    taken = (reader.record(one.line, one.place, one.given_id) for one in asked if one.operation in shape.TAKEN)
    answers = writing.write(trail(), key, request.path, taken)
    took = int((time.monotonic() - start) * 1_000)
    status = _not_durable({answer.status for answer in answers}) or 200
    return _json(shape.answer(asked, iter(answers), took), status)


@_for_writers("GET", "HEAD")
def version(request: HttpRequest, key: WriterKey) -> HttpResponse:
    """What shippers ask first: whom they speak to."""
    return _json({
        "name": "auditconsole", "cluster_name": settings.TRAIL_PREFIX, "cluster_uuid": settings.TRAIL_PREFIX,
        "version": {"distribution": "opensearch", "number": "3.8.0", "build_type": "trail",
                    "minimum_wire_compatibility_version": "2.19.0", "minimum_index_compatibility_version": "2.0.0"},
        "tagline": "The OpenSearch Project: https://opensearch.org/",
    }, 200)  # fmt: skip


@_for_writers("GET", "HEAD")
def health(request: HttpRequest, key: WriterKey) -> HttpResponse:
    """What some of them ask before they write: whether it is worth trying."""
    if not parts.search_answers():
        raise NotTaken(503, "The trail does not answer.", after=RETRY_SECONDS)
    return _json({"cluster_name": settings.TRAIL_PREFIX, "status": "green", "timed_out": False}, 200)


def _within_limits(key: WriterKey, events: int) -> None:
    if events > settings.INGEST_EVENTS:
        raise NotTaken(413, f"There are more than {settings.INGEST_EVENTS:,} events; send fewer at a time.")
    limits.within_rate(key.pk, events)


def _not_durable(found: set[Any]) -> int:
    """The status where something is not known to be durable, else 0."""
    waiting = found - DURABLE - REFUSED
    return 0 if not waiting else 429 if waiting == {"busy"} else 503


def _said(answer: Answer) -> dict[str, str]:
    said = {"id": answer.event_id, "status": answer.status}
    if answer.field:
        return said | {"field": answer.field, "expected": answer.expected}
    return said | {"reason": answer.reason} if answer.reason else said


def _json(content: dict[str, Any], status: int, after: int | None = None) -> HttpResponse:
    response = HttpResponse(orjson.dumps(content), content_type=ONE, status=status)
    if status in (429, 503):
        response["Retry-After"] = str(after or RETRY_SECONDS)
    return response
