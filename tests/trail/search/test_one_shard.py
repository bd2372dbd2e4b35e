"""What runs in the background asks the engine for one shard at a time, so that who waits for a page finds it free."""

from typing import Any

import pytest

from tests.support.factories.events import use, write
from trail.connection import Trail, limit_shards
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search


@pytest.fixture
def sent(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The parameters of each request that asks for events."""
    write(trail, use("t", at="2026-10-01T00:00:00Z"), use("t", at="2026-11-01T00:00:00Z"))
    connection, seen = trail.client.transport.get_connection(), []
    perform = connection.perform_request

    def record(method: str, url: str, params: Any = None, *rest: Any, **more: Any) -> Any:
        if url.endswith("search"):
            seen.append(dict(params or {}))
        return perform(method, url, params, *rest, **more)

    monkeypatch.setattr(connection, "perform_request", record)
    return seen


def test_a_scan_and_a_page_are_asked_so(trail: Trail, sent: list[dict[str, Any]]) -> None:
    with limit_shards(1):
        (batch,) = execute.scan_ids(trail, Search(text="token.id:t"), WHOLE_TRAIL)
        page = execute.read_page(trail, Search(text="token.id:t"), WHOLE_TRAIL)
    assert (len(batch.ids), page.total) == (2, 2)
    assert {str(params.get("max_concurrent_shard_requests")) for params in sent} == {"1"}


def test_nothing_else_is(trail: Trail, sent: list[dict[str, Any]]) -> None:
    with limit_shards(1):
        pass
    assert execute.read_page(trail, Search(text="token.id:t"), WHOLE_TRAIL).total == 2
    assert sent
    assert not any("max_concurrent_shard_requests" in params for params in sent)
