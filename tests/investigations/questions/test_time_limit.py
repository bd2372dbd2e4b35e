"""All that one question asks of the engine has an end together; then there is a sentence and no part of an answer."""

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from tests.support.factories.events import issue, revoke, use, write
from tests.support.pages import bytes_of, text_of
from trail.connection import Trail

SENTENCE = "This took longer than it may, and was ended"
ADDRESSES = (
    "/tokens/t/",
    "/tokens/t/lineage/",
    "/tokens/t/compromise/radius.csv",
    "/users/ann/",
    "/users/ann/values/source.ip/",
    "/search/field/?field=user.id",
    "/compare/?a.q=user.id:ann&b.q=user.id:ben",
    "/search/lifetime/?token=t",
    "/api/v1/tokens/t",
    "/api/v1/search",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_question_whose_time_is_over_is_answered_by_a_sentence(
    client: Client, alice: User, trail: Trail, settings: Settings, address: str
) -> None:
    write(trail, issue("t", "ann"), use("t", user__id="ann"), revoke("t", user__id="ann"))
    client.force_login(alice)
    in_time = client.get(address)
    bytes_of(in_time)  # a file is closed by being read
    assert in_time.status_code in (200, 302)
    settings.QUESTION_SECONDS = 0
    response = client.get(address)
    assert response.status_code == 503
    assert SENTENCE in text_of(response)
