"""All that waits arrives, once and in order, or is set aside with the reason; nothing blocks the rest."""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from threading import Event as Signal
from typing import Any

import orjson
import pytest

from tests.support.factories.events import event
from trail.connection import Trail, connect
from trail.spool.reader import SpoolReader
from trail.spool.spool import Spool, list_segments
from trail.writing.shipper import Shipped, Shipper
from trail.writing.writer import write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def fill(folder: Path, *documents: dict[str, Any] | bytes) -> None:
    with Spool(folder, segment_bytes=5_000) as spool:
        for document in documents:
            spool.append(document if isinstance(document, bytes) else orjson.dumps(document))


def ship(trail: Trail, folder: Path, said: list[str] | None = None) -> Shipped:
    with SpoolReader(folder) as drain:
        say = (said if said is not None else []).append
        return Shipper(trail, drain, folder / "rejected", report=say).run(follow=False)


def set_aside(folder: Path) -> dict[str, dict[str, str]]:
    kept = [orjson.loads(path.read_bytes()) for path in (folder / "rejected").glob("*.json")]
    return {one["reason"].partition(":")[0]: one for one in kept}


def test_what_waits_in_a_spool_arrives_once_and_its_segments_go(trail: Trail, folder: Path) -> None:
    documents = [event(id=f"e{n}", message="x" * 300) for n in range(40)]
    fill(folder, *documents)
    assert len(list_segments(folder)) > 2
    assert ship(trail, folder) == Shipped(created=40)
    assert ship(trail, folder) == Shipped()
    assert len(list_segments(folder)) <= 2
    assert [one.status for one in write(trail, documents)] == ["existing"] * 40


def test_events_that_are_there_already_count_as_delivered(trail: Trail, folder: Path) -> None:
    one, two = event(id="one"), event(id="two")
    write(trail, [one])
    fill(folder, one, two)
    assert ship(trail, folder) == Shipped(created=1, existing=1)


def test_what_the_trail_will_never_take_is_set_aside_exactly_and_the_rest_arrives(trail: Trail, folder: Path) -> None:
    write(trail, [event(id="taken", user__id="ada")])
    conflict = event(id="taken", user__id="eve", at="2026-11-01T00:00:00Z")
    wrong = event(source__ip="nowhere")
    fill(folder, event(), conflict, wrong, b"{no json", b"\xff\xfe", event())
    said: list[str] = []
    assert ship(trail, folder, said) == Shipped(created=2, rejected=4)
    kept = set_aside(folder)
    assert {one["status"] for one in kept.values()} == {"conflict", "invalid"}
    assert orjson.loads(kept["another event is stored under this id"]["text"]) == conflict
    assert orjson.loads(kept["source.ip"]["text"]) == wrong
    texts = {one.get("text") or base64.b64decode(one["base64"]) for one in map(orjson.loads, _files(folder))}
    assert {"{no json", b"\xff\xfe"} < texts
    assert len(said) == 4


def _files(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in (folder / "rejected").iterdir()]


def test_what_was_set_aside_before_a_crash_is_set_aside_once(trail: Trail, folder: Path) -> None:
    fill(folder, b"no event")
    for _ in range(2):
        assert ship(trail, folder).rejected + len(_files(folder)) in (1, 2)
        (folder / "cursor").unlink()
    assert len(_files(folder)) == 1


def test_damage_is_put_on_record_and_passed(trail: Trail, folder: Path) -> None:
    fill(folder, *(event(id=name) for name in ("first", "second", "third")))
    path = list_segments(folder)[0][1]
    path.write_bytes(path.read_bytes().replace(b"second", b"sekond"))
    assert ship(trail, folder) == Shipped(created=2, damaged=1)
    (kept,) = map(orjson.loads, _files(folder))
    assert kept["reason"].endswith("records 1 to 1 cannot be read")
    assert b"sekond" in base64.b64decode(kept["base64"])


class Stopping:
    """Says what was said, and stops the shipper, or mends what is wrong, when it says so."""

    def __init__(self, then: Callable[[], object]) -> None:
        self.sentences: list[str] = []
        self.then = then

    def __call__(self, sentence: str) -> None:
        self.sentences.append(sentence)
        self.then()


def test_while_the_trail_does_not_answer_it_is_tried_again_and_both_ends_of_the_trouble_are_said(
    trail: Trail, folder: Path
) -> None:
    fill(folder, event(), event())
    with SpoolReader(folder) as drain:
        said = Stopping(lambda: setattr(shipper, "_trail", trail))
        shipper = Shipper(connect("http://127.0.0.1:1", timeout=1), drain, folder / "rejected", report=said)
        assert shipper.run(follow=False) == Shipped(created=2)
    assert said.sentences == [
        "The trail does not answer, so nothing is known to be written to it. It is tried again until it succeeds.",
        "Events are delivered again.",
    ]


def test_told_to_stop_it_leaves_what_is_not_delivered_for_the_next_time(trail: Trail, folder: Path) -> None:
    fill(folder, event())
    stop = Signal()
    with SpoolReader(folder) as drain:
        nowhere = connect("http://127.0.0.1:1", timeout=1)
        shipper = Shipper(nowhere, drain, folder / "rejected", stop=stop, report=Stopping(stop.set))
        assert shipper.run() == Shipped()
    assert ship(trail, folder) == Shipped(created=1)


def test_following_it_waits_for_more_until_it_is_told_to_stop(trail: Trail, folder: Path) -> None:
    stop = Signal()

    class Source:
        """Nothing at first, one event then, and the word to stop."""

        ended = False
        looks = 0

        def __init__(self, drain: SpoolReader) -> None:
            self.drain = drain

        def read(self, most: int) -> list[Any]:
            self.looks += 1
            if self.looks == 2:
                raise OSError(5, os.strerror(5))
            if self.looks == 3:
                fill(folder, event())
            return self.drain.read(most) if self.looks > 1 else []

        def acknowledge(self, *items: Any) -> None:
            self.drain.acknowledge(*items)
            stop.set()

    folder.mkdir()
    said: list[str] = []
    with SpoolReader(folder) as drain:
        shipper = Shipper(trail, Source(drain), folder / "rejected", stop=stop, report=said.append)
        assert shipper.run() == Shipped(created=1)
    assert said == [
        "What waits to be delivered cannot be read: [Errno 5] Input/output error. It is tried again until it succeeds.",
        "Events are delivered again.",
    ]


def test_what_cannot_be_set_aside_is_not_passed_over(trail: Trail, folder: Path) -> None:
    fill(folder, b"no event", event())
    blocked = folder / "rejected"
    blocked.write_text("a file where the folder should be")
    said = Stopping(lambda: blocked.unlink(missing_ok=True) if blocked.is_file() else None)
    with SpoolReader(folder) as drain:
        shipped = Shipper(trail, drain, blocked, report=said).run(follow=False)
    assert (shipped.rejected, shipped.created + shipped.existing >= 1) == (1, True)
    assert len(_files(folder)) == 1
