"""Two records of a source that repeats its ids never meet under one id, and one record has one id however it is spelled."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from operations.imports.conversion import convert_record
from operations.imports.formats import FORMATS
from operations.imports.reader import ForeignRecord
from tests.support.factories.logs import LOGS
from trail.source_record import parse_record

SHARING = {
    "gsuite": {"id": {"time": "2026-11-01T00:00:00Z", "uniqueQualifier": "7", "applicationName": "login"}, "events": [{"name": "a"}]},
    "azure": {"time": "2026-11-01T00:00:00Z", "operationName": "Sign-in activity", "properties": {"id": "s1"}},
    "duo": {"txid": "t1", "action": "a", "isotimestamp": "2026-11-01T00:00:00Z"},
    "cloudtrail": {"eventID": "e1", "eventName": "a", "eventTime": "2026-11-01T00:00:00Z", "addendum": {"reason": "UPDATED_DATA"}},
}  # fmt: skip
scalars = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=6) | st.floats(-1e9, 1e9)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
additions = st.dictionaries(st.sampled_from(["etag", "status", "steps", "x"]), values, max_size=3)


def _identify(format: str, text: str) -> str:
    return convert_record(FORMATS[format], ForeignRecord(1, text, parse_record(text))).events[0].id


def _is_same(value: Any, other: Any) -> bool:
    return json.dumps(value, sort_keys=True) == json.dumps(other, sort_keys=True)


@pytest.mark.parametrize("format", SHARING)
@given(one=additions, other=additions)
def test_two_records_under_one_id_of_their_source_have_two_ids(
    format: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    assume(one != other and not _is_same(one, other))
    texts = [json.dumps({**SHARING[format], **added}) for added in (one, other)]
    assert _identify(format, texts[0]) != _identify(format, texts[1])


@pytest.mark.parametrize("format", SHARING)
@given(added=additions, indent=st.sampled_from([None, 1, 4]), is_ascii=st.booleans())
def test_one_record_has_one_id_however_it_is_spelled(
    format: str, added: dict[str, Any], indent: int | None, is_ascii: bool
) -> None:
    record = {**SHARING[format], **added}
    otherwise = dict(reversed(record.items()))
    spelled = json.dumps(otherwise, indent=indent, ensure_ascii=is_ascii)
    assert _identify(format, json.dumps(record)) == _identify(format, spelled)


@pytest.mark.parametrize("log", sorted(LOGS.glob("*.ndjson")), ids=lambda log: log.stem)
def test_in_every_sample_of_a_source_that_repeats_ids_all_records_have_their_own(log: Path) -> None:
    format = log.stem.partition("-")[0]
    seen: dict[str, str] = {}
    for line in log.read_text().splitlines():
        value = parse_record(line)
        if not FORMATS[format].may_share_id(value):
            continue
        canonical = json.dumps(value, sort_keys=True)
        assert seen.setdefault(_identify(format, line), canonical) == canonical
