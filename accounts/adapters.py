"""Sets django-allauth up for this console: people sign in by username, admins make accounts, and all of it is on record."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.internal.ratelimit import get_ip
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts import known_passwords, services
from accounts.audit import AccountAction
from accounts.models import User
from core.access import VISITOR
from core.audit import Result, record_access
from core.request_context import end_session, refresh_session
from trail.errors import WriteRefused


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """The person, or nobody. Raises ValidationError with the sentence for a password that lets nobody in here."""
        if known_passwords.is_refused(credentials.get("password")):
            record_failed_sign_in(str(credentials.get("username", "")), "known_password")
            raise ValidationError(known_passwords.SENTENCE)
        return super().authenticate(request, **credentials)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """The page itself says that somebody is signed in; messages are for what would not be seen otherwise."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse too many attempts, on record."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            record_failed_sign_in(str(credentials.get("username", "")), "too_many")
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        record_failed_sign_in(str(credentials.get("username", "")), "wrong_password")

    def pre_login(self, request: HttpRequest, user: User, **more: Any) -> HttpResponseBase | None:
        """Who was shut out is told so, and it is on record that they came."""
        if not user.is_active:
            record_failed_sign_in(user.username, "shut_out")
        response: HttpResponseBase | None = super().pre_login(request, user, **more)
        return response

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        refresh_session(request)
        try:
            record_access(AccountAction.SIGN_IN, by=user, resource=("user", user.username))
        except WriteRefused:
            request.session.flush()  # nobody is in without a record of it
            raise

    def logout(self, request: HttpRequest) -> None:
        if not isinstance(request.user, AnonymousUser):
            record_access(AccountAction.SIGN_OUT, by=request.user, resource=("user", request.user.username))
        end_session()
        super().logout(request)

    def set_password(self, user: User, password: str) -> None:
        """One's own password; who signed in elsewhere is signed out there. Raises TrailUnavailable or WriteRefused."""
        services.change_own_password(user=user, password=password)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Attempts are counted for a name from a source: whoever guesses elsewhere keeps nobody out."""
        return f"{super()._get_login_attempts_cache_key(request, **credentials)} from {get_ip(request)}"


def record_failed_sign_in(username: str, reason: str) -> None:
    """A name that nobody has stays off the record: it may be a password, typed into the wrong field. Raises WriteRefused."""
    person = User.objects.filter(username__iexact=username).first()
    record_access(
        AccountAction.SIGN_IN,
        by=person or VISITOR,
        resource=("user", person.username) if person else None,
        result=Result("failure", reason if person else "unknown_name"),
    )
