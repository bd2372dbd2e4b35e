"""Authenticates programs by the key in a request's Authorization header. People's sessions open none of these addresses."""

import base64
import binascii
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from core import request_context
from core.audit import Program
from core.responses import respond_in_json
from operations.models import KeyScope, WriterKey
from operations.writers import keys

P = ParamSpec("P")
KeyedView = Callable[Concatenate[HttpRequest, WriterKey, P], HttpResponse]


class AccessRefused(Exception):
    """The request carries no key that opens this. `status` is 401, 403 or 503; `sentence` says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def authenticate_request(request: HttpRequest, *scopes: KeyScope) -> WriterKey:
    """The key that the request carries, if it is of one of these scopes; its use is recorded. Raises AccessRefused."""
    secret = _read_secret(request.headers.get("Authorization", ""))
    try:
        key = keys.find_key(secret) if secret else None
        if key is not None and key.scope in scopes:
            keys.record_use(key, str(request.META.get("REMOTE_ADDR", "")))
    except DatabaseError as error:
        raise AccessRefused(503, "Keys cannot be read just now; send the same again later.") from error
    if key is None:
        raise AccessRefused(401, "This needs a key that works, as: Authorization: Bearer tk_…")
    request_context.set_program(Program(username=f"key:{key.public_id}", name=key.name))
    if key.scope not in scopes:
        raise AccessRefused(403, f"This key is for {key.scope}; this needs one for {scopes[0]}.")
    return key


def requires_key(scope: KeyScope) -> Callable[[KeyedView[P]], Callable[Concatenate[HttpRequest, P], HttpResponse]]:
    """Make a view one for programs: the key is its second argument; without one the answer is a sentence in JSON."""

    def decorate(view: KeyedView[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                key = authenticate_request(request, scope)
            except AccessRefused as refusal:
                return respond_refused(refusal)
            return view(request, key, *args, **kwargs)

        return guarded

    return decorate


def respond_refused(refusal: AccessRefused) -> HttpResponse:
    """The answer to a request without a key that opens this."""
    response = respond_in_json(refusal.sentence, refusal.status)
    if refusal.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="trail", Basic realm="trail"'
    return response


def _read_secret(header: str) -> str:
    """The key in an Authorization header. Shippers send it as Bearer, as a Basic password or as an ApiKey (`id:key`)."""
    kind, _, value = header.strip().partition(" ")
    value = value.strip()
    match kind.lower():
        case "bearer":
            return value
        case "basic":
            return _decode_basic(value)
        case "apikey":
            return value if value.startswith("tk_") else _decode_basic(value)
    return ""


def _decode_basic(value: str) -> str:
    """What stands behind the colon (RFC 7617); no key holds one."""
    try:
        return base64.b64decode(value, validate=True).decode("ascii").rpartition(":")[2]
    except (binascii.Error, ValueError):
        return ""
