"""Serves the API: the questions of the pages as JSON, for programs with a key and for people who are signed in."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from math import ceil
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt

from accounts.models import User
from accounts.roles import may_search
from core import outages
from core.audit import Actor, Program
from core.errors import Busy
from core.responses import RETRY_SECONDS
from investigations import admission
from investigations.access import build_scope
from investigations.api.openapi import document
from investigations.api.routes import ROUTES, Route
from investigations.api.services import NO_LIST, answer_route
from investigations.questions.forms import MOST_BYTES
from investigations.serialise import plain
from operations.ingest import body
from operations.ingest.errors import RequestRefused
from operations.ingest.limits import RateLimit, RequestLimit
from operations.models import KeyScope
from operations.writers.authentication import AccessRefused, authenticate_request
from trail.errors import TrailError
from trail.questions.indicator_list import IndicatorList, parse_indicators
from trail.search.spec import Scope

JSON = "application/json"
# What a key finds: every event of the platform, and none of the console's own of what people asked and did.
PLATFORM = Scope(user_id="")
rate, under_way = RateLimit(), RequestLimit()
View = Callable[..., HttpResponse]


def _guard(view: View, method: str) -> View:
    """Who asks comes in by a key or a session; whatever is not answered is a sentence in JSON."""

    @csrf_exempt  # a session only ever reads here
    def guarded(request: HttpRequest, **words: str) -> HttpResponse:
        try:
            by, scope = _authenticate(request, method)
            with under_way.admit(settings.API_UNDER_WAY):
                return view(request, by, scope, **words)
        except AccessRefused as refusal:
            return _refuse(refusal.sentence, refusal.status)
        except RequestRefused as refusal:
            body.discard_body(request, MOST_BYTES)
            response = _refuse(refusal.sentence, refusal.status, after=refusal.after)
            if refusal.status == 405:
                response["Allow"] = method
            return response
        except Busy as busy:
            return _refuse(busy.sentence, 429, after=busy.RETRY_SECONDS)
        except outages.OUTAGES as error:
            return _refuse(outages.report(error), 503)
        except TrailError as error:  # what is asked is not understood, or too large
            return _refuse(str(error), 400)

    return guarded


def _authenticate(request: HttpRequest, method: str) -> tuple[Actor, Scope]:
    """Who asks, and what they may find. Raises AccessRefused, RequestRefused."""
    user = request.user
    session = isinstance(user, User) and "Authorization" not in request.headers
    by, scope = _as_person(user) if session else _as_program(request)
    if request.method != method and not (method == "GET" and request.method == "HEAD"):
        raise RequestRefused(405, f"This takes {method}.")
    if session and method == "POST":
        raise AccessRefused(403, "This needs a key; whoever is signed in asks on the page Indicator lookup.")
    if wait := rate.take(by.username, 1, per_second=settings.API_RATE):
        raise RequestRefused(429, f"At most {settings.API_RATE} questions a second; ask again later.", after=ceil(wait))
    return by, scope


def _as_person(user: Any) -> tuple[Actor, Scope]:
    if not may_search(user):
        raise AccessRefused(403, "Your role does not let you do that; an admin can change it.")
    return user, build_scope(user)


def _as_program(request: HttpRequest) -> tuple[Actor, Scope]:
    key = authenticate_request(request, KeyScope.TRAIL)
    return Program(username=f"key:{key.public_id}", name=key.name), PLATFORM


def _answer(route: Route, request: HttpRequest, by: Actor, scope: Scope, **words: str) -> HttpResponse:
    with admission.admit_list(by) if route.sends_list else nullcontext():
        listed = _read_list(request) if route.sends_list else NO_LIST
        answer = answer_route(route, by=by, scope=scope, path=words, query=request.GET, listed=listed)
        return _json(plain(answer), 200)


def _read_list(request: HttpRequest) -> IndicatorList:
    """The list that was sent. Raises RequestRefused, BadQuery, Secrets, TooMany."""
    kind = request.content_type or ""
    if kind not in (JSON, "text/plain", "text/csv"):
        raise RequestRefused(415, f"Send the list as {JSON}, an object with indicators, or as text/plain, one a line.")
    content = body.read_body(request, MOST_BYTES)
    if kind == JSON:
        return parse_indicators("\n".join(_read_texts(content)))
    try:
        return parse_indicators(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise RequestRefused(400, "The list is no text in UTF-8.") from None


def _read_texts(content: bytes) -> list[str]:
    try:
        sent = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise RequestRefused(400, "The body is not JSON.") from None
    texts = sent.get("indicators") if isinstance(sent, dict) and set(sent) == {"indicators"} else None
    if not isinstance(texts, list) or not all(isinstance(text, str) and len(text.splitlines()) < 2 for text in texts):
        raise RequestRefused(400, 'Send {"indicators": ["…", …]}, each a text of one line.')
    return texts


def _document(request: HttpRequest, by: Actor, scope: Scope) -> HttpResponse:
    return _json(document(), 200)


def _not_found(request: HttpRequest, by: Actor, scope: Scope) -> HttpResponse:
    return _refuse("There is nothing at this address; /api/v1/openapi.json says what there is.", 404)


def _refuse(sentence: str, status: int, after: int | None = None) -> HttpResponse:
    response = _json({"error": sentence, "status": status}, status)
    # Django would log the address, in which somebody may have put a secret.
    response._has_been_logged = True  # type: ignore[attr-defined]
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="trail"'
    if status in (429, 503):
        response["Retry-After"] = str(after or RETRY_SECONDS)
    return response


def _json(content: Any, status: int) -> HttpResponse:
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(orjson.dumps(content), content_type=JSON, status=status, headers=headers)


def _pattern(route: Route) -> URLPattern:
    typed = route.path.replace("{", "<event_id:").replace("}", ">")
    view = _guard(partial(_answer, route), "POST" if route.sends_list else "GET")
    return path(f"api/v1/{typed}", view, name=f"api_{route.name}")


def build_patterns() -> list[URLPattern]:
    """The addresses of the API. What else lies below them is not there, which is said in JSON too."""
    return [
        *map(_pattern, ROUTES),
        path("api/v1/openapi.json", _guard(_document, "GET"), name="api_document"),
        re_path(r"^api/v1/(?!events$|ingest).*$", _guard(_not_found, "GET"), name="api_nowhere"),
    ]
