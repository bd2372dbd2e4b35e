"""Who holds the database's lock for writing asks the engine for nothing but one record, and writes in few statements."""

from datetime import date
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from investigations.detections import services as detections
from investigations.evidence import services as evidence
from investigations.models import Detection
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from operations.writers import monitor
from tests.support.cast import PASSWORD
from tests.support.factories.cases import export, open_case, run
from tests.support.factories.events import event, write
from tests.support.factories.keys import bearer, writer_key
from tests.support.write_lock import LockWatch, watch_write_lock
from trail.connection import Trail
from trail.search.spec import Search

RECORD = "POST /_bulk"
MOST_STATEMENTS = 40  # of one transaction, however much it is about
EVENTS = 2_000


@pytest.fixture
def log(transactional_db: None, trail: Trail, settings: Settings, tmp_path: Path) -> LogDirectory:
    settings.SEAL_DIR, settings.TRAIL_ORIGIN, settings.TRAIL_KEY = tmp_path / "log", "", ""
    return LogDirectory()


def seal(log: LogDirectory) -> None:
    Sealer(log).step()


def spend_a_day(client: Client, alice: User, ada: User, trail: Trail, log: LogDirectory) -> None:
    """What people, programs and the keeper do, one after the other."""
    call_command("demo", quiet=True, events=EVENTS, until=date(2026, 11, 20).isoformat())
    seal(log)
    assert client.post("/accounts/login/", {"login": "alice", "password": PASSWORD}).status_code == 302
    assert client.get("/", {"q": "event.dataset:demonstration"}).status_code == 200
    assert client.post("/cases/new/", {"title": "A case", "severity": "low"}).status_code == 302
    case = open_case(alice)
    write(trail, event(id="pinned"))
    evidence.pin(case=case, event_ids=["pinned"], reason="why", by=alice)
    done = run(alice, text="event.dataset:demonstration", case=case)
    export(alice, case=case)
    export(alice, run=done)
    detection = detections.make(
        name="All", search=Search(text="event.dataset:demonstration"), minutes=1, severity="low", by=alice
    )
    detections.look(Detection.objects.get(pk=detection.pk).pk)
    _, secret = writer_key(ada)
    sent = client.post("/api/v1/events", event(), content_type="application/json", headers=bearer(secret))
    assert sent.status_code == 200
    refused = client.post("/api/v1/events", {"no": "event"}, content_type="application/json", headers=bearer(secret))
    assert refused.status_code == 422
    monitor.check_writers()
    seal(log)
    assert client.post("/accounts/logout/").status_code == 302


@pytest.fixture
def watched(client: Client, alice: User, ada: User, trail: Trail, log: LogDirectory, static_files: None) -> LockWatch:
    with watch_write_lock() as watch:
        spend_a_day(client, alice, ada, trail, log)
    watch.print_longest()
    return watch


def test_nobody_asks_the_engine_for_more_than_one_record_with_the_lock_held_and_none_writes_without_bound(
    watched: LockWatch,
) -> None:
    assert len({hold.who for hold in watched.holds}) > 10
    asking = {hold.who: hold.requests for hold in watched.holds if hold.requests not in ([], [RECORD])}
    assert not asking
    many = {hold.who: len(hold.statements) for hold in watched.holds if len(hold.statements) > MOST_STATEMENTS}
    assert not many


@pytest.mark.impatient
def test_a_record_ends_long_before_others_give_up_waiting_for_the_lock() -> None:
    assert 5 * configured.AUDIT_RECORD_SECONDS < configured.DATABASE_WAIT_SECONDS
