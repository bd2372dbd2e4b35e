"""One incident: what is known of it, and what people do about it, also while the trail is what failed."""

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from operations.incidents.response import record_missing_steps
from operations.models import Incident, IncidentStep
from tests.support.factories.incidents import incident as open_incident
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail


@pytest.fixture
def incident(db: None) -> Incident:
    return open_incident()


@pytest.fixture
def page(incident: Incident) -> str:
    return f"/incidents/{incident.public_id}/"


def test_everybody_reads_what_is_known(client: Client, rae: User, trail: Trail, page: str) -> None:
    client.force_login(rae)
    response = client.get(page)
    assertContains(response, "It does not answer.")
    assertContains(response, "billing")
    assertContains(response, "Opened")
    assertNotContains(response, "Acknowledge</button>")
    assertNotContains(response, "Resolve</button>")


def test_an_analyst_acknowledges_and_notes(
    client: Client, alice: User, trail: Trail, incident: Incident, page: str
) -> None:
    client.force_login(alice)
    assertRedirects(client.post(page, {"action": "acknowledge"}), page)
    assertRedirects(client.post(page, {"action": "note", "note-text": "The <disk> is full."}), page)
    response = client.get(page)
    assertContains(response, "The &lt;disk&gt; is full.")
    assertContains(response, "Acknowledged</b> by Alice")
    assertNotContains(response, "Resolve</button>")
    incident.refresh_from_db()
    assert incident.acknowledged_by_name == "Alice"


@pytest.mark.parametrize("person", ["lea", "ada"])
def test_a_lead_and_an_admin_resolve_it_with_what_it_was(
    client: Client, trail: Trail, incident: Incident, page: str, person: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    assertContains(client.post(page, {"action": "resolve", "resolve-text": " "}), "Say what it was", status_code=400)
    assertRedirects(client.post(page, {"action": "resolve", "resolve-text": "A full disk."}), page)
    incident.refresh_from_db()
    assert (incident.state, incident.resolution, incident.resolved_by_name) == (
        "resolved",
        "A full disk.",
        person.capitalize(),
    )
    assertContains(client.get(page), "What it was")


def test_each_step_is_on_record_once_without_its_text(
    client: Client, lea: User, trail: Trail, incident: Incident, page: str
) -> None:
    client.force_login(lea)
    client.post(page, {"action": "acknowledge"})
    client.post(page, {"action": "note", "note-text": "a private thought"})
    client.post(page, {"action": "resolve", "resolve-text": "a private end"})
    assert record_missing_steps() == 0
    recorded = audit_log(trail, "incident.*")
    assert [event["event"]["action"] for event in recorded] == [
        "incident.acknowledge",
        "incident.note",
        "incident.resolve",
    ]
    assert {(event["user"]["id"], event["resource"]["id"]) for event in recorded} == {("lea", incident.public_id)}
    assert "private" not in str(recorded)


def test_it_is_acknowledged_while_the_trail_is_down_and_recorded_when_it_is_back(
    client: Client, alice: User, trail: Trail, incident: Incident, page: str, settings: Settings
) -> None:
    client.force_login(alice)
    here = settings.OPENSEARCH_URL
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    assertRedirects(client.post(page, {"action": "acknowledge"}), page)
    assertContains(client.get(page), "The trail has no record of this yet")
    assert record_missing_steps() == 0
    settings.OPENSEARCH_URL = here
    alice.role = "lead"  # what she is now is not what she was then
    alice.save()
    assert record_missing_steps() == 1
    assertNotContains(client.get(page), "The trail has no record of this yet")
    step = IncidentStep.objects.get(kind="acknowledged")
    IncidentStep.objects.update(recorded_at=None)  # as if this process had died in between
    assert record_missing_steps() == 1
    (recorded,) = audit_log(trail, "incident.acknowledge")
    assert (recorded["user"]["id"], recorded["user"]["roles"]) == ("alice", ["analyst"])
    assert recorded["@timestamp"][:19] == f"{step.at:%Y-%m-%dT%H:%M:%S}"


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_what_somebody_has_done_is_not_done_again(
    client: Client, lea: User, trail: Trail, page: str, action: str
) -> None:
    client.force_login(lea)
    sent = {"action": action, "resolve-text": "It was the disk."}
    client.post(page, sent)
    assertContains(client.post(page, sent), "already", status_code=409)
    assert IncidentStep.objects.exclude(by=None).count() == 1


def test_who_may_not_is_refused(client: Client, rae: User, alice: User, page: str) -> None:
    for person, action in ((rae, "acknowledge"), (rae, "note"), (rae, "resolve"), (alice, "resolve")):
        client.force_login(person)
        sent = {"action": action, "note-text": "x", "resolve-text": "x"}
        assert client.post(page, sent).status_code == 403, (person, action)
    assert client.post(page, {"action": "?"}).status_code == 400
    assert not IncidentStep.objects.exclude(by=None).exists()


def test_one_that_is_not_there_is_404(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assert client.get("/incidents/nosuchone/").status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, page: str) -> None:
    assert at_sign_in(client.get(page), page)
    assert at_sign_in(client.post(page, {"action": "acknowledge"}))


def test_other_methods_are_refused(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assert client.put(page).status_code == 405
