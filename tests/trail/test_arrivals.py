import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.support.factories.events import event, write
from trail import arrivals
from trail.arrivals import Shard
from trail.canonical_form import canonicalise
from trail.connection import Trail, connect
from trail.errors import TrailUnavailable
from trail.integrity import merkle
from trail.mapping import ensure_index

NOVEMBER = "2026.11"


def _index(trail: Trail, month: str = NOVEMBER) -> str:
    return f"{trail.prefix}-events-{month}"


def _put(trail: Trail, index: str, id: str, document: dict[str, object]) -> None:
    """Write as one who knows the engine and goes past the writer."""
    trail.client.index(index=index, id=id, body=document, params={"op_type": "create"})


def _all(trail: Trail, shard: Shard) -> list[arrivals.StoredEvent]:
    arrivals.refresh(trail, {shard.index})
    windows = arrivals.read_windows(trail, shard.index, shard.number, 0, shard.settled)
    return [event for window in windows for event in window.events]


def test_every_event_comes_once_in_the_order_of_its_number(trail: Trail) -> None:
    documents = [event() for _ in range(arrivals.FEWEST * 3 + 1)]
    write(trail, *documents)
    (shard,) = arrivals.list_shards(trail)
    found = _all(trail, shard)
    assert [one.seq for one in found] == list(range(len(documents)))
    assert {one.event_id for one in found} == {one["event"]["id"] for one in documents}
    assert (shard.settled, shard.last) == (len(documents) - 1, len(documents) - 1)


def test_what_is_not_refreshed_yet_is_found_after_it_is(trail: Trail) -> None:
    trail.client.indices.put_index_template(
        name=f"{trail.prefix}-slow",
        body={
            "index_patterns": [f"{trail.prefix}-events-*"],
            "priority": 501,
            "template": {"settings": {"index.refresh_interval": "-1"}, "aliases": {trail.events: {}}},
        },
    )
    trail.client.indices.create(index=_index(trail))
    trail.client.indices.delete_index_template(name=f"{trail.prefix}-slow")
    _put(trail, _index(trail), "late", event(id="late"))
    (shard,) = arrivals.list_shards(trail)
    assert shard.settled == 0
    assert [one.event_id for one in _all(trail, shard)] == ["late"]


def test_an_event_with_nested_parts_comes_once(trail: Trail) -> None:
    write(trail, event(id="nested", token__discharges=[{"location": "a"}, {"location": "b"}]))
    (shard,) = arrivals.list_shards(trail)
    assert [one.event_id for one in _all(trail, shard)] == ["nested"]


def test_the_leaf_is_the_hash_of_the_event_as_its_writer_made_it(trail: Trail) -> None:
    document = event(raw={"n": 1.5}, event__original='{"n":1.5}')
    write(trail, document)
    (shard,) = arrivals.list_shards(trail)
    (stored,) = _all(trail, shard)
    assert stored.leaf == merkle.leaf_hash(canonicalise(document))
    assert stored.strange == ""
    assert stored.ingested.endswith("Z")


def test_shards_are_told_apart(node: str, trail: Trail) -> None:
    from trail.mapping import install

    install(replace(trail, shards=3))
    write(trail, *(event() for _ in range(40)))
    shards = arrivals.list_shards(trail)
    assert [shard.number for shard in shards] == [0, 1, 2]
    found = [one.event_id for shard in shards for one in _all(trail, shard)]
    assert len(found) == len(set(found)) == 40


def test_an_empty_shard_is_settled_at_nothing(trail: Trail) -> None:
    ensure_index(trail, _index(trail))
    (shard,) = arrivals.list_shards(trail)
    assert (shard.settled, shard.last) == (-1, -1)
    assert _all(trail, shard) == []


def test_a_trail_without_an_index_has_no_shards(trail: Trail) -> None:
    assert arrivals.list_shards(trail) == []
    assert arrivals.list_indices(trail) == {}


def test_a_closed_index_is_there_without_answering(trail: Trail) -> None:
    write(trail, event())
    uuid = arrivals.list_indices(trail)[_index(trail)]
    assert arrivals.list_shards(trail)[0].uuid == uuid
    trail.client.indices.close(index=_index(trail))
    assert arrivals.list_indices(trail) == {_index(trail): uuid}
    assert arrivals.list_shards(trail) == []


