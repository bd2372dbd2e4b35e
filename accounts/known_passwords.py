"""Lets the demonstration's password in on the machine itself alone, for everybody knows it."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

DEMONSTRATION = "demonstration"
SENTENCE = (
    "This is the demonstration's password, which everybody knows: it lets nobody in where the console is reached from other "
    "machines. Use an account of your own, in a state folder without the demonstration."
)


def is_refused(password: str | None) -> bool:
    """Whether this is a password that everybody knows, where others than people at this machine may try it."""
    return password == DEMONSTRATION and not settings.LISTENS_ON_LOOPBACK


class Backend(AuthenticationBackend):  # type: ignore[misc]  # allauth has no types
    """Signs in by name and password, whichever page asks."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        """The person, or nobody. Raises PermissionDenied, by which Django asks no other backend."""
        if is_refused(credentials.get("password")):
            raise PermissionDenied(SENTENCE)
        person: AbstractBaseUser | None = super().authenticate(request, **credentials)
        return person
