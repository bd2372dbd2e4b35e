"""Two events are the same by what they say, however the record that they were made of is spelled."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.canonical_form import holds_same_record, is_same_event

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def _event(original: str, **fields: Any) -> dict[str, Any]:
    return {"event": {"id": "a", "original": original, **fields}}


@given(st.dictionaries(st.text(max_size=4), values, max_size=4), st.booleans(), st.sampled_from([None, 1]))
def test_white_space_escapes_and_the_order_of_names_say_nothing(
    record: dict[str, Any], is_ascii: bool, indent: int | None
) -> None:
    otherwise = json.dumps(dict(reversed(record.items())), ensure_ascii=is_ascii, indent=indent)
    assert is_same_event(_event(json.dumps(record)), _event(otherwise))


@pytest.mark.parametrize(
    ("spelled", "otherwise"),
    [("1", "1.0"), ("1", "1e0"), ("0", "-0.0"), ("1200", "1.2E3"), ("0.5", "50e-2"), ("1e400", "10e399")],
)
def test_a_number_is_its_value(spelled: str, otherwise: str) -> None:
    assert is_same_event(_event(f'{{"n":{spelled}}}'), _event(f'{{"n":{otherwise}}}'))


@pytest.mark.parametrize(
    ("spelled", "otherwise"),
    [
        ('{"n":1}', '{"n":true}'),
        ('{"n":0}', '{"n":false}'),
        ('{"n":1}', '{"n":"1"}'),
        ('{"n":9007199254740993}', '{"n":9007199254740992}'),
        ('{"n":0.1}', '{"n":0.1000000000000000055511151231257827}'),
        ('{"n":[1,2]}', '{"n":[2,1]}'),
        ('{"n":null}', "{}"),
        ('{"n":1,"n":2}', '{"n":2}'),
        ("a line", "a  line"),
        ('{"n":1e99999999999999999999}', '{"n": 1e99999999999999999999}'),
    ],
)
def test_what_has_other_values_or_may_mean_something_else_to_another_reader_is_another(
    spelled: str, otherwise: str
) -> None:
    assert not is_same_event(_event(spelled), _event(otherwise))


def test_the_same_record_read_otherwise_is_another_event_of_one_record() -> None:
    before, now = _event('{"n":1}', action="a"), _event('{"n": 1.0}', action="b")
    assert (is_same_event(before, now), holds_same_record(before, now)) == (False, True)


def test_a_text_nested_without_end_is_the_same_in_the_same_bytes_only() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    assert is_same_event(_event(deep), _event(deep))
    assert not is_same_event(_event(deep), _event(f" {deep}"))


RECORD = {"eventName": "GetObject", "eventID": "e-1", "n": 1.50}


@pytest.mark.parametrize(
    "envelope",
    [
        {"detail": RECORD},
        {"message": json.dumps(RECORD, indent=1)},
        {"Records": [{"a": 1}, {"body": json.dumps({"Message": json.dumps({"detail": RECORD})})}]},
    ],
)
def test_a_record_in_an_envelope_is_the_same_record(envelope: dict[str, Any]) -> None:
    plain, wrapped = _event(json.dumps(RECORD)), _event(json.dumps(envelope))
    assert holds_same_record(plain, wrapped)
    assert holds_same_record(wrapped, plain)


def test_a_part_of_a_record_and_another_record_in_an_envelope_are_not_the_same() -> None:
    assert not holds_same_record(_event('{"a": {"b": 1}, "c": 2}'), _event('{"b": 1}'))
    assert not holds_same_record(_event(json.dumps(RECORD)), _event(json.dumps({"detail": {**RECORD, "n": 2}})))
