"""The demonstration: the same for its numbers, in time order, valid, flat in memory, with a known answer."""

import hashlib
import tracemalloc
from datetime import UTC, datetime
from itertools import islice, pairwise

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.demonstration.generate import Demonstration, stream
from trail.events import parse

UNTIL = datetime(2026, 11, 24, tzinfo=UTC)


def _demonstration(events: int = 3_000, seed: int = 1) -> Demonstration:
    return Demonstration(events, seed, UNTIL)


def _digest(seed: int) -> str:
    found = hashlib.sha256()
    for event in stream(_demonstration(seed=seed)):
        found.update(orjson.dumps(event))
    return found.hexdigest()


def test_the_same_numbers_make_the_same_events() -> None:
    assert _digest(1) == _digest(1)
    assert _digest(1) != _digest(2)


@settings(max_examples=5)
@given(st.integers(0, 10_000))
def test_every_event_is_valid_in_time_order_and_of_its_own_id(seed: int) -> None:
    events = list(stream(_demonstration(seed=seed)))
    assert len({parse(event).id for event in events}) == len(events) == 3_000
    assert all(one["@timestamp"] < other["@timestamp"] for one, other in pairwise(events))
    assert {event["event"]["dataset"] for event in events} == {"demonstration"}


def test_the_answer_is_what_reading_every_event_finds() -> None:
    demonstration = _demonstration(20_000)
    answer = demonstration.answer()
    family = {answer.token_id, answer.issued_token_id}
    told = [event for event in stream(demonstration) if event.get("token", {}).get("id") in family]
    uses = [e for e in told if e["token"]["id"] == answer.token_id and e["token"]["operation"] == "token.authorize"]
    revoked = next(e for e in told if e["token"]["operation"] == "token.revoke")
    assert uses[0]["@timestamp"] == answer.first_used
    assert uses[0]["source"]["ip"] == answer.first_used_from
    elsewhere = next(e for e in uses if e["source"]["ip"] == answer.intruder)
    assert elsewhere["@timestamp"] == answer.first_used_from_elsewhere
    assert revoked["@timestamp"] == answer.revoked_at
    before = [e for e in told if e["@timestamp"] < answer.revoked_at]
    after = [e for e in told if e["@timestamp"] > answer.revoked_at]
    assert len(before) == answer.events_before_revocation
    assert len(after) == answer.refused_after_revocation
    assert {e["event"]["outcome"] for e in after} == {"failure"}


def test_memory_does_not_grow_with_the_number_of_events() -> None:
    def peak(events: int) -> int:
        tracemalloc.start()
        for _ in islice(stream(_demonstration(1_000_000)), events):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(16_000) < peak(4_000) * 1.5


def test_too_few_events_are_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        _demonstration(10)
