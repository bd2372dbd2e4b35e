"""What a person is told when a part is down; anything else stays an error that is looked into."""

import pytest
from celery.signals import task_failure
from django.test import Client
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError

from accounts.models import User
from auditconsole.outages import put_on_record, sentence_for
from investigations.models import Case
from operations.models import Incident
from trail.errors import BadQuery, Incomplete, TrailUnavailable, WriteRefused


@pytest.mark.parametrize("error", [TrailUnavailable("The trail does not answer."), WriteRefused("The trail is full.")])
def test_an_outage_of_the_trail_is_told_in_its_own_words(error: Exception) -> None:
    assert sentence_for(error) == f"{error} Nothing was changed. Try again, and see the status page."


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
    put_on_record(error)
    assert not Incident.objects.exists()
