"""What would keep the trail from taking an event now, asked of a real node."""

from datetime import UTC, datetime

import pytest

from tests.support.factories.events import event, write
from trail.connection import Trail, connect
from trail.errors import TrailUnavailable
from trail.maintenance.probe import find_trouble
from trail.mapping import ensure_index, index_for


def _month(trail: Trail) -> str:
    month = index_for(trail.prefix, datetime.now(UTC).isoformat())
    ensure_index(trail, month)
    return month


def test_an_empty_trail_takes_events(trail: Trail) -> None:
    assert find_trouble(trail) == ""


def test_an_engine_that_does_not_answer_is_trouble() -> None:
    with pytest.raises(TrailUnavailable, match="does not answer"):
        find_trouble(connect("http://127.0.0.1:1", timeout=1))


def test_a_month_that_is_closed_to_writing_is_trouble_only_while_it_is_this_month(trail: Trail) -> None:
    write(trail, event(at="2026-01-01T00:00:00Z"))
    trail.client.indices.put_settings(index=f"{trail.prefix}-events-2026.01", body={"index.blocks.write": True})
    assert find_trouble(trail) == ""
    month = _month(trail)
    trail.client.indices.put_settings(index=month, body={"index.blocks.read_only_allow_delete": True})
    assert find_trouble(trail).startswith(f"{month} takes no writes: ")
    trail.client.indices.put_settings(index=month, body={"index.blocks.read_only_allow_delete": None})
    assert find_trouble(trail) == ""


def test_a_lost_shard_is_trouble(trail: Trail) -> None:
    # An index that no node may hold is red at once, as one whose shard is lost.
    body = {"settings": {"index.routing.allocation.require._name": "nobody"}}
    trail.client.indices.create(
        index=f"{trail.prefix}-events-2026.02", body=body, params={"wait_for_active_shards": "0"}
    )
    assert "lost a shard" in find_trouble(trail)


@pytest.mark.lone
def test_a_whole_engine_that_takes_no_writes_is_trouble(trail: Trail) -> None:
    def only_read(yes: bool | None) -> None:
        trail.client.cluster.put_settings(body={"persistent": {"cluster.blocks.read_only_allow_delete": yes}})

    only_read(True)
    try:
        assert find_trouble(trail).startswith("The engine takes no writes: ")
    finally:
        only_read(None)