def test_a_number_that_failed_inside_the_engine_is_passed_over(trail: Trail) -> None:
    write(trail, event(id="before"))
    with pytest.raises(Exception, match="immense term"):
        _put(trail, _index(trail), "never", event(user__name="x" * 40_000))
    write(trail, event(id="after"))
    (shard,) = arrivals.list_shards(trail)
    assert [(one.seq, one.event_id) for one in _all(trail, shard)] == [(0, "before"), (2, "after")]


@pytest.mark.parametrize(
    ("id", "document", "why"),
    [
        ("other", event(id="one"), "its id is not the event's own"),
        ("bare", event(id="bare"), "nothing says when the trail took it"),
        (
            "astray",
            event(id="astray", at="2026-10-01T00:00:00Z", event__ingested="2026-10-01T00:00:00Z"),
            "it is not in the index of its month",
        ),
    ],
)
def test_an_event_past_the_writer_is_strange(trail: Trail, id: str, document: dict[str, object], why: str) -> None:
    ensure_index(trail, _index(trail))
    _put(trail, _index(trail), id, document)
    (shard,) = arrivals.list_shards(trail)
    assert [one.strange for one in _all(trail, shard)] == [why]


def test_what_has_no_canonical_form_has_a_leaf_all_the_same(trail: Trail) -> None:
    ensure_index(trail, _index(trail))
    document = event(id="big", event__sequence=2**60, event__ingested="2026-11-01T00:00:00Z")
    _put(trail, _index(trail), "big", document)
    (shard,) = arrivals.list_shards(trail)
    (stored,) = _all(trail, shard)
    assert stored.leaf == merkle.leaf_hash(arrivals.build_sealed_form(document))
    changed = event(id="big", event__sequence=2**60 + 1, event__ingested="2026-11-01T00:00:00Z")
    assert arrivals.build_sealed_form(changed) != arrivals.build_sealed_form(document)


def test_windows_are_narrow_for_large_events_and_wide_for_small_ones(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(trail, *(event() for _ in range(arrivals.FEWEST * 5)))
    (shard,) = arrivals.list_shards(trail)
    arrivals.refresh(trail, {shard.index})

    def widths() -> list[int]:
        found = arrivals.read_windows(trail, shard.index, 0, 0, shard.settled)
        return [window.last - window.first + 1 for window in found]

    assert widths() == [arrivals.FEWEST, arrivals.FEWEST * 2, arrivals.FEWEST * 2]
    monkeypatch.setattr(arrivals, "BYTES", 1)
    assert widths() == [arrivals.FEWEST] * 5


def test_an_event_is_found_where_it_stands(trail: Trail) -> None:
    write(trail, event(id="a"), event(id="b"))
    ((index, seq, document),) = arrivals.find_event(trail, "b")
    assert (index, seq, document["event"]["id"]) == (_index(trail), 1, "b")
    assert arrivals.find_event(trail, "nobody") == []


def test_a_silent_engine_is_an_error() -> None:
    with pytest.raises(TrailUnavailable, match="could not be read"):
        arrivals.list_shards(connect("http://127.0.0.1:1"))


class _Partial(BaseHTTPRequestHandler):
    """An engine that has lost a shard half way: what a real one answers then."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps({"timed_out": True, "_shards": {"total": 2, "failed": 1}, "hits": {"hits": []}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *about: object) -> None:
        pass


@pytest.fixture
def partial() -> Iterator[Trail]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Partial)
    thread = Thread(target=server.serve_forever)
    thread.start()
    trail = connect(f"http://127.0.0.1:{server.server_port}")
    yield trail
    trail.client.close()
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_answer_in_part_is_no_answer(partial: Trail) -> None:
    with pytest.raises(TrailUnavailable, match="could not be refreshed"):
        arrivals.refresh(partial, {"some"})
    with pytest.raises(TrailUnavailable, match="in part only"):
        list(arrivals.read_windows(partial, "some", 0, 0, 10))
    with pytest.raises(TrailUnavailable, match="in part only"):
        arrivals.find_event(partial, "some")
