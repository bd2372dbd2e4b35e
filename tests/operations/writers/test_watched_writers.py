"""Writers that number their events, and after how long each counts as silent."""

from datetime import timedelta

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from operations.models import WatchedWriter
from operations.writers import monitor
from tests.support.factories.events import event, write
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail

PAGE = "/incidents/writers/"


def test_everybody_reads_how_far_each_is(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    assertContains(client.get(PAGE), "No writer is known yet")
    write(trail, event(writer__id="<w>", event__sequence=4_321))
    monitor.check_writers()
    response = client.get(PAGE)
    assertContains(response, "&lt;w&gt;")
    assertContains(response, "4,321")
    assertNotContains(response, "Set</button>")


def test_a_gap_of_the_demonstration_says_whose_it_is(client: Client, rae: User, trail: Trail) -> None:
    write(trail, *(event(writer__id="demonstration/x", event__sequence=number) for number in (0, 2)))
    monitor.check_writers()
    monitor.check_writers(settling=timedelta(0))
    client.force_login(rae)
    assertContains(client.get(PAGE), '<span class="badge">demonstration</span>')


def test_a_lead_sets_after_how_long_it_is_silent_and_that_is_on_record(client: Client, lea: User, trail: Trail) -> None:
    write(trail, event(writer__id="w", event__sequence=0))
    monitor.check_writers()
    client.force_login(lea)
    assertRedirects(client.post(PAGE, {"writer": "w", "silent_after": "3600"}), PAGE)
    assert WatchedWriter.objects.get().silent_after == 3_600
    (recorded,) = audit_log(trail, "writer.watch")
    assert (recorded["resource"]["id"], recorded["labels"]) == ("w", {"silent_after": "3600"})
    assertRedirects(client.post(PAGE, {"writer": "w", "silent_after": ""}), PAGE)
    assert WatchedWriter.objects.get().silent_after is None
    assert client.post(PAGE, {"writer": "w", "silent_after": "1"}).status_code == 400
    assert client.post(PAGE, {"writer": "nobody", "silent_after": "60"}).status_code == 404


def test_who_may_not_is_refused(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assert client.post(PAGE, {"writer": "w", "silent_after": "60"}).status_code == 403


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get(PAGE), PAGE)
