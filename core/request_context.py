"""Remembers, for as long as a request is answered, who sent it and what of it is on record."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.http import HttpRequest

from core.proxies import parse_address

MOST_CLIENT = 1_000  # characters of what a client says of itself


@dataclass(slots=True)
class RequestContext:
    """What the audit log says of a request. `began` is on the monotonic clock; `session` a hash that opens nothing.

    `subject` is what it is about, `hits` how many results it had, `program` who asks where it is no person, `actions` what
    of it is on record already; `has_signed_out`: the person's session ended by it.
    """

    address: str
    client: str
    session: str
    method: str
    began: float
    subject: tuple[str, str] | None = None
    hits: int | None = None
    program: object | None = None
    actions: set[str] = field(default_factory=set)
    has_signed_out: bool = False


_current: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def current() -> RequestContext | None:
    """The context of the request that is being answered; None in a task or a command."""
    return _current.get()


@contextmanager
def enter(request: HttpRequest) -> Iterator[RequestContext]:
    """The context of a request, for as long as it is answered."""
    address = parse_address(str(request.META.get("REMOTE_ADDR", "")))
    context = RequestContext(
        address=str(address) if address else "",
        client=str(request.META.get("HTTP_USER_AGENT", ""))[:MOST_CLIENT],
        session=hash_session(request),
        method=request.method or "",
        began=time.monotonic(),
    )
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def hash_session(request: HttpRequest) -> str:
    """A name for the request's session under which nobody can take it over; empty without one."""
    session = getattr(request, "session", None)
    key = session.session_key if session is not None else None
    return hashlib.sha256(f"session {key}".encode()).hexdigest()[:32] if key else ""


def refresh_session(request: HttpRequest) -> None:
    """Take up the session that signing in has begun: from here on the records name that one."""
    if context := current():
        context.session = hash_session(request)


def set_subject(kind: str, key: str) -> None:
    """Say what the request is about, found or not, so that its record says so."""
    if context := current():
        context.subject = (kind, key)


def set_program(program: object) -> None:
    """Say which program asks, where it came with a key."""
    if context := current():
        context.program = program


def set_hits(hits: int) -> None:
    """Say how many results the answer has."""
    if context := current():
        context.hits = hits


def end_session() -> None:
    """Say that the person's session ends by this request."""
    if context := current():
        context.has_signed_out = True
