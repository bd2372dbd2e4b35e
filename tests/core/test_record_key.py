"""Every process signs with one key, which nobody else can read, and which is never replaced in silence."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.audit import AccountAction
from accounts.models import User
from core import audit, record_key
from tests.support.concurrency import at_once
from tests.support.pages import audit_log
from trail.connection import Trail
from trail.errors import WriteRefused
from trail.integrity.record_signature import find_signer


@pytest.fixture(autouse=True)
def state(settings: Settings, tmp_path: Path) -> Path:
    settings.STATE_DIR, settings.RECORD_KEY = tmp_path, ""
    return tmp_path


def test_the_key_is_made_once_and_read_by_its_owner_alone(state: Path) -> None:
    signer = record_key.read_signer()
    assert (state / "record_key").stat().st_mode & 0o777 == 0o600
    assert record_key.read_signer() == signer
    assert os.listdir(state) == ["record_key"]


def test_processes_that_begin_together_sign_with_one_key() -> None:
    signers = []
    at_once(*[lambda: signers.append(record_key.read_signer())] * 8)
    assert len(set(map(str, (signer.verifier for signer in signers)))) == 1


def test_a_key_that_was_replaced_signs_from_then_on_in_every_process() -> None:
    before = record_key.read_signer()
    record_key.replace_signer(after := record_key.generate_signer())
    assert record_key.read_signer() == after != before


def test_a_key_that_the_setting_names_and_is_not_there_is_no_reason_to_make_another(
    settings: Settings, state: Path
) -> None:
    settings.RECORD_KEY = str(state / "elsewhere")
    with pytest.raises(WriteRefused, match="put the key back"):
        record_key.read_signer()
    assert not (state / "elsewhere").exists()


@pytest.mark.django_db
def test_what_cannot_be_signed_is_not_done(state: Path, alice: User, trail: Trail) -> None:
    (state / "record_key").write_text("PRIVATE+KEY+broken")
    with pytest.raises(WriteRefused, match="cannot be read"):
        audit.record(AccountAction.CHANGE, by=alice, resource=("user", "alice"))


@pytest.mark.django_db
def test_a_record_is_signed_as_it_stands_in_the_trail_redacted_and_cut(alice: User, trail: Trail) -> None:
    labels = {"secret": "fm2_" + "QUJD" * 12, "long": "é" * 9_000, "name": "\u202e<b>"}
    audit.record(AccountAction.CHANGE, by=alice, resource=("user", "alice"), labels=labels)
    (record,) = audit_log(trail)
    assert "removed secret" in record["labels"]["secret"]
    assert find_signer(record, [record_key.read_signer().verifier]) == record_key.read_signer().verifier


@pytest.mark.django_db
def test_a_record_that_is_tried_again_with_another_key_is_once_on_record(alice: User, trail: Trail) -> None:
    again = {"by": alice, "resource": ("user", "alice"), "at": datetime(2026, 11, 1, tzinfo=UTC), "event_id": "step-1"}
    audit.record(AccountAction.CHANGE, **again)
    record_key.replace_signer(record_key.generate_signer())
    assert audit.record(AccountAction.CHANGE, **again) == "step-1"
    assert len(audit_log(trail)) == 1
    with pytest.raises(WriteRefused, match="conflict"):
        audit.record(AccountAction.CHANGE, **again, labels={"name": "other"})
