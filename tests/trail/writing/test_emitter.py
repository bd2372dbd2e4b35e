"""An event that was emitted is durable and numbered; one that is not is an error for whoever emitted it."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.factories.events import event
from tests.trail.spool.test_spool import drained, file_limit, kill, payloads
from trail.canonical_form import compute_digest
from trail.connection import Trail, connect
from trail.errors import InvalidEvent, TrailError, TrailUnavailable, WriteRefused, WriteUnknown
from trail.mapping import ensure_index, index_for
from trail.spool.spool import Spool
from trail.writing import emitter as emitting
from trail.writing.emitter import Durable, Emitter


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "spool", max_bytes=400_000) as opened:
        yield opened


@pytest.fixture
def nowhere() -> Trail:
    """A trail that does not answer."""
    return connect("http://127.0.0.1:1", timeout=1)


def stored(trail: Trail, event_id: str) -> dict[str, Any]:
    return dict(trail.client.get(index=f"{trail.prefix}-events-2026.11", id=event_id)["_source"])


def die(emitter: Emitter, spool: Spool) -> None:
    """What is left when the process of both is killed."""
    kill(spool)
    emitter._groups.close()
    emitter._count.close()


def spooled(spool: Spool) -> list[dict[str, Any]]:
    return [orjson.loads(payload) for payload in payloads(drained(spool.folder))]


def test_an_indexed_event_is_in_the_trail_when_emit_returns_with_its_number_and_writer(
    trail: Trail, tmp_path: Path
) -> None:
    with Emitter(trail, writer_id="w", state=tmp_path) as emitter:
        assert emitter.emit(event(id="one")) == Durable("one", 0, "index")
        assert emitter.emit(event(id="two")) == Durable("two", 1, "index")
    kept = stored(trail, "two")
    assert (kept["writer"]["id"], kept["event"]["sequence"]) == ("w", 1)


def test_many_threads_share_bulks_and_every_number_is_used_once(trail: Trail, tmp_path: Path) -> None:
    with Emitter(trail, writer_id="w", state=tmp_path) as emitter, ThreadPoolExecutor(20) as pool:
        told = list(pool.map(lambda n: emitter.emit(event(id=f"e{n}")), range(100)))
    assert sorted(one.sequence for one in told) == list(range(100))
    assert all(stored(trail, one.event_id)["event"]["sequence"] == one.sequence for one in told)


def test_a_spooled_event_is_in_the_spool_as_it_will_be_in_the_trail(spool: Spool) -> None:
    with Emitter(None, writer_id="w", mode="spooled", spool=spool) as emitter:
        assert emitter.emit(event(id="one")) == Durable("one", 0, "spool")
        assert emitter.emit(event(id="two")).sequence == 1
    assert [(one["event"]["id"], one["event"]["sequence"]) for one in spooled(spool)] == [("one", 0), ("two", 1)]


@pytest.mark.parametrize("mode", ["indexed", "spooled"])
def test_what_is_invalid_is_refused_before_it_gets_a_number(trail: Trail, spool: Spool, mode: emitting.Mode) -> None:
    wrong = [
        event(source__ip="nowhere"),
        event(event__sequence=4),
        event(writer__id="me"),
        "text",
        event(event__category=["x" * 8_000] * (emitting.MAX_EVENT // 8_000 + 1)),
    ]
    with Emitter(trail, writer_id="w", mode=mode, spool=spool) as emitter:
        answers = emitter.emit_all([event(id="one"), *wrong, event(id="two")])
        with pytest.raises(InvalidEvent, match=r"^source\.ip"):
            emitter.emit(wrong[0])
    assert [type(answer) for answer in answers] == [Durable, *[InvalidEvent] * len(wrong), Durable]
    assert [answer.sequence for answer in answers if isinstance(answer, Durable)] == [0, 1]


def test_nothing_to_emit_is_nothing_emitted(spool: Spool) -> None:
    with Emitter(None, writer_id="w", mode="spooled", spool=spool) as emitter:
        assert emitter.emit_all([]) == []


def test_what_the_index_does_not_take_goes_to_the_spool_and_that_is_said(nowhere: Trail, spool: Spool) -> None:
    with Emitter(nowhere, writer_id="w", spool=spool) as emitter:
        assert emitter.emit(event(id="one")) == Durable("one", 0, "spool")
    assert [one["event"]["id"] for one in spooled(spool)] == ["one"]


def test_without_a_spool_a_trail_that_does_not_answer_is_an_error(nowhere: Trail, tmp_path: Path) -> None:
    with Emitter(nowhere, writer_id="w", state=tmp_path) as emitter, pytest.raises(TrailUnavailable):
        emitter.emit(event())


def test_an_event_that_failed_keeps_its_number_for_the_next_try(trail: Trail, nowhere: Trail, tmp_path: Path) -> None:
    one = event(id="one")
    with Emitter(nowhere, writer_id="w", state=tmp_path) as emitter:
        for again in (one, one):
            with pytest.raises(TrailUnavailable):
                emitter.emit(again)
        emitter._trail = trail
        assert emitter.emit(event(id="two")).sequence == 1
        assert emitter.emit(one).sequence == 0
        assert emitter.emit(event(id="three")).sequence == 2


def test_only_so_many_failed_events_are_remembered(
    nowhere: Trail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emitting, "REMEMBERED", 2)
    with Emitter(nowhere, writer_id="w", state=tmp_path) as emitter:
        emitter.emit_all([event(id=f"e{n}") for n in range(5)])
        assert emitter._failed == {"e3": 3, "e4": 4}


def test_when_neither_takes_it_the_refusal_says_both(nowhere: Trail, spool: Spool) -> None:
    with Emitter(nowhere, writer_id="w", spool=spool) as emitter:
        spool.close()
        with pytest.raises(WriteUnknown, match=r"does not answer.*closed"):
            emitter.emit(event(id="one"))


def test_an_index_that_takes_no_writes_refuses_for_certain(trail: Trail, spool: Spool, tmp_path: Path) -> None:
    ensure_index(trail, index := index_for(trail.prefix, event()["@timestamp"]))
    trail.client.indices.put_settings(index=index, body={"index.blocks.write": True})
    with Emitter(trail, writer_id="w", state=tmp_path) as alone:
        with pytest.raises(WriteRefused, match="did not take") as refused:
            alone.emit(event())
        assert type(refused.value) is WriteRefused
    with Emitter(trail, writer_id="w2", spool=spool) as emitter:
        assert emitter.emit(event()).where == "spool"
        spool.close()
        with pytest.raises(WriteRefused) as refused:
            emitter.emit(event())
        assert type(refused.value) is WriteRefused


def test_another_event_under_an_id_is_refused_and_its_neighbours_are_written(trail: Trail, spool: Spool) -> None:
    with Emitter(trail, writer_id="w", spool=spool) as emitter:
        first = emitter.emit(event(id="one"))
        answers = emitter.emit_all([event(id="one", user__id="eve"), event(id="two")])
    assert isinstance(answers[0], WriteRefused)
    assert answers[1] == Durable("two", first.sequence + 2, "index")
    assert spooled(spool) == []


def test_what_only_the_engine_finds_invalid_is_told_as_invalid(trail: Trail, spool: Spool) -> None:
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"deeper": deep}
    record = deep | {"x": "y" * 40_000}
    deep_event = event(raw=record, event__original=orjson.dumps(record).decode())
    with Emitter(trail, writer_id="w", spool=spool) as emitter, pytest.raises(InvalidEvent, match=r"^event: "):
        emitter.emit(deep_event)


def test_a_copy_that_is_missing_is_no_success_the_second_time_either(trail: Trail, tmp_path: Path) -> None:
    ensure_index(trail, index := index_for(trail.prefix, event()["@timestamp"]))
    trail.client.indices.put_settings(index=index, body={"index.number_of_replicas": 1})
    one = event(id="one")
    with Emitter(trail, writer_id="w", state=tmp_path) as emitter:
        with pytest.raises(WriteUnknown, match="1 of 2 copies"):
            emitter.emit(one)
        with pytest.raises(WriteUnknown, match="copy of"):
            emitter.emit(one)
        trail.client.indices.put_settings(index=index, body={"index.number_of_replicas": 0})
        assert emitter.emit(one) == Durable("one", 0, "index")


def test_a_full_spool_refuses_and_leaves_no_gap_in_the_numbers(spool: Spool) -> None:
    with Emitter(None, writer_id="w", mode="spooled", spool=spool) as emitter:
        told = [emitter.emit_all([event(event__original="x" * 90_000)])[0] for _ in range(6)]
        durable = [one for one in told if isinstance(one, Durable)]
        assert [one.sequence for one in durable] == list(range(len(durable)))
        assert 0 < len(durable) < len(told)
        drained(spool.folder)
        assert emitter.emit(event()).sequence == len(durable)


def test_after_a_write_of_which_nothing_is_known_the_number_is_not_used_again(spool: Spool) -> None:
    one = event(id="one")
    with Emitter(None, writer_id="w", mode="spooled", spool=spool) as emitter:
        emitter.emit(event())
        assert spool._segment
        reading, writing = os.pipe()
        os.dup2(writing, spool._segment._descriptor)  # a pipe cannot be synced
        with pytest.raises(WriteUnknown):
            emitter.emit(one)
        os.close(reading)
        os.close(writing)
        assert emitter.emit(event()).sequence == 2
        with file_limit(1), pytest.raises(WriteRefused):
            emitter.emit(one)
        assert emitter.emit(one).sequence == 1
        die(emitter, spool)
    with Spool(spool.folder) as again, Emitter(None, writer_id="w", mode="spooled", spool=again) as emitter:
        assert emitter.emit(event()).sequence == 3


@pytest.mark.parametrize("mode", ["indexed", "spooled"])
@pytest.mark.parametrize("killed", [True, False])
def test_a_writer_that_begins_again_counts_on(trail: Trail, tmp_path: Path, mode: emitting.Mode, killed: bool) -> None:
    for expected in range(3):
        spool = Spool(tmp_path / "spool")
        emitter = Emitter(trail, writer_id="w", mode=mode, spool=spool)
        assert emitter.emit(event()).sequence == expected
        if killed:
            die(emitter, spool)
        else:
            emitter.close()
            emitter.close()
            spool.close()


def test_a_count_that_cannot_be_kept_refuses_before_anything_is_sent(trail: Trail, tmp_path: Path) -> None:
    with Emitter(trail, writer_id="w", state=tmp_path) as emitter:
        with file_limit(1), pytest.raises(WriteRefused, match="count of events"):
            emitter.emit(event(id="one"))
        assert emitter.emit(event(id="two")).sequence == 0
        with file_limit(1):
            emitter.close()


def test_a_spool_is_of_one_writer(spool: Spool) -> None:
    with Emitter(None, writer_id="w", mode="spooled", spool=spool) as emitter:
        emitter.emit(event())
    spool.close()
    with Spool(spool.folder) as again, pytest.raises(WriteRefused, match="of the writer w, not of other"):
        Emitter(None, writer_id="other", mode="spooled", spool=again)


def test_an_emitter_needs_somewhere_to_write_and_to_count(trail: Trail, spool: Spool, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs a spool, or a folder"):
        Emitter(trail, writer_id="w")
    with pytest.raises(ValueError, match="needs a trail"):
        Emitter(None, writer_id="w", spool=spool)
    with pytest.raises(ValueError, match="needs a spool"):
        Emitter(trail, writer_id="w", mode="spooled", state=tmp_path)


def test_a_forked_process_is_refused(spool: Spool) -> None:
    with Emitter(None, writer_id="w", mode="spooled", spool=spool) as emitter:
        if (child := os.fork()) == 0:
            (answer,) = emitter.emit_all([event()])
            emitter.close()
            os._exit(0 if isinstance(answer, WriteRefused) and "forked" in str(answer) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        emitter._process, own = child, emitter._process  # as it looks to the child
        assert isinstance(emitter.emit_all([event()])[0], WriteRefused)
        emitter._process = own
        assert emitter.emit(event()).sequence == 0


def test_what_is_stored_has_the_digest_of_what_was_spooled(trail: Trail, spool: Spool) -> None:
    with Emitter(trail, writer_id="w", spool=spool) as emitter:
        emitter.emit(one := event(id="one", raw={"a": 1.5}, event__original='{"a":1.5}'))
    expected = {**one, "event": {**one["event"], "sequence": 0}, "writer": {"id": "w"}}
    assert compute_digest(stored(trail, "one")) == compute_digest(expected)


def test_who_wants_to_report_failures_is_told_of_each_before_its_caller_is(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []

    def failed(one: dict[str, Any], error: TrailError) -> None:
        told.append((one["event"]["id"], type(error).__name__))

    nobody = connect("http://127.0.0.1:1", timeout=1)
    with Emitter(nobody, writer_id="w", state=tmp_path, failed=failed) as emitter:
        emitter.emit_all([event(id="one"), event(id="two", at="yesterday")])
    assert told == [("one", "TrailUnavailable"), ("two", "InvalidEvent")]
