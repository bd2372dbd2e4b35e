"""The time zone in which pages write times, and how dense their rows are."""

from zoneinfo import available_timezones

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations.view_settings import UNKNOWN_TO_THE_ENGINE, _list_names, find_zone
from tests.support.factories.events import use, write
from tests.support.pages import text_of
from trail.connection import Trail
from trail.search import engine

PAGE = "/view-settings/"


@pytest.fixture
def viewer(client: Client, alice: User, trail: Trail) -> Client:
    write(trail, use("t", id="e1", at="2025-07-01T22:30:00Z"))
    client.force_login(alice)
    return client


def test_times_are_in_utc_until_a_zone_is_chosen_and_keep_their_time_in_utc(viewer: Client) -> None:
    assertContains(viewer.get("/tokens/t/"), "1 Jul 2025, 22:30:00")
    assertRedirects(viewer.post(PAGE, {"zone": "Asia/Tokyo", "back": "/tokens/t/"}), "/tokens/t/")
    response = viewer.get("/tokens/t/")
    assertContains(response, "2 Jul 2025, 07:30:00")
    assertContains(response, 'datetime="2025-07-01T22:30:00')
    assertContains(response, "<span>Asia/Tokyo</span>")
    viewer.post(PAGE, {"zone": "UTC"})
    assertContains(viewer.get("/tokens/t/"), "1 Jul 2025, 22:30:00")


def test_the_zone_in_an_address_is_that_pages_alone(viewer: Client) -> None:
    assertContains(viewer.get("/tokens/t/?tz=Asia/Tokyo"), "2 Jul 2025, 07:30:00")
    assertContains(viewer.get("/tokens/t/"), "1 Jul 2025, 22:30:00")
    viewer.post(PAGE, {"zone": "Europe/Berlin"})
    assertContains(viewer.get("/tokens/t/?tz=UTC"), "1 Jul 2025, 22:30:00")


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "/etc/passwd", "utc ", "<i>", "x" * 4_000])
def test_what_is_no_zone_changes_nothing(viewer: Client, name: str) -> None:
    viewer.post(PAGE, {"zone": "Asia/Tokyo"})
    response = viewer.post(PAGE, {"zone": name}, follow=True)
    assertContains(response, "There is no time zone")
    assertNotContains(response, "<i>")
    assert "<span>Asia/Tokyo</span>" in text_of(viewer.get("/tokens/t/", {"tz": name}))


def test_rows_are_dense_until_they_are_made_comfortable(viewer: Client) -> None:
    assertContains(viewer.get("/queries/"), '<body class="console dense"')
    viewer.post(PAGE, {"density": "comfortable"})
    assertContains(viewer.get("/queries/"), '<body class="console comfortable"')
    viewer.post(PAGE, {"density": "wide"})
    assertContains(viewer.get("/queries/"), '<body class="console comfortable"')


def test_it_never_leads_to_another_site(viewer: Client) -> None:
    assertRedirects(viewer.post(PAGE, {"zone": "UTC", "back": "//evil.example/"}), "/home/")


def test_every_zone_that_can_be_chosen_is_one_that_the_engine_counts_days_in(trail: Trail) -> None:
    names = sorted(_list_names())
    days = {"field": "@timestamp", "calendar_interval": "day"}
    bodies = {name: {"size": 0, "aggs": {"days": {"date_histogram": {**days, "time_zone": name}}}} for name in names}
    assert set(engine.send_all(trail, bodies)) == set(names)
    assert available_timezones() >= UNKNOWN_TO_THE_ENGINE
    assert find_zone("EST") is None


@pytest.mark.parametrize("page", ["/tokens/t/", "/tokens/t/lineage/", "/?q=token.id:t"])
def test_a_zone_in_an_address_stays_in_the_links_of_its_page(viewer: Client, page: str) -> None:
    address = f"{page}{'&' if '?' in page else '?'}tz=Asia/Tokyo"
    response = viewer.get(address)
    assert "tz=Asia%2FTokyo" in text_of(response)
