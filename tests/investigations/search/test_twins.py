"""An id with two events, from before ids were looked up over all months: both are shown, and each has its own proof."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.support.factories.events import event, write
from tests.support.pages import bytes_of
from trail.connection import Trail

Seal = Callable[[], object]


@pytest.fixture
def twins(trail: Trail, seal: Seal) -> tuple[str, str]:
    """The indices of the event that was sealed first, and of the one that was put in to be taken for it."""
    write(trail, event(id="e", at="2026-11-20T00:00:00Z", user__id="ada"), event())
    seal()
    write(trail, event(id="e", at="2026-10-03T00:00:00Z", user__id="eve"), event())
    seal()
    return f"{trail.prefix}-events-2026.11", f"{trail.prefix}-events-2026.10"


@pytest.mark.parametrize("address", ["/events/e/", "/events/e/row/", "/events/e/proof/"])
def test_every_page_of_an_event_says_that_its_id_has_two_and_leads_to_both(
    client: Client, alice: User, twins: tuple[str, str], address: str
) -> None:
    client.force_login(alice)
    for shown in twins:
        page = client.get(address, {"index": shown})
        assertContains(page, "2 events have this id")
        for index in twins:
            assertContains(page, index)
    assertContains(client.get(address), "2 events have this id")
    assert client.get(address, {"index": "trail-events-2026.09"}).status_code == 404


def test_the_page_shows_the_event_that_is_asked_for(client: Client, alice: User, twins: tuple[str, str]) -> None:
    client.force_login(alice)
    for index, user in zip(twins, ("ada", "eve"), strict=True):
        told = client.get("/events/e/row/", {"index": index, "format": "json"}).json()
        assert told["user"]["id"] == user


def test_the_proof_is_of_the_event_that_is_shown(
    client: Client, alice: User, twins: tuple[str, str], tmp_path: Path
) -> None:
    client.force_login(alice)
    leaves = []
    for index, other, user in (*zip(twins, reversed(twins), ("ada", "eve"), strict=True),):
        told = client.get("/events/e/proof/", {"format": "json", "index": index}).json()
        assert (told["state"], told["others"]) == ("sealed", [other])
        leaves.append(told["leaf"])
        bundle = tmp_path / f"{user}.jsonl"
        bundle.write_bytes(bytes_of(client.get("/events/e/proof/", {"format": "bundle", "index": index})))
        assert json.dumps(user) in bundle.read_text()
    assert len(set(leaves)) == 2


def test_an_event_that_has_its_id_alone_is_shown_as_ever(client: Client, alice: User, trail: Trail, seal: Seal) -> None:
    write(trail, event(id="e"))
    seal()
    client.force_login(alice)
    for address in ("/events/e/", "/events/e/row/", "/events/e/proof/"):
        assertNotContains(client.get(address), "events have this id")
    assert client.get("/events/e/proof/?format=json").json()["others"] == []
