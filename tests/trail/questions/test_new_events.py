"""What has arrived since a place: every event once, however shards, months and clocks lie."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.factories.events import event, write
from trail.connection import Trail, connect
from trail.errors import Incomplete, TrailUnavailable
from trail.first_seen import keeper
from trail.mapping import index_for, install
from trail.questions import new_events
from trail.questions.new_events import Arrived, Place, ask_of_arrived, read_present_place
from trail.search.spec import WHOLE_TRAIL, Search

FAILURES = Search(text="event.outcome:failure", sort=("@timestamp", "asc"))
MONTHS = ("2026-09", "2026-10", "2026-11")


def _failures(first: int, count: int) -> list[dict[str, Any]]:
    """Failures of three months, each beside a success."""
    numbers = range(first, first + count)
    return [
        document
        for number in numbers
        for document in (
            event(id=f"e{number:03}", at=f"{MONTHS[number % 3]}-02T00:00:00.{number:09}Z", event__outcome="failure"),
            event(at=f"{MONTHS[number % 3]}-02T00:00:00Z"),
        )
    ]


def _ask(trail: Trail, place: Place, *, search: Search = FAILURES, size: int = 500) -> Arrived:
    return ask_of_arrived(trail, search, WHOLE_TRAIL, place, size=size)


def _ids(answer: Arrived) -> list[str]:
    return [event_id for _, event_id in answer.events]


def _keep(trail: Trail) -> None:
    while keeper.run_step(trail).waits:
        pass


@pytest.mark.parametrize("shards", [1, 3])
def test_every_event_is_in_one_answer_in_the_order_of_time(trail: Trail, shards: int) -> None:
    install(replace(trail, shards=shards))
    place: Place = read_present_place(trail)
    assert (place, _ask(trail, place).count) == ({}, 0)
    first = 0
    for count in (5, 0, 1, 30):
        write(trail, *_failures(first, count), event())
        answer = _ask(trail, place)
        expected = sorted(
            (f"e{number:03}" for number in range(first, first + count)), key=lambda name: int(name[1:]) % 3
        )
        assert (answer.count, _ids(answer)) == (count, expected)
        assert (answer.taken is not None) == bool(count)
        assert _ask(trail, answer.place) == Arrived(answer.place)
        place, first = answer.place, first + count


def test_the_first_are_named_and_all_are_counted(trail: Trail) -> None:
    write(trail, *_failures(0, 9))
    answer = _ask(trail, {}, size=2)
    assert (answer.count, _ids(answer)) == (9, ["e000", "e003"])
    assert {index for index, _ in answer.events} == {f"{trail.prefix}-events-2026.09"}


def test_the_place_of_the_present_leaves_out_what_is_there(trail: Trail) -> None:
    write(trail, *_failures(0, 4))
    place = read_present_place(trail)
    write(trail, *_failures(4, 2))
    assert sorted(_ids(_ask(trail, place))) == ["e004", "e005"]


def test_an_event_stamped_long_ago_is_in_the_answer_after_its_arrival(trail: Trail) -> None:
    write(trail, *_failures(0, 3))
    place = _ask(trail, {}).place
    (late, _) = _failures(3, 1)
    late["event"]["ingested"] = "2020-01-01T00:00:00.000000Z"
    trail.client.create(index=index_for(trail.prefix, late["@timestamp"]), id="e003", body=late)
    assert _ids(_ask(trail, place)) == ["e003"]


def test_a_family_of_tokens_is_asked_of_what_has_arrived(trail: Trail) -> None:
    write(trail, event(token__id="t", id="before"))
    place = read_present_place(trail)
    write(trail, event(token__id="t", id="after"), event(token__id="other"))
    assert _ids(_ask(trail, place, search=Search(text="token.lineage:t", sort=("@timestamp", "asc")))) == ["after"]


def test_what_is_first_seen_is_asked_as_far_as_it_is_known(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_events, "IDS_AT_ONCE", 2)
    new = Search(text="novelty:user_address", sort=("@timestamp", "asc"))
    with pytest.raises(Incomplete):
        _ask(trail, {}, search=new)
    _keep(trail)
    assert _ask(trail, {}, search=new).count == 0
    write(trail, *(event(id=f"a{number}", user__id=f"u{number}", source__ip="192.0.2.7") for number in range(5)))
    waiting = _ask(trail, {}, search=new)
    assert (waiting.count, waiting.place) == (0, {})
    _keep(trail)
    answer = _ask(trail, waiting.place, search=new)
    assert (answer.count, _ids(answer)) == (5, [f"a{number}" for number in range(5)])
    write(trail, event(user__id="u1", source__ip="192.0.2.7"))
    _keep(trail)
    assert _ask(trail, answer.place, search=new).count == 0


def test_a_trail_that_is_down_is_said_to_be(trail: Trail) -> None:
    nobody = connect("http://127.0.0.1:1", prefix=trail.prefix)
    with pytest.raises(TrailUnavailable, match="does not answer"):
        _ask(nobody, {})
