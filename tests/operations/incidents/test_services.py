"""One incident for one failure, from its first sign until a person resolves it, also when many see it at once."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind, record_failure, record_recovery, record_waiting_failures
from operations.models import Incident
from tests.support.concurrency import at_once


def _steps(incident: Incident) -> list[str]:
    return list(incident.steps.values_list("kind", flat=True))


@pytest.mark.django_db
def test_the_first_failure_opens_an_incident_and_the_next_goes_on_with_it() -> None:
    first = record_failure(IncidentKind.OUTAGE, "opensearch", "It does not answer.", writer="billing", events=2)
    again = record_failure(IncidentKind.OUTAGE, "opensearch", "It is red.", writer="billing", events=3)
    assert first == again
    assert again is not None
    assert (again.what, again.latest, again.failures, again.events) == ("It does not answer.", "It is red.", 2, 5)
    assert list(again.writers.values_list("writer", "events")) == [("billing", 5)]
    assert _steps(again) == ["opened"]


@pytest.mark.django_db
def test_another_subject_is_another_incident() -> None:
    assert record_failure(IncidentKind.OUTAGE, "opensearch", "x") != record_failure(IncidentKind.OUTAGE, "redis", "x")
    assert Incident.objects.count() == 2


@pytest.mark.django_db
def test_over_is_said_once_and_failing_again_too() -> None:
    incident = record_failure(IncidentKind.OUTAGE, "opensearch", "x")
    assert incident is not None
    assert record_recovery(IncidentKind.OUTAGE, "opensearch", "It answers.") == incident
    assert record_recovery(IncidentKind.OUTAGE, "opensearch") is None
    record_failure(IncidentKind.OUTAGE, "opensearch", "y")
    record_failure(IncidentKind.OUTAGE, "opensearch", "z")
    assert _steps(incident) == ["opened", "over", "again"]
    incident.refresh_from_db()
    assert incident.over_at is None


@pytest.mark.django_db
def test_over_without_an_incident_is_nothing() -> None:
    assert record_recovery(IncidentKind.OUTAGE, "opensearch") is None
    assert not Incident.objects.exists()


@pytest.mark.django_db
def test_what_is_resolved_and_fails_again_is_a_new_incident() -> None:
    old = record_failure(IncidentKind.OUTAGE, "opensearch", "x")
    Incident.objects.update(resolved_at=timezone.now())
    new = record_failure(IncidentKind.OUTAGE, "opensearch", "x")
    assert new is not None
    assert new != old
    assert new.failures == 1


@pytest.mark.django_db
def test_hostile_words_are_kept_as_far_as_a_row_holds_them() -> None:
    incident = record_failure(IncidentKind.GAP, "w\0" + "x" * 900, "y\ud800" * 2_000, writer="\0" * 500)
    assert incident is not None
    assert len(incident.subject) == 200
    assert record_recovery(IncidentKind.GAP, "w\0" + "x" * 900) == incident


@pytest.mark.django_db
def test_an_incident_cannot_be_deleted() -> None:
    incident = record_failure(IncidentKind.OUTAGE, "opensearch", "x")
    assert incident is not None
    with pytest.raises(TypeError, match="for ever"):
        incident.delete()


@pytest.mark.django_db(transaction=True)
def test_many_who_see_one_outage_at_once_open_one_incident() -> None:
    def report() -> None:
        for _ in range(5):
            record_failure(IncidentKind.OUTAGE, "opensearch", "It does not answer.", writer="billing", events=1)

    at_once(*[report] * 6)
    incident = Incident.objects.get()
    assert (incident.failures, incident.events) == (30, 30)
    assert incident.writers.get().events == 30
    assert _steps(incident) == ["opened"]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_see_that_it_is_over_one_says_it() -> None:
    incident = record_failure(IncidentKind.OUTAGE, "opensearch", "x")
    assert incident is not None
    answers = at_once(*[lambda: record_recovery(IncidentKind.OUTAGE, "opensearch")] * 6)
    assert sorted(answer is None for answer in answers) == [False] + [True] * 5
    assert _steps(incident) == ["opened", "over"]


@pytest.fixture
def locked(transactional_db: None, settings: Settings, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The database takes no write, as while another process holds it for too long."""
    settings.STATE_DIR = tmp_path
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    if other.in_transaction:
        other.execute("ROLLBACK")
    other.close()
    connection.close()


@pytest.mark.sqlite
def test_what_the_database_does_not_take_waits_in_a_file_and_is_taken_in(locked: sqlite3.Connection) -> None:
    began = timezone.now()
    assert record_failure(IncidentKind.OUTAGE, "opensearch", "It does not answer.", writer="billing", events=2) is None
    assert record_failure(IncidentKind.OUTAGE, "opensearch", "It does still not answer.") is None
    locked.execute("ROLLBACK")
    assert not Incident.objects.exists()
    ended = timezone.now()
    assert record_waiting_failures() == 2
    assert record_waiting_failures() == 0
    incident = Incident.objects.get()
    assert (incident.what, incident.failures, incident.events) == ("It does not answer.", 2, 2)
    assert began <= incident.opened_at <= ended


@pytest.mark.sqlite
def test_what_cannot_be_taken_in_yet_stays_in_the_file(locked: sqlite3.Connection) -> None:
    record_failure(IncidentKind.OUTAGE, "redis", "x")
    with pytest.raises(incidents.DatabaseError):
        record_waiting_failures()
    locked.execute("ROLLBACK")
    assert record_waiting_failures() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "nonsense"},
        {"at": 5},
        {"at": "2026-11-24"},
        {"subject": None},
        {"events": -1},
        {"events": 10**30},
        "[]",
        "null",
    ],
)
def test_an_odd_line_does_not_keep_the_others_from_being_recorded(
    transactional_db: None, settings: Settings, tmp_path: Path, change: Any
) -> None:
    settings.STATE_DIR = tmp_path
    values = {
        "kind": "outage",
        "subject": "redis",
        "what": "x",
        "writer": "",
        "events": 0,
        "at": "2026-11-24T09:30:00Z",
    }
    odd = change if isinstance(change, str) else json.dumps(values | change)
    (tmp_path / "incidents.jsonl").write_text(f"{odd}\n{json.dumps(values)}\n")
    assert record_waiting_failures() == 2
    assert record_waiting_failures() == 0
    assert set(Incident.objects.values_list("kind", "subject")) == {("outage", "redis"), ("check", "incidents.jsonl")}


@pytest.mark.sqlite
def test_a_line_that_was_cut_off_is_an_incident_of_its_own(locked: sqlite3.Connection, tmp_path: Path) -> None:
    record_failure(IncidentKind.OUTAGE, "redis", "x")
    locked.execute("ROLLBACK")
    with (tmp_path / "incidents.jsonl").open("a") as file:
        file.write('{"kind": "outage", "subj')
    assert record_waiting_failures() == 2
    assert set(Incident.objects.values_list("kind", "subject")) == {("outage", "redis"), ("check", "incidents.jsonl")}
