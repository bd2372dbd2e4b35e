"""The table of events as its template takes it: rows in blocks, heads, and how the pages go on. Nothing here asks the trail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.core import signing
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import urlencode

from accounts.models import User
from investigations import columns, presentation
from investigations.forms.search import Asked
from investigations.models import TablePreference
from investigations.presentation import Row
from trail.schema import DEFAULT_COLUMNS
from trail.search.execute import Hit
from trail.search.novelty import Marks
from trail.search.spec import Search

# Rows that a page takes out of the document, and puts back, together.
BLOCK = 25
# Columns that hold no field, in pixels: to tick, to open.
_TICK, _OPEN = 34, 44


@dataclass(frozen=True, slots=True)
class Going:
    """How a table goes on after its last row: as a page by itself (`older`), and in place (`more`)."""

    older: str
    more: str
    shown: int


def moment(search: Search) -> datetime:
    """The moment that a search's relative times are of: the one that all of its pages are bound to, else now."""
    until = search.ingested_until
    if until is None or until.startswith("now"):
        return datetime.now(UTC)
    bound = datetime.fromisoformat(until)
    return bound if bound.tzinfo else bound.replace(tzinfo=UTC)


def blocks(hits: Sequence[Hit], search: Search, asked: Asked, marks: Marks) -> list[list[tuple[int, Row]]]:
    """The rows with their numbers, so many together; `marks` say of which kinds each is a first."""
    rows = presentation.rows(hits, search.columns, search, asked.url, marks)
    numbered = list(enumerate(rows, asked.start + 1))
    return [numbered[start : start + BLOCK] for start in range(0, len(numbered), BLOCK)]


def going(hits: Sequence[Hit], asked: Asked, until: str, point: str = "") -> Going:
    """Where the pages go on; `point` is the name of the point in time that they are read from."""
    older = asked.older(hits[-1].sort, until, len(hits))
    held = f"&{urlencode({'point': point})}" if point else ""
    return Going(older, f"{reverse('search_rows')}{older}{held}", asked.start + len(hits))


def shown(search: Search, asked: Asked, mine: TablePreference, user: User, until: str) -> dict[str, Any]:
    """Everything about the table beside its rows."""
    heads = columns.heads(search, asked.url, mine.widths)
    return {
        "mine": mine,
        "heads": heads,
        "table_width": sum(head.width for head in heads) + _TICK + _OPEN,
        "span": len(heads) + 3,
        "choices": columns.choices(search.columns),
        "carried": carried(asked, search),
        # What is changed in one's own table is one's own from then on; what came with an address is not.
        "is_own": list(search.columns) == mine.columns or (not mine.columns and columns.are_usual(search.columns)),
        "asked_url": asked.url(search),
        "anew_url": asked.url(unbound(search)),
        "newer_url": newer_url(search, asked, user, until),
    }


def unbound(search: Search) -> Search:
    """The search of what has arrived until whenever it is asked."""
    return replace(search, ingested_until=None)


def as_usual(search: Search) -> Search:
    return replace(search, columns=DEFAULT_COLUMNS)


def carried(asked: Asked, search: Search) -> list[tuple[str, str]]:
    """What a form that chooses columns carries of the rest of the page."""
    kept = {**asked.query(search), "columns": []}
    return [(name, one) for name, value in kept.items() for one in (value if isinstance(value, list) else [value])]


def newer_url(search: Search, asked: Asked, user: User, until: str) -> str:
    """Where to ask how much has arrived since. It answers for searches that this person made, and so for none off the record."""
    query = asked.query(search) | {"until": [until]}
    return f"{reverse('search_newer')}?{urlencode({**query, 'made': _sign(user, search, until)}, doseq=True)}"


def was_made(search: Search, user: User, made: str) -> bool:
    """Whether the console showed this search to this person."""
    expected = _sign(user, search, search.ingested_until or "")
    return constant_time_compare(made, expected)


def _sign(user: User, search: Search, until: str) -> str:
    asked = unbound(search).to_query()
    return signing.Signer(salt="searches that were made").signature(repr((user.pk, asked, until)))
