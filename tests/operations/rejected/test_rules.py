"""Rules correct what they name, keep the text as it came, and are refused with a sentence when they are no rules."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.rejected.rules import BadRule, check_rules, correct_text, parse_text
from tests.support.factories.events import event
from trail.documents import get
from trail.errors import InvalidEvent


def of(rules: list[dict[str, Any]], **extra: Any) -> dict[str, Any]:
    return correct_text(json.dumps(event(id="e") | extra), check_rules(rules)).document


@pytest.mark.parametrize(
    ("rule", "extra", "name", "value"),
    [
        ({"do": "rename", "from": "usr", "to": "user.id"}, {"usr": "u"}, "user.id", "u"),
        ({"do": "rename", "from": "who.is", "to": "user.id"}, {"who": {"is": "u"}}, "user.id", "u"),
        ({"do": "copy", "from": "event.id", "to": "user.id"}, {}, "user.id", "e"),
        ({"do": "set", "field": "event.outcome", "value": "failure"}, {}, "event.outcome", "failure"),
        ({"do": "to_label", "field": "colour"}, {"colour": "red"}, "labels.colour", "red"),
        ({"do": "to_label", "field": "a.b"}, {"a": {"b": 5}}, "labels.a_b", "5"),
        ({"do": "time", "field": "@timestamp", "format": "unix_s"}, {"@timestamp": 0}, "@timestamp", "1970-01-01T00:00:00.000000Z"),
        ({"do": "time", "field": "@timestamp", "format": "unix_ms"}, {"@timestamp": 1_500}, "@timestamp", "1970-01-01T00:00:01.500000Z"),
        ({"do": "time", "field": "@timestamp", "format": "iso"}, {"@timestamp": "2026-01-01T01:00:00+01:00"}, "@timestamp", "2026-01-01T00:00:00.000000Z"),
        ({"do": "time", "field": "@timestamp", "format": "iso_utc"}, {"@timestamp": "2026-01-01 00:00:00"}, "@timestamp", "2026-01-01T00:00:00.000000Z"),
        ({"do": "time", "field": "@timestamp", "format": "rfc2822"}, {"@timestamp": "Thu, 01 Jan 2026 00:00:00 +0000"}, "@timestamp", "2026-01-01T00:00:00.000000Z"),
        ({"do": "time", "field": "@timestamp", "format": "apache"}, {"@timestamp": "01/Jan/2026:00:00:00 +0000"}, "@timestamp", "2026-01-01T00:00:00.000000Z"),
    ],
)  # fmt: skip
def test_each_rule_does_one_thing(rule: dict[str, Any], extra: dict[str, Any], name: str, value: object) -> None:
    document = of([rule], **extra)
    assert get(document, name) == value
    assert json.loads(document["event"]["original"]) == event(id="e") | extra | {
        "@timestamp": json.loads(document["event"]["original"])["@timestamp"]
    }


def test_rules_are_done_in_their_order_and_pass_over_what_is_not_there() -> None:
    rules = [
        {"do": "rename", "from": "a", "to": "b"},
        {"do": "rename", "from": "b", "to": "user.id"},
        {"do": "copy", "from": "z", "to": "q"},
    ]
    assert get(of(rules, a="u"), "user.id") == "u"


@pytest.mark.parametrize(
    "rules",
    [
        None, [], {}, [5], ["set"], [{"do": []}], [{"do": "eval", "code": "1"}], [{"do": "rename", "from": "a"}],
        [{"do": "rename", "from": "a", "to": 5}], [{"do": "set", "field": "", "value": 1}],
        [{"do": "time", "field": "a", "format": "%Y"}], [{"do": "set", "field": "a", "value": 1, "more": 2}],
        [{"do": "set", "field": "a", "value": 1}] * 51,
    ],
)  # fmt: skip
def test_what_is_no_list_of_rules_is_refused(rules: Any) -> None:
    with pytest.raises(BadRule):
        check_rules(rules)


@pytest.mark.parametrize(
    ("rules", "extra"),
    [
        ([{"do": "time", "field": "@timestamp", "format": "iso"}], {"@timestamp": "soon"}),
        ([{"do": "time", "field": "@timestamp", "format": "iso"}], {"@timestamp": "2026-01-01T00:00:00"}),
        ([{"do": "time", "field": "@timestamp", "format": "unix_s"}], {"@timestamp": 1e300}),
        ([{"do": "set", "field": "event.id.x", "value": "y"}], {}),
        ([{"do": "set", "field": "nosuchfield", "value": "y"}], {}),
    ],
)
def test_what_a_rule_cannot_do_is_said_by_the_field(rules: list[dict[str, Any]], extra: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent):
        of(rules, **extra)


@pytest.mark.parametrize("text", ["", "5", "[]", "{", "[" * 100_000])
def test_what_is_no_object_is_no_event(text: str) -> None:
    with pytest.raises(InvalidEvent):
        parse_text(text)


_names = st.sampled_from(["a", "a.b", "a.b.c", "event.id", "user.id", "x"])
_rules = st.one_of(
    st.fixed_dictionaries({"do": st.sampled_from(["rename", "copy"]), "from": _names, "to": _names}),
    st.fixed_dictionaries({"do": st.just("set"), "field": _names, "value": st.sampled_from([None, 1, "x", {"b": 1}])}),
    st.fixed_dictionaries({"do": st.just("to_label"), "field": _names}),
    st.fixed_dictionaries({"do": st.just("time"), "field": _names, "format": st.sampled_from(["iso", "unix_s"])}),
)
_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abx"), inner, max_size=3),
)


@given(st.lists(_rules, min_size=1, max_size=6), st.dictionaries(st.sampled_from("abx"), _values))
def test_whatever_the_rules_and_the_event_there_is_an_event_or_the_field_at_fault(
    rules: list[dict[str, Any]], extra: dict[str, Any]
) -> None:
    try:
        correct_text(json.dumps(event(id="e") | extra), check_rules(rules))
    except InvalidEvent as error:
        assert error.field


@pytest.mark.parametrize(
    "value", ["NaN", "1e999", "-Infinity", '"\\ud800"', '{"\\udfff": 1}', '["a\\u0000"]', '{"a": [1e999]}']
)
def test_a_value_that_no_database_or_page_can_hold_is_refused(value: str) -> None:
    with pytest.raises(BadRule, match="Rule 1: no "):
        check_rules(json.loads(f'[{{"do": "set", "field": "message", "value": {value}}}]'))


def test_a_value_that_only_looks_like_a_nul_is_taken() -> None:
    assert check_rules([{"do": "set", "field": "message", "value": "C:\\u0000"}])
