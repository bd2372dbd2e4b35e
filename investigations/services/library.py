"""Every change of the library: a query saved is a new version; nothing that was run is ever rewritten."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from investigations.journal import Action, record
from investigations.models import QueryParameter, SavedQuery, SavedQueryVersion
from trail.search.spec import Search


@transaction.atomic
def save(
    *, query: SavedQuery, search: Search, parameters: Sequence[dict[str, str]], by: User | None
) -> SavedQueryVersion | None:
    """Save the query, with a new version when what it asks has changed (None when it has not). Raises TrailUnavailable.

    `by` is None for what comes with the console; only what people do is put on record.
    """
    query.save()
    current = query.current
    if (
        current is not None
        and current.search == search.to_json()
        and _blanks(current) == [_full(one) for one in parameters]
    ):
        return None
    last = query.versions.aggregate(last=Max("number"))["last"] or 0
    version = SavedQueryVersion.objects.create(
        query=query, number=last + 1, search=search.to_json(),
        created_by=by, created_by_name=(by.name or by.username) if by else "Audit Console",
    )  # fmt: skip
    for position, one in enumerate(parameters):
        QueryParameter.objects.create(version=version, position=position, **_full(one))
    if by is not None:
        record(Action.QUERY_SAVE, by=by, resource=("query", query.slug), labels={"version": str(version.number)})
    return version


def _blanks(version: SavedQueryVersion) -> list[dict[str, Any]]:
    return [
        {name: getattr(one, name) for name in ("name", "label", "kind", "default", "help")}
        for one in version.parameters.all()
    ]


def _full(one: dict[str, str]) -> dict[str, str]:
    return {"help": "", "default": "", **one}


def recorded_change(*, query: SavedQuery, by: User) -> None:
    """Put a change of name, group or retirement on record."""
    action = Action.QUERY_RETIRE if query.retired else Action.QUERY_SAVE
    record(action, by=by, resource=("query", query.slug))
