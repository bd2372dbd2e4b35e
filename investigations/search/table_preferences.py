"""Remembers how a person likes the table of events, and the point in time that its further pages are read from."""

from collections.abc import Mapping
from typing import Any

from django.core.cache import cache
from django.utils.crypto import get_random_string

from accounts.models import User
from investigations.models import TablePreference
from trail.errors import PointEnded
from trail.search import paging
from trail.search.spec import Search

MOST_WIDTHS = 200


def preference_of(user: User) -> TablePreference:
    """How this person likes the table; as it usually is when nothing is remembered."""
    return TablePreference.objects.filter(user=user).first() or TablePreference(user=user)


def remember(*, user: User, changes: Mapping[str, Any]) -> TablePreference:
    """Changes what is remembered. Widths are put beside those of other columns, the oldest of too many are forgotten."""
    mine, _ = TablePreference.objects.get_or_create(user=user)
    for name, value in changes.items():
        setattr(mine, name, {**mine.widths, **value} if name == "widths" else value)
    mine.widths = dict(list(mine.widths.items())[-MOST_WIDTHS:])
    mine.save()
    return mine


def forget(*, user: User) -> None:
    """Forgets it: the table is as it is at first."""
    TablePreference.objects.filter(user=user).delete()


def keep_point(point: str, *, user: User, search: Search, name: str = "") -> str:
    """Keeps the engine's id of a point in time on the server, as long as the engine does, under a name that tells nothing."""
    name = name or get_random_string(22)
    cache.set(_key(name), (point, _bound_to(user, search)), timeout=paging.SECONDS)
    return name


def find_point(name: str, *, user: User, search: Search) -> str:
    """The point of this person and this search. Raises PointEnded for any other, and when its time is over."""
    point, bound_to = cache.get(_key(name)) or ("", None)
    if bound_to != _bound_to(user, search):
        raise PointEnded("The point in time that these pages were read from has ended.")
    return str(point)


def _key(name: str) -> str:
    return f"point-in-time:{name}"


def _bound_to(user: User, search: Search) -> list[Any]:
    """A list, as it comes back from the cache."""
    return [user.pk, repr(search.to_query())]
