"""The page of one event."""

from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.models import Case
from tests.support.factories.cases import open_case, pin
from tests.support.factories.events import event, issue, use, write
from tests.support.pages import at_sign_in, audit_log
from trail.canonical_form import canonicalise, compute_digest
from trail.connection import Trail


def test_it_shows_every_field_with_its_questions_and_the_digest(client: Client, alice: User, trail: Trail) -> None:
    made = use("t-1", id="e", user__id="mallory", event__reason="expired", raw={"a": 1}, event__original='{"a": 1}')
    write(trail, made)
    client.force_login(alice)
    response = client.get("/events/e/")
    for text in ("mallory", "192.0.2.7", "expired", compute_digest(made), "{&quot;a&quot;: 1}"):
        assertContains(response, text)
    assertContains(response, canonicalise(made).decode().replace('"', "&quot;"))
    for address in (
        "/tokens/t-1/",
        "/tokens/t-1/lineage/",
        "/tokens/t-1/compromise/",
        "/users/mallory/",
        "/users/mallory/#tokens",
        "/addresses/192.0.2.7/",
    ):
        assertContains(response, f'href="{address}"')


def test_looking_at_it_is_on_record(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t", id="e"))
    client.force_login(alice)
    client.get("/events/e/")
    (recorded,) = audit_log(trail, "event.view")
    assert (recorded["user"]["id"], recorded["resource"]) == ("alice", {"type": "event", "id": "e"})


def test_it_names_the_cases_that_hold_it_which_the_person_sees(
    client: Client, case: Case, alice: User, charlie: User, trail: Trail
) -> None:
    pin(trail, case, alice, use("t", id="e"))
    other = open_case(charlie, title="Another case")
    client.force_login(alice)
    assertContains(client.get("/events/e/"), "Pinned in")
    client.force_login(charlie)
    response = client.get("/events/e/")
    assertNotContains(response, case.title)
    assertNotContains(response, "Pinned in")
    assertContains(response, other.title)  # where charlie may pin it


def test_the_record_of_a_case_is_its_peoples_alone(
    client: Client, case: Case, rae: User, charlie: User, trail: Trail
) -> None:
    address = f"/events/{audit_log(trail, 'case.open')[0]['event']['id']}/"
    client.force_login(rae)
    assertContains(client.get(address), case.public_id)
    client.force_login(charlie)
    assert client.get(address).status_code == 404


def test_a_reader_sees_it_and_cannot_pin(client: Client, rae: User, trail: Trail) -> None:
    write(trail, use("t", id="e"))
    client.force_login(rae)
    assertNotContains(client.get("/events/e/"), "pin-form")


def test_what_an_intruder_wrote_is_shown_and_never_run(client: Client, alice: User, trail: Trail) -> None:
    evil = "<script>alert(1)</script>"
    hostile = event(
        id=evil,
        user__id=evil,
        url__path=evil,
        message=evil + "x" * 1_000_000,
        labels={"a": evil},
        event__original='{"a": "<script>alert(1)</script>"}',
        raw={"a": evil},
        user__name="\u202egnp.exe",
    )
    write(trail, hostile)
    client.force_login(alice)
    response = client.get(reverse("event_detail", args=[evil]))
    assertNotContains(response, "<script>alert(1)")
    assertContains(response, "&lt;script&gt;alert(1)&lt;/script&gt;")
    assertContains(response, "<bdi", count=response.content.count(b"</bdi>"))
    assertContains(response, "⟨U+202E⟩gnp.exe</bdi>")


def test_an_event_that_is_not_there_is_404(client: Client, alice: User, trail: Trail) -> None:
    write(trail, issue("t", "mallory"))
    client.force_login(alice)
    assert client.get("/events/nobody/").status_code == 404
    assert client.get(f"/events/{'x' * 2000}/").status_code == 404
    for address in ("/events/~no base64/", "/events/~_w==/", "/events/~/"):
        assert client.get(address).status_code == 404


def test_a_trail_that_is_down_is_not_a_missing_event(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    assertContains(client.get("/events/e/"), "does not answer", status_code=503)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get("/events/e/"), "/events/e/")


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post("/events/e/").status_code == 405
