"""A record is known as the console's by its signature, whatever is in it, and by nothing else."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.factories.events import event
from trail.documents import flatten
from trail.events import parse_event
from trail.integrity.record_signature import find_signer, sign_record
from trail.integrity.signed_note import Signer
from trail.integrity.verdict import Broken

KEY, OTHER = Signer.generate("auditconsole/1"), Signer.generate("auditconsole/2")
BOTH = (KEY.verifier, OTHER.verifier)
labels = st.dictionaries(st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_-]{0,9}\Z"), st.text(max_size=30), max_size=4)


def _record(labels: dict[str, str] | None = None) -> dict[str, Any]:
    return event(id="r", event__dataset="console", labels=labels or {"name": "x"})


@given(labels)
def test_a_signed_record_fits_the_schema_and_is_known_by_its_key(labels: dict[str, str]) -> None:
    signed = sign_record(_record(labels), KEY)
    assert parse_event(signed).document == signed
    assert find_signer(signed, BOTH) == KEY.verifier


def test_what_the_trail_adds_does_not_break_a_signature() -> None:
    signed = sign_record(_record(), KEY)
    stored = {**signed, "event": {**signed["event"], "ingested": "2026-11-27T00:00:00Z"}}
    assert find_signer(stored, BOTH) == KEY.verifier


@given(st.data())
def test_a_record_of_which_one_field_was_changed_is_broken(data: st.DataObject) -> None:
    changed = deepcopy(sign_record(_record(), KEY))
    name, value = data.draw(st.sampled_from([field for field in flatten(changed) if field[0] != "signature.value"]))
    *path, last = name.split(".")
    inner = changed
    for part in path:
        inner = inner[part]
    if data.draw(st.booleans()):
        del inner[last]
    else:
        inner[last] = {"name": "another"} if isinstance(value, dict) else f"{value}x"
    assert isinstance(find_signer(changed, BOTH), Broken)


def test_a_record_without_a_signature_is_not_broken() -> None:
    assert find_signer(_record(), BOTH) is None


def test_a_key_that_is_none_of_the_console_s_signs_nothing() -> None:
    stranger = Signer.generate("auditconsole/1")
    forged = sign_record(_record(), stranger)
    assert find_signer(forged, BOTH) == Broken("it is signed by a key that is none of this console's")
    forged["signature"]["key_id"] = KEY.verifier.key_id.hex()
    assert isinstance(find_signer(forged, BOTH), Broken)


@pytest.mark.parametrize(
    "signature",
    ["", [], None, 5, {}, {"key_id": 5, "value": ""}, {"key_id": "", "value": "é"}, {"key_id": "", "value": "===="}],
)
def test_a_malformed_signature_is_broken_and_no_error(signature: Any) -> None:
    assert isinstance(find_signer({**_record(), "signature": signature}, BOTH), Broken)


def test_what_has_no_canonical_form_is_broken_and_no_error() -> None:
    forged = {**sign_record(_record(), KEY), "labels": {"number": 2**60, "half": float("inf")}}
    assert isinstance(find_signer(forged, BOTH), Broken)
