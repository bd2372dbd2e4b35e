"""Rejected events: who reads them, what an admin decides, and that none disappears."""

import json
from itertools import count

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from operations.models import Decision, Incident, Mapping, RejectedEvent
from operations.services import decisions
from tests.factories.events import event, write
from tests.factories.incidents import rejected
from tests.functional.reading import at_sign_in, journal
from trail.connection import Trail

LIST, MAPPINGS = "/rejected/", "/rejected/mappings/"
RULES = [{"do": "rename", "from": "usr", "to": "user.id"}]
_numbers = count()


def bad(writer: str = "billing", **extra: object) -> RejectedEvent:
    return rejected(json.dumps(event(id=f"bad-{next(_numbers)}") | {"usr": "u-1"} | extra), writer)


def page(row: RejectedEvent) -> str:
    return f"/rejected/{row.public_id}/"


def group(row: RejectedEvent) -> str:
    return f"/rejected/group/?writer={row.writer}&cause=user: is not in the schema"


def stored(trail: Trail, event_id: str) -> dict[str, object]:
    trail.client.indices.refresh(index=trail.events)
    body = {"query": {"ids": {"values": [event_id]}}}
    (hit,) = trail.client.search(index=trail.events, body=body)["hits"]["hits"]
    return hit["_source"]  # type: ignore[no-any-return]


@pytest.fixture
def mapping(trail: Trail, ada: User) -> Mapping:
    return decisions.save_mapping(name="users", rules=RULES, by=ada)


def test_a_lead_reads_groups_and_one_with_its_exact_text(client: Client, lea: User, trail: Trail) -> None:
    row = bad(note="<b>\u202e")
    client.force_login(lea)
    assertContains(client.get(LIST), "billing")
    assertContains(client.get(group(row)), row.public_id)
    response = client.get(page(row))
    assertContains(response, "&lt;b&gt;")
    assertNotContains(response, "\u202e")
    assertNotContains(response, "Discard</button>")


def test_a_mapping_is_previewed_and_then_writes_the_event_with_its_text(
    client: Client, ada: User, trail: Trail, mapping: Mapping
) -> None:
    row = bad()
    client.force_login(ada)
    assertContains(client.post(page(row), {"action": "preview"}), "usr")
    assertContains(client.post(page(row), {"action": "preview", "mapping": mapping.pk}), "fits")
    assert RejectedEvent.objects.get().state == "waiting"
    assertRedirects(client.post(page(row), {"action": "write", "mapping": mapping.pk}), page(row))
    row.refresh_from_db()
    assert row.state == "written"
    kept = stored(trail, json.loads(row.text)["event"]["id"])
    assert kept["user"] == {"id": "u-1"}
    assert kept["event"]["original"] == row.text  # type: ignore[index]
    assertContains(client.get(page(row)), "created with users, version 1")
    assert Incident.objects.get().state == "over"
    (recorded,) = journal(trail, "rejected.write")
    assert recorded["labels"]["mapping"] == "users, version 1"


def test_what_is_still_not_taken_stays_and_says_why(client: Client, ada: User, trail: Trail) -> None:
    row = bad()
    client.force_login(ada)
    client.post(page(row), {"action": "write"})
    row.refresh_from_db()
    assert row.state == "waiting"
    assert "usr" in row.problem
    assertContains(client.get(page(row)), "Tried, and not taken")


def test_a_conflict_stays_and_the_same_event_is_written_already(client: Client, ada: User, trail: Trail) -> None:
    there = event(id="there")
    write(trail, there)
    same, other = rejected(json.dumps(there)), rejected(json.dumps(there | {"message": "another"}))
    client.force_login(ada)
    for row in (same, other):
        client.post(page(row), {"action": "write"})
        row.refresh_from_db()
    assert (same.state, other.state) == ("written", "waiting")
    assert "another event" in other.problem


