"""Every way of writing a time that the search page takes, in each place where one can stand."""

import pytest
from django.test import Client

from accounts.models import User
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, events_on
from trail.connection import Trail

# All of them say half past nine UTC, or the beginning of the hour or day that it is in.
WRITTEN = (
    "2026-11-24", "2026-11-24T09Z", "2026-11-24T09:30Z", "2026-11-24T09:30", "2026-11-24T09:30:00.123456789Z",
    "2026-11-24 09:30:00", "2026-11-24t09:30:00z", "2026-11-24T11+02", "2026-11-24T11:30:00.250+0200", "now-24h",
)  # fmt: skip
NO_TIMES = (
    "2026-11", "2026-11-24T9:30Z", "2026-11-24T24:00Z", "2026-11-24T09:30:60Z", "2026-11-24T09:30:00.1234567891Z", "now-1d/d",
    "1970-01-01T00:00+01:00", "2262-01-01",
)  # fmt: skip


@pytest.fixture
def signed_in(client: Client, alice: User, trail: Trail) -> Client:
    write(trail, use("t", id="then", at="2026-11-24T09:30:00.5Z"))
    client.force_login(alice)
    return client


def asking(time: str) -> list[dict[str, str]]:
    """A search for each place in which a time can stand."""
    return [
        *({place: time} for place in ("from", "to", "until")),
        *({"q": query.format(f'"{time}"')} for query in ("@timestamp:{}", "@timestamp:[{} TO *]", "@timestamp:<{}")),
        {"f": f"@timestamp(between):{time}|"},
    ]


@pytest.mark.parametrize("time", WRITTEN)
def test_it_is_taken_in_every_place(signed_in: Client, time: str) -> None:
    for query in asking(time):
        response = signed_in.get("/", query)
        assert response.status_code == 200, query
        assert response.context.get("problem") is None, query


@pytest.mark.parametrize("time", NO_TIMES)
def test_what_is_no_time_is_refused_in_every_place(signed_in: Client, time: str) -> None:
    for query in asking(time):
        response = signed_in.get("/", query)
        assert response.status_code == 400, query


@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ({"from": "2026-11-24T09:30Z"}, True),
        ({"from": "2026-11-24T09:31Z"}, False),
        ({"from": "2026-11-24T09Z", "to": "2026-11-24T10Z"}, True),
        ({"from": "2026-11-24T09:30:00.500000001Z"}, False),
        ({"from": "2026-11-24T11:30+02:00", "to": "2026-11-24T10:30:01+01:00"}, True),
        ({"q": '@timestamp:"2026-11-24T09:30Z"'}, True),  # all of that minute
        ({"q": '@timestamp:"2026-11-24T11:30+02:00"'}, True),
        ({"q": '@timestamp:"2026-11-24 09:31"'}, False),
    ],
)  # fmt: skip
def test_it_means_the_time_that_it_says(signed_in: Client, query: dict[str, str], finds: bool) -> None:
    assert events_on(signed_in.get("/", query)) == (["then"] if finds else [])


def test_everybody_signs_in_first(client: Client) -> None:
    assert at_sign_in(client.get("/", {"from": "2026-11-24T09Z"}))
