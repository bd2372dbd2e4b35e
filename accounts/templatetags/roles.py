"""Lets templates ask what a person may do, decided in accounts.roles alone, and why their session ended."""

from django import template
from django.contrib.auth.models import AnonymousUser

from accounts import roles, session_ends
from accounts.models import User

register = template.Library()


@register.filter
def may(user: User | AnonymousUser, what: str) -> bool:
    """Whether the person may do it, by the name of its rule: `{% if user|may:"curate" %}` asks `roles.may_curate`."""
    return isinstance(user, User) and bool(getattr(roles, f"may_{what}")(user))


@register.filter
def describe_end(end: str | None) -> str:
    """Why somebody has to sign in again, as a sentence, by the word that the address of the sign-in page has for it."""
    return session_ends.describe_end(end or "")
