"""A session ends by itself: when nobody used it for a while, and when it has lasted long enough; sign-in says why, and leads back."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as configured
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts import session_ends
from accounts.models import User
from accounts.session_ends import UNATTENDED
from tests.support.cast import PASSWORD
from tests.support.pages import audit_log
from trail.connection import Trail

PAGE = "/accounts/profile/"
IDLE = "You were signed out because nothing was done for 1 hour. Sign in to go on where you were."
LONG = "You were signed out 12 hours after signing in. Sign in to go on where you were."


class Clock:
    """The time that sessions are measured by, as far as a test has moved it on."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now

    def wait(self, **much: float) -> None:
        self.now += timedelta(**much).total_seconds()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(session_ends, "time", clock)
    return clock


@pytest.fixture
def signed_in(client: Client, alice: User, clock: Clock) -> Client:
    client.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    return client


def test_an_hour_without_a_request_ends_it_and_sign_in_says_so_and_leads_back(signed_in: Client, clock: Clock) -> None:
    clock.wait(minutes=59)
    assert signed_in.get(PAGE).status_code == 200
    clock.wait(minutes=61)
    ended = signed_in.get(f"{PAGE}?a=1 2")
    assert parse_qs(urlsplit(ended["Location"]).query) == {"next": [f"{PAGE}?a=1%202"], "ended": ["idle"]}
    assertContains(signed_in.get(ended["Location"]), IDLE)
    words = {"login": "alice", "password": PASSWORD, "next": PAGE}
    assert signed_in.post(ended["Location"], words)["Location"] == PAGE
    assert signed_in.get(PAGE).status_code == 200


def test_an_end_by_itself_is_on_record(signed_in: Client, clock: Clock, trail: Trail) -> None:
    clock.wait(minutes=61)
    signed_in.get(PAGE)
    (record,) = audit_log(trail, "user.sign_out")
    assert (record["user"]["id"], record["event"]["reason"]) == ("alice", "idle")


def test_twelve_hours_end_it_however_busy_somebody_is(signed_in: Client, clock: Clock) -> None:
    for _ in range(23):
        clock.wait(minutes=31)
        assert signed_in.get(PAGE).status_code == 200
    clock.wait(minutes=7)
    ended = signed_in.get(PAGE)
    assertContains(signed_in.get(ended["Location"]), LONG)
    assert signed_in.get(PAGE)["Location"] == f"/accounts/login/?next={PAGE}"  # said once


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(signed_in: Client, clock: Clock) -> None:
    poll = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{PAGE}", UNATTENDED: "1"}
    for _ in range(5):
        clock.wait(minutes=11)
        assert signed_in.get(PAGE, headers=poll).status_code == 200
    clock.wait(minutes=11)
    ended = signed_in.get(PAGE, headers=poll)
    assert (ended.status_code, ended["HX-Redirect"]) == (204, f"/accounts/login/?next={PAGE}&ended=idle")


def test_every_page_that_asks_by_itself_says_so() -> None:
    # An element, or what is included in one.
    asks = re.compile(r'[^<>]*hx-trigger="(?:every|look|case-changed)[^"]*"[^>]*')
    folder = Path(configured.BASE_DIR, "templates")
    polls = {str(path.relative_to(folder)): asks.findall(path.read_text()) for path in folder.rglob("*.html")}
    own = {name: tags for name, tags in polls.items() if tags}
    assert own.keys() == {
        "components/_notices.html",
        "investigations/case_import/detail.html",
        "investigations/case_verification/custody.html",
        "investigations/cases/_follows.html",
        "investigations/cases/_live.html",
        "investigations/exports/_watch.html",
        "investigations/exports/detail.html",
        "investigations/pin_batches/_watch.html",
        "investigations/pin_batches/detail.html",
        "investigations/runs/detail.html",
        "operations/status/status.html",
    }
    assert all(f'hx-headers=\'{{"{UNATTENDED}": "1"}}\'' in tag for tags in own.values() for tag in tags)


def test_use_is_noted_once_a_minute_and_not_with_every_page(signed_in: Client, clock: Clock) -> None:
    def uses() -> object:
        return Session.objects.get().get_decoded()["used_at"]

    first = uses()
    clock.wait(seconds=59)
    signed_in.get(PAGE)
    assert uses() == first
    clock.wait(seconds=1)
    signed_in.get(PAGE)
    assert uses() == clock.now


def test_a_session_of_before_lasts_from_now_on(client: Client, alice: User, clock: Clock) -> None:
    client.force_login(alice)
    session = client.session
    del session["signed_in_at"], session["used_at"]
    session.save()
    assert client.get(PAGE).status_code == 200
    clock.wait(minutes=61)
    assert "ended=idle" in client.get(PAGE)["Location"]


def test_both_lengths_are_settings(signed_in: Client, clock: Clock, settings: Settings) -> None:
    settings.SESSION_IDLE_SECONDS = 90 * 60
    clock.wait(minutes=89)
    assert signed_in.get(PAGE).status_code == 200
    clock.wait(minutes=91)
    assertContains(signed_in.get(signed_in.get(PAGE)["Location"]), "nothing was done for 1 hour and 30 minutes")


def test_a_word_that_is_no_reason_says_nothing(client: Client, db: None) -> None:
    assertNotContains(client.get("/accounts/login/?ended=<b>because</b>"), "signed out")
