"""Written means durable and once; anything else is said."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.factories.events import event
from trail import mapping
from trail.connection import Trail, connect
from trail.errors import TrailBusy, TrailUnavailable, WriteRefused, WriteUnknown
from trail.events import parse_event
from trail.mapping import read_installed_version
from trail.writing.writer import BATCH_BYTES, _batches, _Prepared, write, write_many


def _statuses(outcomes: object) -> list[str]:
    return [outcome.status for outcome in outcomes]  # type: ignore[attr-defined]


def test_the_same_event_again_changes_nothing_and_another_under_its_id_is_a_conflict(trail: Trail) -> None:
    one = event(id="one", user__id="ada")
    assert _statuses(write(trail, [one])) == ["created"]
    assert _statuses(write(trail, [one])) == ["existing"]
    (conflict,) = write(trail, [event(id="one", user__id="eve", at=one["@timestamp"])])
    assert (conflict.status, conflict.event_id) == ("conflict", "one")
    found = trail.client.get(index=f"{trail.prefix}-events-2026.11", id="one")["_source"]
    assert found["user"]["id"] == "ada"


def test_an_invalid_event_is_told_and_the_others_are_written(trail: Trail) -> None:
    outcomes = write(trail, [event(), event(source__ip="nowhere"), event()])
    assert _statuses(outcomes) == ["created", "invalid", "created"]
    assert "source.ip" in outcomes[1].reason


def test_each_month_has_its_index_even_when_two_writers_make_it_at_once(trail: Trail) -> None:
    batches = [[event(at=f"2026-0{month}-01T00:00:00Z") for month in range(1, 7)] for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda batch: _statuses(write(trail, batch)), batches))
    assert done == [["created"] * 6] * 4
    assert len(trail.client.indices.get(index=f"{trail.prefix}-events-*")) == 6


def test_a_stream_is_written_in_order_and_counted_whole(trail: Trail) -> None:
    documents = [event(id=f"n{number}") for number in range(2_500)]
    outcomes = list(write_many(trail, iter([*documents, documents[0]]), batch=300))
    assert [outcome.event_id for outcome in outcomes] == [f"n{number}" for number in range(2_500)] + ["n0"]
    assert _statuses(outcomes) == ["created"] * 2_500 + ["existing"]


def test_a_stream_is_never_far_ahead_of_what_is_written(trail: Trail) -> None:
    taken = 0

    def documents() -> object:
        nonlocal taken
        while True:
            taken += 1
            yield event()

    outcomes = write_many(trail, documents(), batch=50, threads=2)  # type: ignore[arg-type]
    for _ in range(50):
        next(outcomes)
    outcomes.close()
    assert taken <= 50 * 4


@given(st.lists(st.integers(0, 2 * BATCH_BYTES), max_size=40), st.integers(1, 10))
def test_batches_are_bounded_in_number_and_in_bytes_and_lose_nothing(sizes: list[int], most: int) -> None:
    ready = [_Prepared({"n": number}, lines=_Sized(size)) for number, size in enumerate(sizes)]
    batches = list(_batches(ready, most))
    assert [one for batch in batches for one in batch] == ready
    for batch in batches:
        assert len(batch) <= most
        assert len(batch) == 1 or sum(len(one.lines) for one in batch) <= BATCH_BYTES


class _Sized(bytes):
    """Bytes that say they are many."""

    def __new__(cls, size: int) -> "_Sized":
        made = super().__new__(cls)
        made.size = size  # type: ignore[attr-defined]
        return made

    def __len__(self) -> int:
        return self.size  # type: ignore[attr-defined,no-any-return]


def test_an_event_that_was_checked_is_written_as_it_is(trail: Trail) -> None:
    one = parse_event(event(id="checked"))
    assert _statuses(write(trail, [one, one.document])) == ["created", "existing"]


def test_no_answer_is_no_success() -> None:
    with pytest.raises(TrailUnavailable):
        write(connect("http://127.0.0.1:1", timeout=1), [event()])


@contextmanager
def gateway(answers: dict[str, tuple[int, Any]]) -> Iterator[Trail]:
    """A trail behind a gateway that answers by itself: a status and a body for each path."""

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, body = answers[self.path.partition("?")[0]]
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        trail = connect(f"http://127.0.0.1:{server.server_port}")
        try:
            yield trail
        finally:
            trail.client.close()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(("status", "error"), [(429, TrailBusy), (413, WriteRefused), (502, WriteUnknown)])
def test_a_refusal_is_certain_and_a_failure_is_not(status: int, error: type[Exception]) -> None:
    with gateway({"/_bulk": (status, {})}) as trail, pytest.raises(WriteRefused) as raised:
        write(trail, [event()])
    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("read", "error"),
    [
        ((502, {}), TrailUnavailable),
        ((200, {"docs": [{"found": False}]}), WriteRefused),
        ((200, {"docs": [{"_id": "one", "error": {"reason": "no shard"}}]}), TrailUnavailable),
    ],
)
def test_an_event_that_is_said_to_be_there_counts_only_when_it_is_seen(
    read: tuple[int, Any], error: type[Exception]
) -> None:
    taken = {"items": [{"create": {"_index": "trail-events-2026.11", "_id": "one", "status": 409}}]}
    with gateway({"/_bulk": (200, taken), "/_mget": read}) as trail, pytest.raises(error):
        write(trail, [event(id="one")])


def test_the_first_write_of_all_puts_the_template_in_place(trail: Trail) -> None:
    trail.client.indices.delete_index_template(name=f"{trail.prefix}-events")
    assert _statuses(write(trail, [event()])) == ["created"]
    assert read_installed_version(trail)
    made = trail.client.indices.get_settings(index=trail.events, params={"flat_settings": "true"})
    assert {one["settings"]["index.append_only.enabled"] for one in made.values()} == {"true"}


def test_a_month_that_takes_no_writes_refuses_loudly(trail: Trail) -> None:
    write(trail, [event(id="before")])
    month = f"{trail.prefix}-events-2026.11"
    trail.client.indices.put_settings(index=month, body={"index.blocks.write": True})
    with pytest.raises(WriteRefused, match="did not take event after"):
        write(trail, [event(id="after")])
    trail.client.indices.put_settings(index=month, body={"index.blocks.write": False})
    trail.client.indices.refresh(index=month)
    assert trail.client.count(index=month)["count"] == 1


def test_what_only_the_engine_finds_invalid_is_told_with_its_reason(trail: Trail) -> None:
    """An index of an older template, which a newer service's field meets."""
    older = mapping.build_template(trail.prefix)
    del older["template"]["mappings"]["properties"]["trace"]
    trail.client.indices.put_index_template(name=f"{trail.prefix}-events", body=older)
    outcomes = write(trail, [event(), event(trace__id="t"), event()])
    assert _statuses(outcomes) == ["created", "invalid", "created"]
    assert "trace" in outcomes[1].reason


def test_whatever_else_answers_there_took_nothing(trail: Trail) -> None:
    """A web server that is no engine stands at the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    Thread(target=server.serve_forever, daemon=True).start()
    stranger = connect(f"http://127.0.0.1:{server.server_port}", prefix=trail.prefix)
    with pytest.raises(WriteRefused, match="refused to write"):
        write(stranger, [event()])
    stranger.client.close()
    server.shutdown()
    server.server_close()


def test_an_event_that_did_not_reach_every_copy_is_not_acknowledged_until_every_copy_is_there(trail: Trail) -> None:
    """One node, and two copies asked for: the second has no place."""
    write(trail, [event(id="before")])
    month = f"{trail.prefix}-events-2026.11"
    trail.client.indices.put_settings(index=month, body={"index.number_of_replicas": 1})
    one = event(id="one")
    with pytest.raises(WriteUnknown, match="Event one reached 1 of 2 copies only"):
        write(trail, [one])
    with pytest.raises(WriteUnknown, match=r"A copy of .* is missing"):
        write(trail, [one])
    trail.client.indices.put_settings(index=month, body={"index.number_of_replicas": 0})
    assert _statuses(write(trail, [one])) == ["existing"]
