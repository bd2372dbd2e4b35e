"""Changes the library: a query saved is a new version; nothing that was run is ever rewritten."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from accounts.models import User
from core.records import next_number
from investigations.audit import CaseAction, record
from investigations.models import QueryParameter, SavedQuery, SavedQueryVersion
from trail.search.spec import Search

NAMED = ("name", "slug", "group", "description", "retired")  # fields of a query that no version holds


@transaction.atomic
def save(
    *, query: SavedQuery, search: Search, parameters: Sequence[dict[str, str]], by: User | None
) -> SavedQueryVersion | None:
    """Save the query, with a new version when what it asks has changed (None when it has not). Raises TrailUnavailable.

    `by` is None for what comes with the console; only what people do is put on record.
    """
    blanks = [_full(blank) for blank in parameters]
    before = SavedQuery.objects.select_for_update().filter(pk=query.pk).first()
    current = before.current if before else None
    is_asked_anew = current is None or current.search != search.to_json() or _blanks(current) != blanks
    if before is not None:
        renamed = any(getattr(before, name) != getattr(query, name) for name in NAMED)
        query.revision = before.revision + (is_asked_anew or renamed)
    query.save()
    if not is_asked_anew:
        return None
    version = SavedQueryVersion.objects.create(
        query=query,
        number=next_number(query.versions),
        search=search.to_json(),
        created_by=by,
        created_by_name=(by.name or by.username) if by else "Audit Console",
    )
    for position, blank in enumerate(blanks):
        QueryParameter.objects.create(version=version, position=position, **blank)
    if by is not None:
        record(CaseAction.QUERY_SAVE, by=by, resource=("query", query.slug), labels={"version": str(version.number)})
    return version


def _blanks(version: SavedQueryVersion) -> list[dict[str, Any]]:
    return [
        {name: getattr(blank, name) for name in ("name", "label", "kind", "default", "help")}
        for blank in version.parameters.all()
    ]


def _full(blank: dict[str, str]) -> dict[str, str]:
    return {"help": "", "default": "", **blank}


def record_change(*, query: SavedQuery, by: User) -> None:
    """Put a change of name, group or retirement on record."""
    action = CaseAction.QUERY_RETIRE if query.retired else CaseAction.QUERY_SAVE
    record(action, by=by, resource=("query", query.slug))
