"""A page of fifty events is less than 150,000 bytes of HTML, whatever it is stacked by and whichever columns are one's own."""

import re

import pytest
from django.test import Client

from accounts.models import User
from tests.support.factories.events import use, write
from tests.support.pages import text_of
from trail.connection import Trail

MOST = 150_000
RANGE = {"from": "2026-08-30", "to": "2026-11-27"}
REASONS = ("bad signature", "unknown key", "caveat: read-only", "caveat: organization", "expired", "revoked")
OWN = ("@timestamp", "event.action", "event.outcome", "user.id", "user.email", "source.ip", "user_agent.original",
       "token.id", "service.name", "resource.id", "organization.id")  # fmt: skip
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"


@pytest.fixture
def three_months(trail: Trail) -> None:
    """Each day an event that was accepted and one for each reason that was denied."""
    write(trail, *(_event(day, reason) for day in range(89) for reason in ("", *REASONS)))


def _event(day: int, reason: str) -> dict[str, object]:
    month, of_month = divmod(day + 29, 30)
    denied = {"event__outcome": "failure", "event__reason": reason} if reason else {}
    return use(
        f"tok_service_{day % 7}",
        at=f"2026-{8 + month:02}-{of_month % 28 + 1:02}T{day % 24:02}:{len(reason):02}:00.123456789Z",
        user__id=f"usr_{day % 9:04}",
        user__email=f"person.{day % 9}@northwind.example",
        source__ip=f"203.0.113.{day % 30}",
        user_agent__original=BROWSER,
        resource__type="build",
        resource__id=f"bld_{day:05}",
        organization__id="org_northwind",
        **denied,
    )


def _weigh(client: Client, **query: str) -> int:
    page = client.get("/", RANGE | query)
    text = text_of(page)
    assert len(re.findall(r'<tr class="row[ "]', text)) == 50
    assert len(re.findall(r'<a href="[^"]*" aria-label="[^"]*events?,', text)) > 60
    return len(page.content)


@pytest.mark.usefixtures("three_months")
def test_it_is_light_by_outcome_and_by_reason(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert _weigh(client) < MOST
    assert _weigh(client, stack="event.reason") < MOST


@pytest.mark.usefixtures("three_months")
def test_it_is_light_with_columns_of_ones_own_which_its_links_need_not_name(client: Client, alice: User) -> None:
    client.force_login(alice)
    client.post("/search/table/", {"columns": ",".join(OWN)}, headers={"HX-Request": "true"})
    assert _weigh(client) < MOST
    named = {"columns": ",".join(OWN)}
    assert _weigh(client, **named) < MOST
    text = text_of(client.get("/", RANGE | named))
    assert text.count("columns=%40timestamp") < 6
    assert f'data-columns="{",".join(OWN)}"' in text
    other = text_of(client.get("/", RANGE | {"columns": "token.id"}))
    assert "columns=token.id" in other
    assert "data-columns" not in other
