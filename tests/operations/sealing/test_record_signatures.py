"""A record that the console did not write is told from its own, and none of its own is accused."""

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from core import record_key
from operations.models import RecordKey
from operations.sealing import record_keys
from operations.sealing.record_signatures import RecordSignature, judge_records
from operations.sealing.sealer import Sealer
from tests.support.factories.events import event, write
from tests.support.factories.records import forge, record, settle_key
from trail.connection import Trail
from trail.integrity.record_signature import sign_record
from trail.integrity.signed_note import Signer
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL


@pytest.fixture(autouse=True)
def state(settings: Settings, tmp_path: Path, log: object) -> None:
    (tmp_path / "state").mkdir()
    settings.STATE_DIR, settings.RECORD_KEY = tmp_path / "state", ""


def judge(trail: Trail, *event_ids: str) -> dict[str, RecordSignature]:
    return judge_records(execute.find(trail, event_ids, WHOLE_TRAIL).values())


def state_of(trail: Trail, event_id: str) -> str:
    return str(judge(trail, event_id)[event_id].state)


def test_a_record_is_verified_from_its_first_moment_on(trail: Trail, alice: User, sealer: Sealer) -> None:
    event_id = record(trail, alice)
    assert state_of(trail, event_id) == "verified"
    settle_key(sealer)
    sealer.step()
    assert state_of(trail, event_id) == "verified"


def test_events_of_services_are_not_judged(trail: Trail) -> None:
    write(trail, event(id="service"))
    assert judge(trail, "service") == {}


def test_an_unsigned_record_is_forged_once_the_console_is_known_to_sign(trail: Trail, sealer: Sealer) -> None:
    settle_key(sealer)
    event_id = forge(trail)
    assert state_of(trail, event_id) == "unknown"  # its place in the log is not known for a second
    sealer.step()
    signature = judge(trail, event_id)[event_id]
    assert (signature.state, signature.label) == ("forged", "NOT signed by this console")
    assert "not written by this console" in signature.reason


def test_a_record_from_before_the_first_key_is_older_and_not_forged(trail: Trail, alice: User, sealer: Sealer) -> None:
    older = forge(trail)
    assert state_of(trail, older) == "unknown"
    settle_key(sealer)
    assert state_of(trail, older) == "older"


def test_a_date_before_the_first_key_makes_no_forged_record_older(trail: Trail, sealer: Sealer) -> None:
    settle_key(sealer)
    backdated = forge(trail, event(event__dataset="console", at="2020-01-01T00:00:00Z"))
    sealer.step()
    assert state_of(trail, backdated) == "forged"


@pytest.mark.parametrize("name", [{"event__dataset": "console"}, {"writer__id": "auditconsole"}])
def test_a_record_signed_by_a_stranger_s_key_is_forged_at_once(trail: Trail, name: dict[str, str]) -> None:
    signed = sign_record(event(id="f", **name), Signer.generate("auditconsole/0"))
    assert state_of(trail, forge(trail, signed)) == "forged"


def test_a_genuine_signature_under_another_text_is_forged(trail: Trail, alice: User) -> None:
    genuine = execute.find(trail, [event_id := record(trail, alice)], WHOLE_TRAIL)[event_id].document
    copied = {**genuine, "event": {**genuine["event"], "id": "copied"}, "user": {"id": "bob"}}
    assert state_of(trail, forge(trail, copied)) == "forged"


def test_a_key_that_was_replaced_proves_what_it_signed_before_and_nothing_after(
    trail: Trail, alice: User, ada: User, sealer: Sealer
) -> None:
    before = record(trail, alice)
    settle_key(sealer)
    stolen = record_key.read_signer()
    record_keys.rotate_key(by=ada)
    settle_key(sealer)
    assert RecordKey.objects.filter(first_size=None).count() == 0
    forged = forge(trail, sign_record(event(id="f", event__dataset="console"), stolen))
    sealer.step()
    assert [state_of(trail, event_id) for event_id in (before, record(trail, alice))] == ["verified", "verified"]
    signature = judge(trail, forged)[forged]
    assert (signature.state, "a key that had been replaced" in signature.reason) == ("forged", True)


def test_records_of_the_key_of_now_cost_nothing_of_the_engine_and_one_look_at_the_keys(
    trail: Trail, alice: User, sealer: Sealer, settings: Settings
) -> None:
    event_ids = [record(trail, alice) for _ in range(3)]
    settle_key(sealer)
    hits = list(execute.find(trail, event_ids, WHOLE_TRAIL).values())
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    with CaptureQueriesContext(connection) as queries:
        assert {str(signature.state) for signature in judge_records(hits).values()} == {"verified"}
    assert len(queries) <= 2


def test_a_silent_trail_accuses_nobody(trail: Trail, sealer: Sealer, settings: Settings) -> None:
    settle_key(sealer)
    forged = forge(trail)
    sealer.step()
    hits = list(execute.find(trail, [forged], WHOLE_TRAIL).values())
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    assert judge_records(hits)[forged].state == "unknown"


def test_a_key_that_cannot_be_read_accuses_nobody(trail: Trail, alice: User, settings: Settings) -> None:
    hits = list(execute.find(trail, [event_id := record(trail, alice)], WHOLE_TRAIL).values())
    settings.RECORD_KEY = "/nowhere/record_key"
    assert judge_records(hits)[event_id].state == "unknown"
