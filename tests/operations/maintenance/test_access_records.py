"""Access records reach the trail once each, counted where they repeat, whatever happens to the keeper and the trail meanwhile."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from core import access_spool
from core.audit import AccessAction, record_access
from operations.maintenance.access_records import AccessDelivery, deliver_once
from operations.models import RejectedEvent
from operations.status import health
from tests.support.pages import audit_log
from trail.connection import Trail
from trail.documents import get
from trail.errors import TrailUnavailable

pytestmark = pytest.mark.django_db


def _in_two_minutes() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=2)


@pytest.fixture
def keeper() -> Iterator[AccessDelivery]:
    delivery = AccessDelivery()
    yield delivery
    delivery.close()


def _look(by: User, page: str = "status") -> None:
    record_access(AccessAction.PAGE_VIEW, by=by, resource=("page", page))


def test_a_question_asked_again_and_again_is_two_events(
    client: Client, rae: User, trail: Trail, keeper: AccessDelivery
) -> None:
    client.force_login(rae)
    for _ in range(40):
        client.get("/?q=user.id:nobody")
    keeper.step()
    keeper.step(_in_two_minutes())
    keeper.close()
    first, further = audit_log(trail, "search.run")
    assert int(further["labels"]["further"]) == 39
    assert further["labels"]["first"] == first["event"]["id"]
    assert access_spool.count_waiting() == 0


def test_the_first_of_them_is_there_at_once_and_the_count_when_the_minute_is_over(
    alice: User, trail: Trail, keeper: AccessDelivery
) -> None:
    for _ in range(3):
        _look(alice)
    keeper.step()
    keeper.step()
    trail.client.indices.refresh(index=f"{trail.prefix}-events-*")
    assert trail.client.count(index=f"{trail.prefix}-events-*")["count"] == 1
    keeper.step(_in_two_minutes())
    keeper.close()
    assert [get(one, "labels.further") for one in audit_log(trail, "page.view")] == [None, "2"]


def test_a_keeper_that_is_killed_makes_the_same_events_again(alice: User, bob: User, trail: Trail) -> None:
    for person in (alice, bob, alice, alice):
        _look(person)
    deliver_once()  # and it has died before the minute was over
    deliver_once(_in_two_minutes())
    deliver_once(_in_two_minutes())
    records = audit_log(trail, "page.view")
    assert sorted((get(one, "user.id"), get(one, "labels.further") or "") for one in records) == [
        ("alice", ""),
        ("alice", "2"),
        ("bob", ""),
    ]


def test_what_another_process_wrote_is_delivered_after_its_end_and_its_folder_removed(
    alice: User, trail: Trail, keeper: AccessDelivery
) -> None:
    _look(alice)
    (folder,) = access_spool.list_folders()
    access_spool.close()
    keeper.step()
    assert folder.exists()
    os.utime(folder / "writer.lock", (0, 0))
    keeper.step(_in_two_minutes())
    assert not folder.exists()
    assert len(audit_log(trail, "page.view")) == 1


def test_a_process_that_still_writes_keeps_its_folder(alice: User, trail: Trail, keeper: AccessDelivery) -> None:
    _look(alice)
    (folder,) = access_spool.list_folders()
    os.utime(folder / "writer.lock", (0, 0))
    keeper.step(_in_two_minutes())
    assert folder.exists()
    _look(alice, "words")
    keeper.step(_in_two_minutes())
    keeper.close()
    assert len(audit_log(trail, "page.view")) == 2


def test_while_the_trail_is_down_nothing_is_lost_and_the_status_page_says_how_much_waits(
    alice: User, trail: Trail, settings: Settings, keeper: AccessDelivery
) -> None:
    node, settings.OPENSEARCH_URL = settings.OPENSEARCH_URL, "http://127.0.0.1:1"
    for page in ("status", "words"):
        _look(alice, page)
        with pytest.raises(TrailUnavailable):
            keeper.step()
    part = health.check_parts()["access_records"]
    assert part.state == "warning"
    assert part.detail.startswith("2 of who signed in and what was looked at wait on this machine's disk")
    settings.OPENSEARCH_URL = node
    keeper.step(_in_two_minutes())
    keeper.close()
    assert health.check_parts()["access_records"].state == "up"
    assert len(audit_log(trail, "page.view")) == 2


def test_what_the_trail_will_never_take_is_set_aside_and_holds_up_nothing(
    alice: User, trail: Trail, keeper: AccessDelivery
) -> None:
    access_spool.append(
        b'{"equal":"x","document":{"@timestamp":"2026-11-27T00:00:00Z","event":{"id":"e","action":"a"}}}'
    )
    _look(alice)
    keeper.step(_in_two_minutes())
    keeper.close()
    assert RejectedEvent.objects.count() == 1
    assert len(audit_log(trail, "page.view")) == 1


def test_a_killed_process_has_lost_none_of_what_was_answered(alice: User, trail: Trail) -> None:
    program = (
        "import os, django; django.setup(); from core import access_spool; from pathlib import Path; "
        "from django.conf import settings; settings.ACCESS_SPOOL_DIR = os.environ['SPOOLS']; "
        "[access_spool.append(b'{}') for _ in range(20)]; os.kill(os.getpid(), 9)"
    )
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "auditconsole.settings", "SPOOLS": str(configured.ACCESS_SPOOL_DIR),
        "CONSOLE_STATE_DIR": str(configured.STATE_DIR),
    }  # fmt: skip
    root = Path(configured.BASE_DIR)
    assert subprocess.run([sys.executable, "-c", program], env=environment, cwd=root, check=False).returncode == -9
    assert access_spool.count_waiting() == 20


def test_a_machine_without_a_keeper_delivers_by_a_command(alice: User, trail: Trail) -> None:
    _look(alice)
    call_command("deliver_access_records", "--once")
    assert access_spool.count_waiting() == 0
    assert len(audit_log(trail, "page.view")) == 1
