"""Ends a session that nobody used for a while, and one that has lasted long enough; sign-in says why."""

import time
from collections.abc import Callable, MutableMapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.audit import AccountAction
from accounts.models import User
from core.audit import Result, record_access

SIGNED_IN_AT, USED_AT = "signed_in_at", "used_at"  # seconds since 1970
NOTED_EVERY = 60  # seconds between two notes of use: a page is no reason for a write to the database
# The console's own pages send this header with what they ask by themselves, which is no sign that a person is there.
UNATTENDED = "X-Unattended"


class SessionEnd(StrEnum):
    """Why a session ended."""

    IDLE = "idle"
    LONG = "long"


class SessionEndMiddleware:
    """Signs people out whose session is over; the guard of the page that they asked for sends them to sign in and back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and SESSION_KEY in request.session:
            _end_or_note_use(request, time.time())
        return self.get_response(request)


def find_end(session: MutableMapping[str, Any], now: float) -> SessionEnd | None:
    """Why a session is over at `now`, in seconds since 1970; one of which nothing is known begins now."""
    if now - session.get(SIGNED_IN_AT, now) >= settings.SESSION_COOKIE_AGE:
        return SessionEnd.LONG
    if now - session.get(USED_AT, now) >= settings.SESSION_IDLE_SECONDS:
        return SessionEnd.IDLE
    return None


def read_end(request: HttpRequest) -> SessionEnd | None:
    """Why the session of this request was ended, if it was."""
    return getattr(request, "session_end", None)


def describe_end(end: str) -> str:
    """The sentence for somebody who has to sign in again; empty for what is no reason."""
    match end:
        case SessionEnd.IDLE:
            seconds = settings.SESSION_IDLE_SECONDS
            return f"You were signed out because nothing was done for {_duration(seconds)}. Sign in to go on where you were."
        case SessionEnd.LONG:
            seconds = settings.SESSION_COOKIE_AGE
            return f"You were signed out {_duration(seconds)} after signing in. Sign in to go on where you were."
    return ""


def _end_or_note_use(request: HttpRequest, now: float) -> None:
    session = request.session
    if (end := find_end(session, now)) is not None:
        user = get_user(request)  # not request.user, which would stay the person's
        session.flush()
        request.session_end = end  # type: ignore[attr-defined]
        if isinstance(user, User):
            record_access(AccountAction.SIGN_OUT, by=user, resource=("user", user.username), result=Result(reason=end))
        return
    session.setdefault(SIGNED_IN_AT, now)
    if UNATTENDED not in request.headers and now - session.get(USED_AT, 0) >= NOTED_EVERY:
        session[USED_AT] = now


def _begin(sender: object, request: HttpRequest, **about: Any) -> None:
    """Django's own signal: somebody has signed in, by whichever page."""
    request.session[SIGNED_IN_AT] = request.session[USED_AT] = time.time()


user_logged_in.connect(_begin, dispatch_uid="session begins")


def _duration(seconds: float) -> str:
    whole = timedelta(seconds=seconds)
    hours, minutes = divmod(round(whole.total_seconds() / 60), 60)
    parts = [
        f"{number} {unit}{'' if number == 1 else 's'}"
        for number, unit in ((hours, "hour"), (minutes, "minute"))
        if number
    ]
    return " and ".join(parts) or "less than a minute"
