"""What a person is told when a part is down; anything else stays an error that is looked into."""

import pytest
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError

from auditconsole.outages import sentence_for
from trail.errors import BadQuery, TrailUnavailable, WriteRefused


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
