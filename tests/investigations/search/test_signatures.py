"""Whoever looks at a record of the console's sees whether the console wrote it."""

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from tests.support.factories.events import event, write
from tests.support.factories.records import forge, record, settle_key
from tests.support.offline_verifier import verify
from tests.support.pages import bytes_of
from trail.connection import Trail

FORGED = "NOT signed by this console"


@pytest.fixture
def sealer(trail: Trail, settings: Settings, tmp_path: Path) -> Sealer:
    settings.SEAL_DIR, settings.TRAIL_ORIGIN, settings.TRAIL_KEY = tmp_path / "log", "", ""
    settings.STATE_DIR, settings.RECORD_KEY = tmp_path, ""
    return Sealer(LogDirectory())


def test_the_search_page_tells_a_forged_record_from_a_genuine_one(
    client: Client, alice: User, ada: User, trail: Trail, sealer: Sealer
) -> None:
    older = forge(trail, event(event__dataset="console", user__id="ada"))
    settle_key(sealer)
    forge(trail, event(event__dataset="console", user__id="ada"))
    record(trail, ada)
    write(trail, event(user__id="ada"))
    sealer.step()
    client.force_login(ada)
    page = client.get("/", {"q": "user.id:ada"})
    assertContains(page, FORGED, count=1)
    assertContains(page, "Not signed (older)", count=1)
    assertContains(page, "Signed by the console")
    assertContains(client.get(f"/events/{older}/"), "Not signed (older)")


def test_the_page_and_the_row_of_a_forged_record_warn_of_it(
    client: Client, ada: User, trail: Trail, sealer: Sealer
) -> None:
    settle_key(sealer)
    forged = forge(trail, event(event__dataset="console", user__id="ada"))
    sealer.step()
    client.force_login(ada)
    for address in (f"/events/{forged}/", f"/events/{forged}/row/"):
        page = client.get(address)
        assertContains(page, FORGED)
        assertContains(page, 'class="alert alert--error" role="alert"')
        assertContains(page, "not written by this console")
    genuine = record(trail, ada)
    for address in (f"/events/{genuine}/", f"/events/{genuine}/row/"):
        page = client.get(address)
        assertContains(page, "Signed by the console")
        assertNotContains(page, "alert--error")


def test_a_bundle_carries_the_signature_and_is_checked_by_the_key_of_the_integrity_page(
    client: Client, ada: User, trail: Trail, sealer: Sealer, tmp_path: Path
) -> None:
    older = forge(trail, event(event__dataset="console", user__id="ada"))
    key = settle_key(sealer)
    genuine, forged = record(trail, ada), forge(trail, event(event__dataset="console", user__id="ada"))
    sealer.step()
    client.force_login(ada)
    page = client.get("/log/")
    assertContains(page, key.vkey)
    assertContains(page, f"--signed-from {key.first_size}")
    given = ("--console-key", key.vkey, "--signed-from", str(key.first_size))

    def check(event_id: str, *arguments: str) -> tuple[int, str]:
        return verify(bytes_of(client.get(f"/events/{event_id}/proof/?format=bundle")), tmp_path / "away", *arguments)

    assert check(genuine)[0] == 0
    assert "1 say that the console wrote them, signatures not checked" in check(genuine)[1]
    assert check(genuine, *given)[0] == 0
    assert "1 say that the console wrote them, 1 of them signed" in check(genuine, *given)[1]
    assert "0 of them signed" in check(older, *given)[1]
    assert check(older, *given)[0] == 0
    assert check(forged, *given)[0] == 1
    assert "says that the console wrote it, and is not signed" in check(forged, *given)[1]
