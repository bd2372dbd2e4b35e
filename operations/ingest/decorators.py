"""Guards the views of ingest: a key that writes, the methods they take, the limit of requests, and refusals in JSON."""

import errno
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from operations.ingest import limits
from operations.ingest.body import discard_body
from operations.ingest.clients import name_product
from operations.ingest.errors import RequestRefused
from operations.ingest.responses import json_response
from operations.models import KeyScope, WriterKey
from operations.writers.authentication import requires_key

RETRIED = (401, 403, 429, 503)  # the same request may be taken later
IngestView = Callable[..., HttpResponse]


def for_writers(*methods: str) -> Callable[[IngestView], IngestView]:
    """Make a view one for programs with a key to write; what it does not take is answered by a sentence in JSON."""

    def decorate(view: IngestView) -> IngestView:
        @wraps(view)
        def guarded(request: HttpRequest, key: WriterKey, **values: Any) -> HttpResponse:
            if request.method not in methods:
                response = json_response({"error": f"This takes {' and '.join(methods)}.", "status": 405}, 405)
                response["Allow"] = ", ".join(methods)
                return name_product(request, response)
            try:
                with limits.request_limit.admit(settings.INGEST_UNDER_WAY):
                    return name_product(request, view(request, key, **values))
            except RequestRefused as refusal:
                discard_body(request, settings.INGEST_BODY_BYTES)
                content = {"error": refusal.sentence, "status": refusal.status}
                return name_product(request, json_response(content, refusal.status, retry_after=refusal.after))

        return requires_key(KeyScope.WRITE)(guarded)

    return decorate


def break_off_retries(view: IngestView) -> Callable[..., HttpResponseBase]:
    """Break off an answer that means "send it again", for shippers that look at no status (docs/decisions/0016).

    Such is rsyslog before 8.2606, which drops what was answered by 503. It sends no User-Agent; other shippers do.
    """

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, **values: Any) -> HttpResponseBase:
        response = view(request, **values)
        if response.status_code not in RETRIED or "User-Agent" in request.headers:
            return response
        content = _break_off(response.content)
        broken = StreamingHttpResponse(content, status=response.status_code, headers=response.headers)
        broken["Content-Length"] = str(len(response.content) + 1)
        return broken

    return guarded


def _break_off(content: bytes) -> Iterator[bytes]:
    yield content
    # The web server closes the connection and logs nothing.
    raise ConnectionResetError(errno.ECONNRESET, "broken off on purpose")
