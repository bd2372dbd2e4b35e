"""Builds the table of events for its template: heads, rows in blocks, and the addresses of the pages that follow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.core import signing
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import urlencode

from accounts.models import User
from investigations.models import TablePreference
from investigations.presentation import columns
from investigations.presentation.columns import TIME
from investigations.presentation.event_rows import RowContext, TableRow, build_table_rows
from investigations.search_url import SearchRequest
from trail.schema import DEFAULT_COLUMNS
from trail.search.execute import Hit, Page
from trail.search.spec import Search
from trail.times import parse_datetime, parse_relative

# Rows that a page takes out of the document, and puts back, together.
BLOCK = 25
# Columns that hold no field or always the same, in pixels: what is chosen, the day, the time, what opens, the proof.
PICK, DAY, CLOCK, OPENER, PROOF = 30, 54, 112, 34, 26


@dataclass(frozen=True, slots=True)
class FurtherPages:
    """How a table goes on after its last row: as a page by itself (`older`), and in place (`more`).

    `shown` is the number of events up to there.
    """

    older: str
    more: str
    shown: int


def time_of_search(search: Search) -> datetime:
    """The time that a search's relative times are of: the one that all of its pages are bound to, else now."""
    until = search.ingested_until
    if until is None or parse_relative(until) is not None:
        return datetime.now(UTC)
    return parse_datetime(until)


def build_blocks(hits: Sequence[Hit], search_request: SearchRequest, context: RowContext) -> list[list[TableRow]]:
    """The rows, BLOCK of them together."""
    search = search_request.expect_search()
    rows = build_table_rows(hits, search, context, start=search_request.start, after=search_request.after)
    return [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]


def build_further_pages(
    hits: Sequence[Hit], search_request: SearchRequest, until: str, point: str = ""
) -> FurtherPages:
    """Where the pages go on; `point` is the name of the point in time that they are read from."""
    older = search_request.next_page_url(after=hits[-1].sort, until=until, count=len(hits))
    more = f"{reverse('search_rows')}{older}"
    if point:
        more += f"&{urlencode({'point': point})}"
    return FurtherPages(older=older, more=more, shown=search_request.start + len(hits))


def build_pages(page: Page, search_request: SearchRequest, until: str, context: RowContext) -> dict[str, Any]:
    """The events of a page with their numbers, and the ways to the first page and to the next."""
    last_number = search_request.start + len(page.hits)
    has_more = page.hits and last_number < page.total
    return {
        "blocks": build_blocks(page.hits, search_request, context),
        "first_number": search_request.start + 1,
        "last_number": last_number,
        "first_url": search_request.url(search_request.expect_search()) if search_request.start else None,
        "further_pages": build_further_pages(page.hits, search_request, until) if has_more else None,
    }


def build_table(search_request: SearchRequest, preference: TablePreference, user: User, until: str) -> dict[str, Any]:
    """Everything about the table beside its rows."""
    search = search_request.expect_search()
    heads = columns.build_heads(search, search_request.url, preference.widths)
    shows_time = TIME in search.columns
    lead = DAY + CLOCK if shows_time else OPENER
    # What is changed in one's own table is one's own from then on; what came with an address is not.
    is_own = list(search.columns) == preference.columns or (
        not preference.columns and columns.are_default(search.columns)
    )
    return {
        "preference": preference,
        "time_head": next((head for head in heads if head.name == TIME), None),
        "heads": [head for head in heads if head.name != TIME],
        "table_width": sum(head.width for head in heads if head.name != TIME) + PICK + lead + PROOF,
        "is_filled": any(head.is_flexible for head in heads),
        "span": count_cells(search),
        "carried": list_carried_fields(search_request),
        "is_own": is_own,
        "same_url": search_request.url(search),
        "anew_url": search_request.url(without_arrival_limit(search)),
        "newer_url": _newer_url(search_request, user, until),
    }


def without_arrival_limit(search: Search) -> Search:
    """The search of what has arrived until whenever it is asked."""
    return replace(search, ingested_until=None)


def with_default_columns(search: Search) -> Search:
    """The search with the columns that a table has at first."""
    return replace(search, columns=DEFAULT_COLUMNS)


def count_cells(search: Search) -> int:
    """How many cells a row has: what is chosen, what opens it or day and time, the fields, the proof."""
    return len(search.columns) + 3


def list_carried_fields(search_request: SearchRequest) -> list[tuple[str, str]]:
    """What a form that chooses columns carries of the other parameters of the page."""
    parameters = {**search_request.parameters_of(search_request.expect_search()), "columns": []}
    return [
        (name, value)
        for name, values in parameters.items()
        for value in (values if isinstance(values, list) else [values])
    ]


def _newer_url(search_request: SearchRequest, user: User, until: str) -> str:
    """Where to ask how much has arrived since. It answers for searches that this person made, and so for none off the record."""
    search = search_request.expect_search()
    parameters = search_request.parameters_of(search) | {"until": [until], "made": _sign(user, search, until)}
    return f"{reverse('search_newer')}?{urlencode(parameters, doseq=True)}"


def was_made(search: Search, user: User, signature: str) -> bool:
    """Whether the console showed this search to this person."""
    return constant_time_compare(signature, _sign(user, search, search.ingested_until or ""))


def _sign(user: User, search: Search, until: str) -> str:
    # Columns change nothing of what is counted, and an address need not name those that are the person's own.
    parameters = with_default_columns(without_arrival_limit(search)).to_query()
    return signing.Signer(salt="searches that were made").signature(repr((user.pk, parameters, until)))
