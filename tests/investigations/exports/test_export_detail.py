"""One export, while it is written and after."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.models import Case, Export
from investigations.services import exports
from tests.factories.cases import pin
from tests.factories.events import use
from tests.functional.reading import at_sign_in
from trail.connection import Trail


@pytest.fixture
def queued(case: Case, alice: User, trail: Trail) -> Export:
    pin(trail, case, alice, use("t"))
    return exports.start(format="csv", by=alice, case=case)


def _page(export: Export) -> str:
    return f"/exports/{export.public_id}/"


def test_while_it_waits_the_page_asks_again_and_has_no_file(client: Client, bob: User, queued: Export) -> None:
    client.force_login(bob)
    response = client.get(_page(queued))
    for text in (queued.name, "Queued", 'hx-trigger="every 1s"', "Cancel the export"):
        assertContains(response, text)
    assertNotContains(response, "Download")


def test_when_it_is_done_htmx_gets_the_file_and_its_digest_and_asks_no_more(
    client: Client, bob: User, queued: Export
) -> None:
    exports.write_export(queued.pk)
    queued.refresh_from_db()
    client.force_login(bob)
    part = client.get(_page(queued), headers={"HX-Request": "true", "HX-Target": "progress"})
    for text in (f"Download {queued.name}", queued.sha256, "Finished"):
        assertContains(part, text)
    assertNotContains(part, "hx-trigger")
    assertNotContains(part, "<html")


def test_a_viewer_of_the_case_sees_it_and_may_not_stop_it(client: Client, rae: User, queued: Export) -> None:
    client.force_login(rae)
    assertNotContains(client.get(_page(queued)), "Cancel the export")


def test_a_stranger_gets_404(client: Client, charlie: User, queued: Export) -> None:
    client.force_login(charlie)
    assert client.get(_page(queued)).status_code == 404


def test_an_export_that_is_not_there_is_404(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/exports/nosuchexport/").status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, queued: Export) -> None:
    assert at_sign_in(client.get(_page(queued)), _page(queued))


def test_only_reading_is_allowed(client: Client, alice: User, queued: Export) -> None:
    client.force_login(alice)
    assert client.post(_page(queued)).status_code == 405