def test_one_is_discarded_with_a_reason_and_stays(client: Client, ada: User, trail: Trail) -> None:
    row = bad()
    client.force_login(ada)
    assertContains(client.post(page(row), {"action": "discard", "reason": ""}), "Say why", status_code=400)
    assertRedirects(client.post(page(row), {"action": "discard", "reason": "A test of theirs."}), page(row))
    assertContains(client.get(page(row)), "A test of theirs.")
    assertContains(client.get(f"{LIST}?state=discarded"), "billing")
    assert client.post(page(row), {"action": "discard", "reason": "again"}).status_code == 409
    assert "A test of theirs." not in str(journal(trail, "rejected.discard"))


def test_a_group_is_written_in_batches_through_an_outage(
    client: Client, ada: User, trail: Trail, mapping: Mapping, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(decisions, "AT_ONCE", 10)
    rows = [bad() for _ in range(25)]
    spared = bad("mail")
    client.force_login(ada)
    assertRedirects(client.post(group(rows[0]), {"action": "write", "mapping": mapping.pk}), LIST)
    late = bad()
    decisions.work()
    here = settings.OPENSEARCH_URL
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    decisions.work()
    assertContains(client.get(LIST), "10 of 25")
    settings.OPENSEARCH_URL = here
    for _ in range(4):
        decisions.work()
    made = Decision.objects.get()
    assert (made.done, made.created, made.ended_at is not None, made.problem) == (25, 25, True, "")
    waiting = set(RejectedEvent.objects.filter(state="waiting").values_list("pk", flat=True))
    assert waiting == {spared.pk, late.pk}


def test_a_batch_that_was_written_before_a_crash_is_there_once(ada: User, trail: Trail, mapping: Mapping) -> None:
    rows = [bad() for _ in range(3)]
    everything = RejectedEvent.objects.filter(writer="billing")
    made = decisions.decide(kind=Decision.Kind.WRITE, rows=everything, by=ada, mapping=mapping)
    decisions._tried(rows, made)  # written, and then the keeper was killed
    decisions.step(made)
    made.refresh_from_db()
    assert (made.created, made.existing) == (0, 3)


def test_a_mapping_is_versioned_and_an_old_version_stays(client: Client, ada: User, trail: Trail) -> None:
    client.force_login(ada)
    for rules in (RULES, [*RULES, {"do": "to_label", "field": "x"}]):
        assertRedirects(client.post(MAPPINGS, {"name": "users", "rules": json.dumps(rules)}), MAPPINGS)
    assert [(one.version, len(one.rules)) for one in Mapping.objects.all()] == [(2, 2), (1, 1)]
    assertContains(client.get(MAPPINGS), "users, version 1")
    for wrong in ("{", "5", '[{"do": "eval"}]'):
        response = client.post(MAPPINGS, {"name": "users", "rules": wrong})
        assert response.status_code == 400
        assertContains(response, wrong.replace('"', "&quot;"), status_code=400)


def test_who_may_not_is_refused(client: Client, alice: User, lea: User, trail: Trail) -> None:
    row = bad()
    client.force_login(alice)
    assert [client.get(at).status_code for at in (LIST, group(row), page(row), MAPPINGS)] == [403] * 4
    client.force_login(lea)
    assert client.post(page(row), {"action": "discard", "reason": "x"}).status_code == 403
    assert client.get(MAPPINGS).status_code == 403
    assert RejectedEvent.objects.get().state == "waiting"


def test_the_trail_is_down_and_nothing_is_decided(client: Client, ada: User, no_trail: None) -> None:
    row = bad()
    client.force_login(ada)
    assert client.post(page(row), {"action": "write"}).status_code == 503
    assert not Decision.objects.exists()


def test_one_that_is_not_there_is_404_and_a_strange_action_400(client: Client, ada: User, trail: Trail) -> None:
    client.force_login(ada)
    assert client.get("/rejected/nosuchone/").status_code == 404
    assert client.post(page(bad()), {"action": "?"}).status_code == 400


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get(LIST), LIST)
