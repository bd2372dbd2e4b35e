"""A case of a hundred thousand pins: its pages take as many queries as those of a small one, and parse what they show alone."""

from collections.abc import Iterator

import pytest
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import session_ends
from accounts.models import User
from investigations.models import Case, Evidence
from tests.support.factories.cases import open_case
from tests.support.factories.large_cases import fill_case
from tests.support.pages import text_of
from trail.connection import Trail

LARGE, SMALL = 100_000, 1_000
PAGES = {
    "timeline": "",
    "its middle": "?at=E{half}",
    "a day": "?day=2026-09-15",
    "its end": "?before=E{last}",
    "by address": "?lanes=addresses",
    "a week of it": "?from=2026-09-01&to=2026-09-08",
    "entities": "entities/",
    "notes": "notes/",
    "hypotheses": "hypotheses/",
}


@pytest.fixture(autouse=True)
def _nothing_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is renewed or noted now and then is not, however slow the machine is."""
    monkeypatch.setattr(session_ends, "NOTED_EVERY", float("inf"))
    monkeypatch.setattr(RedisCache, "get_backend_timeout", lambda *_args: None)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The keys of the evidence whose copies were parsed."""
    keys: list[int] = []
    whole = Evidence.document.fget
    assert whole is not None

    def parse(evidence: Evidence) -> object:
        keys.append(evidence.pk)
        return whole(evidence)

    monkeypatch.setattr(Evidence, "document", property(parse))
    return keys


def _measure(client: Client, case: Case, number: int, parsed: list[int]) -> Iterator[tuple[str, int, int]]:
    """Of each page: how many queries, and how many copies were parsed."""
    for name, words in PAGES.items():
        address = f"/cases/{case.public_id}/{words.format(half=number // 2, last=number)}"
        client.get(address)
        parsed.clear()
        with CaptureQueriesContext(connection) as queries:
            response = client.get(address)
        assert response.status_code == 200, name
        yield name, len(queries), len(set(parsed))


@pytest.mark.timeout(300)
def test_it_takes_as_many_queries_as_a_small_one_and_reads_no_copy_that_it_does_not_show(
    client: Client, alice: User, trail: Trail, parsed: list[int]
) -> None:
    small, large = open_case(alice, title="Small"), open_case(alice, title="Large")
    fill_case(small, alice, SMALL)
    fill_case(large, alice, LARGE)
    client.force_login(alice)
    few = {name: rest for name, *rest in _measure(client, small, SMALL, parsed)}
    many = {name: rest for name, *rest in _measure(client, large, LARGE, parsed)}
    assert {name: row[0] for name, row in many.items()} == {name: row[0] for name, row in few.items()}
    # A page's entries, and what its picture lists one by one.
    assert max(copies for _, copies in many.values()) <= 224 + 14 * 4 + 200 + 7 * 40
    page = text_of(client.get(f"/cases/{large.public_id}/"))
    assert "100,000 events" in page
