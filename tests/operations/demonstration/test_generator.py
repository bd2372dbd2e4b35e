"""The demonstration: the same for its numbers, in time order, valid, flat in memory, with a known answer."""

import hashlib
import tracemalloc
from datetime import UTC, datetime
from itertools import islice, pairwise

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.demonstration import world
from operations.demonstration.generator import Demonstration, generate_events
from trail.events import parse_event
from trail.questions.travel import measure_distance
from trail.reserved_names import is_demonstration_writer
from trail.times import subtract_times

UNTIL = datetime(2026, 11, 24, tzinfo=UTC)


def _demonstration(events: int = 3_000, seed: int = 1) -> Demonstration:
    return Demonstration(events, seed, UNTIL)


def _digest(seed: int) -> str:
    found = hashlib.sha256()
    for event in generate_events(_demonstration(seed=seed)):
        found.update(orjson.dumps(event))
    return found.hexdigest()


def test_the_same_numbers_make_the_same_events() -> None:
    assert _digest(1) == _digest(1)
    assert _digest(1) != _digest(2)


@settings(max_examples=5)
@given(st.integers(0, 10_000))
def test_every_event_is_valid_in_time_order_and_of_its_own_id(seed: int) -> None:
    events = list(generate_events(_demonstration(seed=seed)))
    assert len({parse_event(event).id for event in events}) == len(events) == 3_000
    assert all(one["@timestamp"] < other["@timestamp"] for one, other in pairwise(events))
    assert {event["event"]["dataset"] for event in events} == {"demonstration"}


def test_the_answer_is_what_reading_every_event_finds() -> None:
    demonstration = _demonstration(20_000)
    answer = demonstration.answer()
    family = {answer.token_id, answer.issued_token_id}
    told = [event for event in generate_events(demonstration) if event.get("token", {}).get("id") in family]
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
    assert after[-1]["event"]["outcome"] == "failure", "the verifier hears of the revocation in the end"
    refused = [e for e in after if e["event"]["outcome"] == "failure"]
    accepted = [e for e in after if e["event"]["outcome"] == "success"]
    assert len(refused) == answer.refused_after_revocation == 24
    assert {e["service"]["name"] for e in accepted} == {answer.late_verifier}
    assert all(e["token"]["cache_hit"] for e in accepted)
    assert len(accepted) == answer.accepted_after_revocation == 3
    assert accepted[-1]["@timestamp"] == answer.accepted_until
    lag = subtract_times(accepted[-1]["@timestamp"], revoked["@timestamp"]) / 1e9
    assert answer.verifier_lag_seconds == pytest.approx(lag, abs=0.001)


def test_the_figures_of_the_default_demonstration_are_those_of_its_seed() -> None:
    answer = _demonstration(120_000).answer()
    assert (answer.events_before_revocation, answer.refused_after_revocation) == (245, 24)
    assert (answer.late_verifier, answer.accepted_after_revocation) == ("machines", 3)
    assert answer.verifier_lag_seconds == 1605.88


@settings(max_examples=5)
@given(st.integers(0, 10_000), st.integers(2_000, 6_000))
def test_the_traveller_is_at_two_ends_of_the_world_twice_and_nowhere_else(seed: int, events: int) -> None:
    demonstration = _demonstration(events, seed)
    answer = demonstration.travel_answer()
    theirs = [e for e in generate_events(demonstration) if e.get("user", {}).get("id") == answer.traveller_id]
    assert {e["user"]["full_name"] for e in theirs} == {answer.traveller}
    cities = [e["source"]["geo"]["city_name"] for e in theirs]
    changes = [number for number in range(1, len(cities)) if cities[number] != cities[number - 1]]
    assert len(changes) == answer.travels == 2
    away = theirs[changes[0]]
    assert (away["@timestamp"], cities[changes[0] - 1]) == (answer.travelled_at, answer.travel_from)
    assert (away["source"]["geo"]["city_name"], away["token"]["id"]) == (answer.travel_to, answer.travel_token_id)
    before, after = (
        tuple(float(part) for part in e["source"]["geo"]["location"].split(",")) for e in theirs[changes[0] - 1 :][:2]
    )
    assert measure_distance((before[0], before[1]), (after[0], after[1])) > 5_000


@settings(max_examples=5)
@given(st.integers(0, 10_000), st.integers(2_000, 6_000))
def test_one_writer_lacks_the_numbers_that_the_answer_names_and_no_other_lacks_any(seed: int, events: int) -> None:
    demonstration = _demonstration(events, seed)
    answer = demonstration.gap_answer()
    numbers: dict[str, list[int]] = {}
    for event in generate_events(demonstration):
        if "sequence" in event["event"]:
            numbers.setdefault(event["writer"]["id"], []).append(event["event"]["sequence"])
    assert all(is_demonstration_writer(writer) for writer in numbers)
    for writer, seen in numbers.items():
        missing = sorted(set(range(seen[-1])) - set(seen))
        expected = list(range(answer.gap_first, answer.gap_last + 1)) if writer == answer.gap_writer else []
        assert missing == expected


def test_everybody_has_a_name_a_mail_of_their_own_and_roles() -> None:
    people = [world.describe_person(number) for number in range(4_000)]
    assert len({person["user.email"] for person in people}) == 4_000
    assert all(person["user.email"].isascii() and person["user.email"].endswith(".example") for person in people)
    assert (people[0]["user.full_name"], people[0]["user.email"]) == (
        "Ada Lindqvist",
        "ada.lindqvist@northwind.example",
    )
    assert all(person["user.roles"] for person in people)


def test_a_demonstration_of_an_older_version_is_known_and_not_made_again() -> None:
    older = Demonstration.of("demo-1-20261124-90d-120000-000000007")
    assert older == Demonstration(120_000, 1, UNTIL, version=1)
    assert older.is_older
    assert older.id_of(7) == "demo-1-20261124-90d-120000-000000007"
    with pytest.raises(ValueError, match="not made any more"):
        next(generate_events(older))
    current = _demonstration()
    assert Demonstration.of(current.id_of(3)) == current
    assert not current.is_older


def test_memory_does_not_grow_with_the_number_of_events() -> None:
    def peak(events: int) -> int:
        tracemalloc.start()
        for _ in islice(generate_events(_demonstration(1_000_000)), events):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(16_000) < peak(4_000) * 1.5


def test_too_few_events_are_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        _demonstration(10)
