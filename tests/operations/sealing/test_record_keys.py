"""The console's keys for its own records are announced, kept, and rotated on record."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from core import record_key
from operations.models import RecordKey
from operations.sealing import record_keys
from operations.sealing.sealer import Sealer
from tests.support.factories.records import record, settle_key
from tests.support.pages import audit_log
from trail.connection import Trail
from trail.errors import TrailUnavailable
from trail.integrity.record_signature import find_signer
from trail.integrity.signed_note import Verifier


@pytest.fixture(autouse=True)
def state(settings: Settings, tmp_path: Path, log: object) -> None:
    (tmp_path / "state").mkdir()
    settings.STATE_DIR, settings.RECORD_KEY = tmp_path / "state", ""


def test_the_key_is_announced_once_in_a_record_that_it_signs(trail: Trail) -> None:
    record_keys.keep_record_key()
    record_keys.keep_record_key()
    (announcement,) = audit_log(trail, "record_key.announce")
    key = RecordKey.objects.get()
    assert announcement["labels"] == {"key": key.vkey}
    assert announcement["event"]["id"] == key.event_id
    assert find_signer(announcement, [Verifier.parse(key.vkey)]) == Verifier.parse(key.vkey)


def test_where_a_key_begins_is_known_only_when_its_announcement_is_sealed_and_long_over(
    trail: Trail, alice: User, sealer: Sealer
) -> None:
    record(trail, alice)
    record_keys.keep_record_key()
    sealer.step()
    record_keys.keep_record_key()
    assert RecordKey.objects.get().first_size is None
    RecordKey.objects.update(at=timezone.now() - timedelta(hours=1))
    record_keys.keep_record_key()
    assert RecordKey.objects.get().first_size == 2
    record(trail, alice)
    sealer.step()
    record_keys.keep_record_key()
    assert RecordKey.objects.get().first_size == 2


def test_a_key_whose_announcement_waits_for_its_seal_does_not_begin(trail: Trail, sealer: Sealer) -> None:
    sealer.step()
    record_keys.keep_record_key()
    RecordKey.objects.update(at=timezone.now() - timedelta(hours=1))
    record_keys.keep_record_key()
    assert RecordKey.objects.get().first_size is None


def test_a_rotation_is_signed_by_the_key_before_and_both_stay_known(trail: Trail, ada: User, sealer: Sealer) -> None:
    old = settle_key(sealer)
    out = StringIO()
    call_command("rotate_record_key", by="ada", stdout=out)
    new = RecordKey.objects.last()
    announcement = audit_log(trail, "record_key.announce")[-1]
    assert announcement["event"]["id"] in out.getvalue()
    assert announcement["user"]["id"] == "ada"
    assert find_signer(announcement, [Verifier.parse(old.vkey)]) == Verifier.parse(old.vkey)
    assert str(record_key.read_signer().verifier) == new.vkey != old.vkey
    assert [str(verifier) for verifier in record_keys.list_verifiers()] == [old.vkey, new.vkey]


@pytest.mark.usefixtures("trail")
def test_nobody_but_an_admin_rotates_it(alice: User) -> None:
    with pytest.raises(CommandError, match="no admin"):
        call_command("rotate_record_key", by="alice")


def test_a_rotation_that_cannot_be_put_on_record_leaves_the_key_before(
    trail: Trail, ada: User, settings: Settings
) -> None:
    record_keys.keep_record_key()
    before = record_key.read_signer()
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    with pytest.raises(TrailUnavailable):
        record_keys.rotate_key(by=ada)
    assert record_key.read_signer() == before
    if not connection.needs_rollback:
        assert RecordKey.objects.count() == 1


def test_a_key_that_was_put_in_place_by_hand_is_announced(trail: Trail) -> None:
    record_keys.keep_record_key()
    record_key.replace_signer(record_key.generate_signer())
    record_keys.keep_record_key()
    assert [row.vkey for row in RecordKey.objects.all()][-1] == str(record_key.read_signer().verifier)
    assert len(audit_log(trail, "record_key.announce")) == 2
