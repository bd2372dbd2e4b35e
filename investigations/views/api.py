"""The API: the questions of the pages as JSON, for programs with a key and for whoever is signed in."""

from collections.abc import Callable
from functools import partial
from math import ceil
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt

from accounts.journal import Actor, Program
from accounts.models import User
from accounts.roles import may_search
from investigations.access import scope_of
from investigations.api.answering import NOTHING, answer
from investigations.api.document import document
from investigations.api.serialise import plain
from investigations.api.table import ROUTES, Route
from investigations.forms.indicators import MOST_BYTES
from investigations.views.search import OUTAGES
from operations.access import RETRY_SECONDS, NotLetIn, authenticated
from operations.ingest import body
from operations.ingest.errors import NotTaken
from operations.ingest.limits import Rate, UnderWay
from operations.models import Scope as KeyScope
from operations.services import incidents
from trail.errors import TrailError
from trail.indicators import Listed, parse
from trail.search.spec import Scope

JSON = "application/json"
# What a key finds: every event of the platform, and none of the console's own of what people asked and did.
PLATFORM = Scope(user_id="")
rate, under_way = Rate(), UnderWay()
View = Callable[..., HttpResponse]


def _guarded(view: View, method: str) -> View:
    """Who asks comes in by a key or a session; whatever is not answered is a sentence in JSON."""

    @csrf_exempt  # a session only ever reads here
    def guarded(request: HttpRequest, **words: str) -> HttpResponse:
        try:
            by, scope = _who(request, method)
            with under_way.one_more(settings.API_UNDER_WAY):
                return view(request, by, scope, **words)
        except NotLetIn as refusal:
            return _said(refusal.sentence, refusal.status)
        except NotTaken as refusal:
            body.discard(request, MOST_BYTES)
            response = _said(refusal.sentence, refusal.status, after=refusal.after)
            if refusal.status == 405:
                response["Allow"] = method
            return response
        except OUTAGES as error:
            incidents.trail_failed(error, writer="auditconsole", events=0)
            return _said(str(error), 503)
        except TrailError as error:  # what is asked is not understood, or too large
            return _said(str(error), 400)

    return guarded


def _who(request: HttpRequest, method: str) -> tuple[Actor, Scope]:
    """Who asks, and what they may find. Raises NotLetIn, NotTaken."""
    user = request.user
    session = isinstance(user, User) and "Authorization" not in request.headers
    by, scope = _person(user) if session else _program(request)
    if request.method != method and not (method == "GET" and request.method == "HEAD"):
        raise NotTaken(405, f"This takes {method}.")
    if session and method == "POST":
        raise NotLetIn(403, "This needs a key; whoever is signed in asks on the page Many at once.")
    if wait := rate.take(by.username, 1, per_second=settings.API_RATE):
        raise NotTaken(429, f"At most {settings.API_RATE} questions a second; ask again later.", after=ceil(wait))
    return by, scope


def _person(user: Any) -> tuple[Actor, Scope]:
    if not may_search(user):
        raise NotLetIn(403, "Your role does not let you do that; an admin can change it.")
    return user, scope_of(user)


def _program(request: HttpRequest) -> tuple[Actor, Scope]:
    key = authenticated(request, KeyScope.TRAIL)
    return Program(username=f"key:{key.public_id}", name=key.name), PLATFORM


def _answer(route: Route, request: HttpRequest, by: Actor, scope: Scope, **words: str) -> HttpResponse:
    listed = _listed(request) if route.sends_list else NOTHING
    return _json(plain(answer(route, by=by, scope=scope, path=words, query=request.GET, listed=listed)), 200)


def _listed(request: HttpRequest) -> Listed:
    """The list that was sent. Raises NotTaken, BadQuery, Secrets, TooMany."""
    kind = request.content_type or ""
    if kind not in (JSON, "text/plain", "text/csv"):
        raise NotTaken(415, f"Send the list as {JSON}, an object with indicators, or as text/plain, one a line.")
    content = body.read(request, MOST_BYTES)
    if kind == JSON:
        return parse("\n".join(_texts(content)))
    try:
        return parse(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise NotTaken(400, "The list is no text in UTF-8.") from None


def _texts(content: bytes) -> list[str]:
    try:
        sent = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise NotTaken(400, "The body is not JSON.") from None
    texts = sent.get("indicators") if isinstance(sent, dict) and set(sent) == {"indicators"} else None
    if not isinstance(texts, list) or not all(isinstance(one, str) and len(one.splitlines()) < 2 for one in texts):
        raise NotTaken(400, 'Send {"indicators": ["…", …]}, each a text of one line.')
    return texts


def _document(request: HttpRequest, by: Actor, scope: Scope) -> HttpResponse:
    return _json(document(), 200)


def _nowhere(request: HttpRequest, by: Actor, scope: Scope) -> HttpResponse:
    return _said("There is nothing at this address; /api/v1/openapi.json says what there is.", 404)


def _said(sentence: str, status: int, after: int | None = None) -> HttpResponse:
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
    view = _guarded(partial(_answer, route), "POST" if route.sends_list else "GET")
    return path(f"api/v1/{typed}", view, name=f"api_{route.name}")


def patterns() -> list[URLPattern]:
    """The addresses of the API. What else lies below them is not there, which is said in JSON too."""
    return [
        *map(_pattern, ROUTES),
        path("api/v1/openapi.json", _guarded(_document, "GET"), name="api_document"),
        re_path(r"^api/v1/(?!events$|ingest).*$", _guarded(_nowhere, "GET"), name="api_nowhere"),
    ]
