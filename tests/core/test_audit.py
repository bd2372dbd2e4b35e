"""What is done is on record or not done, and waiting for the record makes nobody else give up."""

from datetime import UTC, datetime
from threading import Event as Signal
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection, transaction
from pytest_django import Settings

from accounts.audit import AccountAction
from accounts.models import User
from core import audit
from tests.support.concurrency import at_once
from tests.support.factories.events import use, write
from tests.support.pages import audit_log
from trail.connection import Trail
from trail.errors import TrailUnavailable, WriteRefused


@pytest.mark.django_db(transaction=True)
def test_a_record_that_a_silent_trail_does_not_take_makes_no_other_change_give_up(
    settings: Settings,
    silent_engine: str,
    alice: User,
    bob: User,
) -> None:
    settings.OPENSEARCH_URL, settings.AUDIT_RECORD_SECONDS = silent_engine, 1
    begun = Signal()

    @transaction.atomic
    def change_on_record() -> None:
        User.objects.filter(pk=alice.pk).update(name="Changed")
        begun.set()
        audit.record(AccountAction.CHANGE, by=alice, resource=("user", "alice"))

    def refused_change() -> None:
        with pytest.raises(TrailUnavailable):
            change_on_record()

    def other_change() -> None:
        if connection.vendor == "sqlite":
            connection.cursor().execute("PRAGMA busy_timeout = 5000")
        begun.wait()
        User.objects.filter(pk=bob.pk).update(name="Robert")

    at_once(refused_change, other_change)
    assert set(User.objects.filter(pk__in=(alice.pk, bob.pk)).values_list("name", flat=True)) == {"Robert", alice.name}


@pytest.mark.impatient
def test_a_record_takes_less_time_than_others_wait_for_the_database() -> None:
    assert 2 * configured.AUDIT_RECORD_SECONDS < configured.DATABASE_WAIT_SECONDS
    if connection.vendor == "sqlite":
        assert connection.settings_dict["OPTIONS"]["timeout"] == configured.DATABASE_WAIT_SECONDS


def test_a_record_that_is_tried_again_is_the_same_whoever_tries(trail: Trail, alice: User, bob: User) -> None:
    at, event_id = datetime(2026, 11, 3, tzinfo=UTC), "console-again"
    words: dict[str, Any] = {"resource": ("user", "x"), "at": at, "event_id": event_id}
    for by in (alice, bob):
        assert audit.record(AccountAction.CHANGE, by=by, labels={"a": "1"}, **words) == event_id
    (event,) = audit_log(trail, AccountAction.CHANGE)
    assert event["user"]["id"] == "alice"
    for action, labels in ((AccountAction.CHANGE, {"a": "2"}), (AccountAction.MAKE, {"a": "1"})):
        with pytest.raises(WriteRefused, match="conflict"):
            audit.record(action, by=bob, labels=labels, **words)


def test_what_another_writer_has_under_the_id_is_no_record(trail: Trail, alice: User) -> None:
    at, event_id = datetime(2026, 11, 3, tzinfo=UTC), "console-taken"
    write(trail, use("t", id=event_id, at="2026-11-03T00:00:00Z"))
    with pytest.raises(WriteRefused, match="conflict"):
        audit.record(AccountAction.CHANGE, by=alice, resource=("user", "x"), at=at, event_id=event_id)
