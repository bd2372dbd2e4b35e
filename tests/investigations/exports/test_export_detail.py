"""One export, while it is written and after."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.exports import services as exports
from investigations.models import Case, Export
from tests.support.factories.cases import pin
from tests.support.factories.events import use
from tests.support.pages import at_sign_in
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


def test_it_says_that_its_times_are_in_utc_and_in_which_zone_who_asked_read_them(
    client: Client, case: Case, alice: User, queued: Export
) -> None:
    exports.write_export(queued.pk)
    client.force_login(alice)
    assertContains(client.get(_page(queued)), "UTC, as the trail keeps them")
    assertNotContains(client.get(_page(queued)), "where times were read in")
    client.post("/view-settings/", {"zone": "Asia/Tokyo"})
    client.post(f"/cases/{case.public_id}/export/", {"format": "jsonl"})
    made = Export.objects.exclude(pk=queued.pk).get()
    exports.write_export(made.pk)
    assertContains(client.get(_page(made)), "<bdi>Asia/Tokyo</bdi>")
