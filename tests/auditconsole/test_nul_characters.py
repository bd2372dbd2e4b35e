"""A NUL character in a word of an address or a form reaches no query: PostgreSQL takes none in a text."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import get_resolver, reverse

from accounts.models import User
from tests.pages.test_every_address import ABOUT
from trail.connection import Trail

NUL = "a\0b"
# Every parameter that a page reads.
NAMES = (
    "q", "f", "from", "to", "until", "sort", "columns", "stack", "p.who", "case", "query", "v", "after", "start", "point",
    "made", "token", "user", "field", "at", "edit", "old", "new", "link", "a.link", "b.q", "a", "b", "only", "key", "page",
    "show", "containing", "under", "revocation", "state", "kind", "format", "order", "text", "name", "snippet", "title",
    "severity", "reason", "event", "back", "search", "run", "username", "level", "writer", "next",
)  # fmt: skip


@pytest.fixture
def nul_queries() -> Iterator[list[Any]]:
    """The parameters of every query that holds a NUL character."""
    seen: list[Any] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if "\0" in repr(params).replace("\\x00", "\0"):
            seen.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield seen


@pytest.mark.parametrize("name", [name for name, about in ABOUT.items() if not about])
def test_no_word_of_an_address_or_a_form_carries_one_into_a_query(
    client: Client, ada: User, trail: Trail, nul_queries: list[Any], name: str
) -> None:
    client.force_login(ada)
    for parameter in NAMES:
        for response in (client.get(reverse(name), {parameter: NUL}), client.post(reverse(name), {parameter: NUL})):
            assert response.status_code in (400, 405)
    assert nul_queries == []


@pytest.mark.parametrize(
    "name", ["event_detail", "event_row", "event_standing", "event_proof", "event_known", "token_detail"]
)
def test_no_word_of_a_path_carries_one_into_a_query(
    client: Client, ada: User, trail: Trail, nul_queries: list[Any], name: str
) -> None:
    client.force_login(ada)
    assert client.get(reverse(name, args=[NUL])).status_code == 400
    assert nul_queries == []


def test_the_pages_of_django_s_admin_are_behind_the_same_door(
    client: Client, ada: User, nul_queries: list[Any]
) -> None:
    client.force_login(ada)
    assert client.get("/admin/investigations/savedquery/", {"slug": NUL}).status_code == 400
    assert client.get("/admin/investigations/savedquery/", {"slug": "a"}).status_code in (200, 302)
    assert nul_queries == []


def test_the_page_that_refuses_it_says_so(client: Client, ada: User) -> None:
    client.force_login(ada)
    response = client.get("/searches/", {"q": NUL})
    assert b"not well formed" in response.content
    assert get_resolver().resolve_error_handler(400)
