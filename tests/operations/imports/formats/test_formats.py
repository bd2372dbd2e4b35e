"""Every format: hostile records are mapped to valid events or rejected with a reason, never a crash."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.imports.conversion import convert_record
from operations.imports.formats import FORMATS
from operations.imports.reader import ForeignRecord, RecordReader
from trail.errors import InvalidEvent

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.sampled_from(
        [
            "2026-11-24T09:30:00Z",
            "ASIA123",
            "192.0.2.7",
            "ec2.amazonaws.com",
            "AssumeRole",
            "CreateAccessKey",
            "SUCCESS",
        ]
    )
)
names = st.sampled_from([
    "eventName", "eventTime", "userIdentity", "accessKeyId", "responseElements", "credentials", "eventType", "published", "actor",
    "outcome", "client", "target", "@timestamp", "event", "action", "user", "source", "ip", "time", "uid", "data", "type", "date",
    "details", "labels", "token", "discharges", "geo", "location",
])  # fmt: skip
things = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5), max_leaves=15
)


@pytest.mark.parametrize(
    ("name", "member"),
    [("gsuite", "items"), ("gsuite", "activities"), ("slack", "entries"), ("azure", "records"), ("azure", "value")],
)
def test_a_page_as_the_source_gives_it_is_as_many_records_as_it_holds(name: str, member: str) -> None:
    page = json.dumps({"kind": "page", member: [{"a": 1}, {"a": 2}], "next": "token"}, indent=1)
    assert [record.value for record in RecordReader(iter([page]), FORMATS[name].list_names)] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60)
@given(value=st.dictionaries(names, things, max_size=8))
def test_any_record_is_mapped_or_rejected(name: str, value: dict[str, Any]) -> None:
    record = ForeignRecord(1, json.dumps(value), value)
    try:
        first, *_ = convert_record(FORMATS[name], record).events
    except InvalidEvent as error:
        assert str(error)
    else:
        assert first.document["event"]["original"] == record.text
