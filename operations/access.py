"""How programs come in: by a key in the request's Authorization header. People's sessions open none of these addresses."""

import base64
import binascii
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from operations.models import Scope, WriterKey
from operations.services import keys

P = ParamSpec("P")
KeyedView = Callable[Concatenate[HttpRequest, WriterKey, P], HttpResponse]
RETRY_SECONDS = 5


class NotLetIn(Exception):
    """The request carries no key that opens this. `status` is 401, 403 or 503; `sentence` says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def authenticated(request: HttpRequest, scope: Scope) -> WriterKey:
    """The key that the request carries, if it opens this; its use is noted. Raises NotLetIn."""
    shown = _shown(request.headers.get("Authorization", ""))
    try:
        key = keys.find(shown) if shown else None
        if key is not None and key.scope == scope:
            keys.note_use(key, str(request.META.get("REMOTE_ADDR", "")))
    except DatabaseError as error:
        raise NotLetIn(503, "Keys cannot be read just now; send the same again later.") from error
    if key is None:
        raise NotLetIn(401, "This needs a key that works, as: Authorization: Bearer tk_…")
    if key.scope != scope:
        raise NotLetIn(403, f"This key is for {key.scope}; this needs one for {scope}.")
    return key


def with_key(scope: Scope) -> Callable[[KeyedView[P]], Callable[Concatenate[HttpRequest, P], HttpResponse]]:
    """A view for programs: the key is its second argument; without one the answer is a sentence in JSON."""

    def decorate(view: KeyedView[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                key = authenticated(request, scope)
            except NotLetIn as refusal:
                return refused(refusal)
            return view(request, key, *args, **kwargs)

        return guarded

    return decorate


def refused(refusal: NotLetIn) -> HttpResponse:
    """The answer to who was not let in."""
    response = JsonResponse({"error": refusal.sentence, "status": refusal.status}, status=refusal.status)
    if refusal.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="trail", Basic realm="trail"'
    elif refusal.status == 503:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _shown(header: str) -> str:
    """The key in an Authorization header. Shippers send it as Bearer, as a Basic password or as an ApiKey (`id:key`)."""
    kind, _, value = header.strip().partition(" ")
    value = value.strip()
    match kind.lower():
        case "bearer":
            return value
        case "basic":
            return _decoded(value)
        case "apikey":
            return value if value.startswith("tk_") else _decoded(value)
    return ""


def _decoded(value: str) -> str:
    """What stands behind the colon (RFC 7617); no key holds one."""
    try:
        return base64.b64decode(value, validate=True).decode("ascii").rpartition(":")[2]
    except (binascii.Error, ValueError):
        return ""
