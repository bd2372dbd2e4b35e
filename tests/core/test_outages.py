"""What a person is told when a part is down; anything else stays an error that is looked into."""

import sqlite3
from contextlib import closing

import pytest
from celery.signals import task_failure
from django.conf import settings
from django.db import connection
from django.test import Client, RequestFactory
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts.models import User
from core.outages import record, report, sentence_for
from core.responses import respond_server_error
from investigations.models import Case
from operations.models import Incident
from trail.errors import BadQuery, Incomplete, TrailUnavailable, WriteRefused


@pytest.mark.parametrize("error", [TrailUnavailable("The trail does not answer."), WriteRefused("The trail is full.")])
def test_an_outage_of_the_trail_is_told_in_its_own_words(error: Exception) -> None:
    assert sentence_for(error) == f"{error} Try again, or see the status page."
    assert sentence_for(error, after_change=True) == f"{error} Nothing was changed. Try again, or see the status page."


@pytest.mark.parametrize("error", [OperationalError("refused"), RedisConnectionError("refused")])
def test_an_outage_of_the_queue_is_told_without_its_internals(error: Exception) -> None:
    sentence = sentence_for(error)
    assert sentence is not None
    assert "The queue (Redis) does not answer" in sentence
    assert "refused" not in sentence


@pytest.mark.parametrize("error", [ValueError("a mistake of ours"), BadQuery("A word is missing.", 3)])
def test_what_is_no_outage_is_not_told_as_one(error: Exception) -> None:
    assert sentence_for(error) is None


@pytest.mark.django_db(transaction=True)
def test_what_a_page_meets_is_on_record_though_its_own_transaction_is_undone(
    client: Client, alice: User, no_trail: None, static_files: None
) -> None:
    client.force_login(alice)
    assert client.post("/cases/new/", {"title": "Lost", "severity": "low"}).status_code == 503
    assert not Case.objects.exists()
    incident = Incident.objects.get()
    assert (incident.kind, incident.subject, incident.writers.get().writer) == ("outage", "opensearch", "auditconsole")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "subject"),
    [(WriteRefused("full"), "opensearch"), (TrailUnavailable("x"), "opensearch"), (OperationalError("x"), "redis")],
)
def test_what_a_task_dies_of_is_on_record(error: Exception, subject: str) -> None:
    task_failure.send(sender=None, exception=error)
    assert Incident.objects.get().subject == subject


@pytest.mark.django_db
@pytest.mark.parametrize("error", [Incomplete("in part"), ValueError("ours")])
def test_what_says_nothing_of_writing_is_no_incident(error: Exception) -> None:
    record(error)
    assert not Incident.objects.exists()


@pytest.mark.django_db
def test_what_keeps_an_answer_back_is_on_record_and_lost_no_event() -> None:
    assert report(TrailUnavailable("The trail does not answer.")).startswith("The trail does not answer. Try again")
    incident = Incident.objects.get()
    assert (incident.subject, incident.events) == ("opensearch", 0)


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_a_database_that_stays_locked_is_told_in_a_sentence(client: Client, alice: User, static_files: None) -> None:
    client.force_login(alice)
    with connection.cursor() as cursor, closing(sqlite3.connect(connection.settings_dict["NAME"], uri=True)) as other:
        cursor.execute("PRAGMA busy_timeout = 1")
        other.execute("BEGIN IMMEDIATE")
        answer = client.post("/cases/new/", {"title": "Leaked", "severity": "low"})
        cursor.execute(f"PRAGMA busy_timeout = {settings.DATABASE_WAIT_SECONDS * 1_000}")
    assert answer.status_code == 503
    assert "The database does not answer, or its disk is full" in answer.content.decode()
    assert not Case.objects.exists()


def test_what_nothing_caught_is_told_in_json_to_a_program_and_on_a_page_to_a_person(rf: RequestFactory) -> None:
    told = respond_server_error(rf.get("/api/v1/events"))
    assert (told.status_code, told["Content-Type"]) == (500, "application/json")
    assert "Something failed that should not have" in respond_server_error(rf.get("/")).content.decode()
