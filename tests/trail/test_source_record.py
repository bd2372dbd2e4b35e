"""What is searched as `raw` is what the sealed `event.original` says, however either is spelled; all else is a contradiction."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.factories.events import event
from trail.errors import InvalidEvent
from trail.events import parse_event
from trail.source_record import derive_raw, find_contradiction

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
records = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner), max_leaves=8
    ),
    max_size=6,
)


def _contradiction(original: str, raw: Any) -> str:
    return find_contradiction({"event": {"original": original}, "raw": raw})


@given(records, st.booleans(), st.sampled_from([None, 2]))
def test_what_is_derived_from_a_record_says_what_the_record_says(
    record: dict[str, Any], is_ascii: bool, indent: int | None
) -> None:
    original = json.dumps(record, ensure_ascii=is_ascii, indent=indent)
    stored = orjson.loads(orjson.dumps(derive_raw(original)))
    assert stored == derive_raw(original)
    assert _contradiction(original, stored) == ""


@given(records, st.text(max_size=8), st.text(min_size=1, max_size=8))
def test_a_value_that_is_changed_added_or_taken_away_is_a_contradiction(
    record: dict[str, Any], name: str, value: str
) -> None:
    original = json.dumps({**record, name: value})
    raw = derive_raw(original)
    assert _contradiction(original, raw) == ""
    for changed in ({**raw, name: f"{value}x"}, {**raw, f"{'x' * 9}added": value}):
        assert _contradiction(original, changed) != ""
    del raw[name]
    assert _contradiction(original, raw) != ""


@pytest.mark.parametrize(
    ("original", "raw"),
    [
        ('{"a": 1.50}', {"a": 1.5}),
        ('{"a": 1.0}', {"a": 1}),
        ('{"a": 1}', {"a": 1.0}),
        ('{"a": 1180591620717411303424}', {"a": "1180591620717411303424"}),
        ('{"a": 1180591620717411303424}', {"a": float(2**70)}),
        ('{"a": 1e999}', {"a": "1e999"}),
        ('{"a": "\\ud800"}', {"a": "?"}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('{"a": "' + "x" * 9_000 + '"}', {"a": "x" * 7_000}),
        ('{"a": "' + "x" * 9_000 + '"}', {"a": "x" * 9_000}),
    ],
)
def test_another_spelling_and_what_the_engine_cannot_hold_is_no_contradiction(
    original: str, raw: dict[str, Any]
) -> None:
    assert _contradiction(original, raw) == ""


@pytest.mark.parametrize(
    ("original", "raw", "where"),
    [
        ('{"user": {"name": "mallory"}}', {"user": {"name": "ann"}}, "raw.user.name"),
        ('{"a": 1}', {}, "raw.a"),
        ("{}", {"a": 1}, "raw.a"),
        ('{"a": [1, 2]}', {"a": [1]}, "raw.a"),
        ('{"a": [1, {"b": 2}]}', {"a": [1, {"b": 3}]}, "raw.a.b"),
        ('{"a": true}', {"a": 1}, "raw.a"),
        ('{"a": 1}', {"a": True}, "raw.a"),
        ('{"a": "1"}', {"a": 1}, "raw.a"),
        ('{"a": null}', {"a": ""}, "raw.a"),
        ('{"a": 9007199254740993}', {"a": 9007199254740992.0}, "raw.a"),
        ('{"a": "' + "x" * 9_000 + '"}', {"a": "x" * 8_000}, "raw.a"),
        ("<134>Nov 1 00:00:00 host sshd: hello", {"host": "host"}, "raw"),
        ("[1]", {"a": 1}, "raw"),
        ("[" * 5_000, {"a": 1}, "raw"),
    ],
)
def test_a_contradiction_is_named_and_no_writer_may_send_it(original: str, raw: dict[str, Any], where: str) -> None:
    assert _contradiction(original, raw) == where
    with pytest.raises(InvalidEvent, match=r"what event\.original says there") as refused:
        parse_event(event(event__original=original, raw=raw))
    assert refused.value.field == where


def test_nothing_can_be_said_where_the_sealed_text_is_missing() -> None:
    assert find_contradiction({"event": {}, "raw": {"a": 1}}) == "raw"
    assert find_contradiction({"raw": {"a": 1}}) == "raw"
    assert find_contradiction({"event": {"original": "{}"}}) == ""
