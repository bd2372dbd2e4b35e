"""Rejected events: who reads them, what an admin decides, and that none disappears."""

import json
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from operations.models import Decision, Incident, Mapping, RejectedEvent
from operations.rejected import decisions
from operations.rejected.mappings import save_mapping
from tests.support.concurrency import at_once
from tests.support.factories.events import event, write
from tests.support.factories.incidents import rejected
from tests.support.factories.ingest import bulk
from tests.support.factories.keys import bearer, writer_key
from tests.support.pages import at_sign_in, audit_log
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
    return save_mapping(name="users", rules=RULES, by=ada)


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
    written = stored(trail, json.loads(row.text)["event"]["id"])
    assert written["user"] == {"id": "u-1"}
    assert written["event"]["original"] == row.text  # type: ignore[index]
    assertContains(client.get(page(row)), "created with users, version 1")
    assert Incident.objects.get().state == "over"
    (recorded,) = audit_log(trail, "rejected.write")
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


AHEAD = {"type": "s", "date": "2199-01-01T00:00:00Z", "log_id": "9", "user_id": "ann"}


@pytest.mark.parametrize(
    ("format", "action", "record", "event_id"),
    [
        ("auth0", {"create": {}}, AHEAD, "test:9"),
        ("auth0", {"create": {"_id": "given"}}, AHEAD, "test:given"),
        ("trail", {"create": {"_id": "given"}}, event(at="2199-01-01T00:00:00Z") | {"event": {"action": "s", "outcome": "success", "dataset": "test"}}, "given"),
    ],
)  # fmt: skip
def test_a_record_that_came_over_http_is_written_as_its_key_would_have_written_it(
    client: Client, ada: User, trail: Trail, format: str, action: Any, record: Any, event_id: str
) -> None:
    _, secret = writer_key(ada, format=format)
    bulk(client, bearer(secret), action, record)
    row = RejectedEvent.objects.get()
    assert "more than a day ahead" in row.reason
    client.force_login(ada)
    assertContains(client.post(page(row), {"action": "preview"}), "fits")
    assertRedirects(client.post(page(row), {"action": "write"}), page(row))
    row.refresh_from_db()
    assert (row.state, row.problem) == ("written", "")
    written = stored(trail, event_id)
    assert written["writer"] == {"id": "tokens-1"}
    assert written["event"]["dataset"] == "test"  # type: ignore[index]
    assert written["event"]["action"] == "s"  # type: ignore[index]


def test_a_record_of_an_import_is_written_as_its_format_reads_it(
    client: Client, ada: User, trail: Trail, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps(AHEAD | {"date": "2026-11-01T00:00:00Z"}))
    arguments = {"format": "auth0", "rejects": tmp_path / "rejects", "stdout": StringIO()}
    write(trail, event(id="auth0.logs:9"))
    with pytest.raises(SystemExit):
        call_command("import_events", str(log), **arguments)
    row = RejectedEvent.objects.get()
    client.force_login(ada)
    response = client.post(page(row), {"action": "preview"})
    assertContains(response, "fits")
    assertContains(response, "auth0.logs:9")
    assertNotContains(response, "&quot;writer&quot;")


def test_one_is_discarded_with_a_reason_and_stays(client: Client, ada: User, trail: Trail) -> None:
    row = bad()
    client.force_login(ada)
    assertContains(client.post(page(row), {"action": "discard", "reason": ""}), "Say why", status_code=400)
    assertRedirects(client.post(page(row), {"action": "discard", "reason": "A test of theirs."}), page(row))
    assertContains(client.get(page(row)), "A test of theirs.")
    assertContains(client.get(f"{LIST}?state=discarded"), "billing")
    assert client.post(page(row), {"action": "discard", "reason": "again"}).status_code == 409
    assert "A test of theirs." not in str(audit_log(trail, "rejected.discard"))


def test_a_group_is_written_in_batches_through_an_outage(
    client: Client, ada: User, trail: Trail, mapping: Mapping, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(decisions, "BATCH", 10)
    rows = [bad() for _ in range(25)]
    spared = bad("mail")
    client.force_login(ada)
    assertRedirects(client.post(group(rows[0]), {"action": "write", "mapping": mapping.pk}), LIST)
    late = bad()
    decisions.work_on_decisions()
    here = settings.OPENSEARCH_URL
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    decisions.work_on_decisions()
    assertContains(client.get(LIST), "10 of 25")
    settings.OPENSEARCH_URL = here
    for _ in range(4):
        decisions.work_on_decisions()
    decision = Decision.objects.get()
    assert (decision.done, decision.created, decision.ended_at is not None, decision.problem) == (25, 25, True, "")
    waiting = set(RejectedEvent.objects.filter(state="waiting").values_list("pk", flat=True))
    assert waiting == {spared.pk, late.pk}


def test_a_batch_that_was_written_before_a_crash_is_there_once(ada: User, trail: Trail, mapping: Mapping) -> None:
    rows = [bad() for _ in range(3)]
    everything = RejectedEvent.objects.filter(writer="billing")
    decision = decisions.make_decision(kind=Decision.Kind.WRITE, rows=everything, by=ada, mapping=mapping)
    decisions._carry_out(rows, decision)  # written, and then the keeper was killed
    decisions.work_on_batch(decision)
    decision.refresh_from_db()
    assert (decision.created, decision.existing) == (0, 3)


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


@pytest.mark.parametrize("value", ["NaN", "1e999", '"\\ud800"', '"\\u0000"'])
def test_a_mapping_that_no_page_could_show_is_refused_with_a_sentence(
    client: Client, ada: User, trail: Trail, value: str
) -> None:
    client.force_login(ada)
    rules = f'[{{"do": "set", "field": "message", "value": {value}}}]'
    assertContains(client.post(MAPPINGS, {"name": "odd", "rules": rules}), "Rule 1: no ", status_code=400)
    assert not Mapping.objects.filter(name="odd").exists()


@pytest.mark.sqlite  # PostgreSQL never took it
def test_a_mapping_of_before_that_holds_half_a_character_is_shown(client: Client, ada: User, trail: Trail) -> None:
    rules = [{"do": "set", "field": "message", "value": "\ud800"}]
    Mapping(name="odd", version=1, rules=rules, at=timezone.now(), by_name="ada").save()
    client.force_login(ada)
    assertContains(client.get(MAPPINGS), "\\ud800")


def test_a_retired_mapping_stays_and_is_offered_no_longer(
    client: Client, ada: User, trail: Trail, mapping: Mapping
) -> None:
    row = rejected()
    client.force_login(ada)
    assertContains(client.get(page(row)), "users, version 1")
    assertRedirects(client.post(MAPPINGS, {"action": "retire", "mapping": mapping.pk}), MAPPINGS)
    assertNotContains(client.get(page(row)), "users, version 1")
    assertContains(client.get(MAPPINGS), "Retired by Ada")
    assert client.post(page(row), {"action": "write", "mapping": mapping.pk}).status_code == 400
    assert audit_log(trail, "mapping.retire")[0]["labels"]["version"] == "1"
    assert client.post(MAPPINGS, {"action": "retire", "mapping": "1" * 30}).status_code == 400


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


@pytest.mark.django_db(transaction=True)
def test_two_who_save_a_mapping_of_the_same_name_at_once_make_two_versions(
    transactional_db: None, trail: Trail, ada: User
) -> None:
    at_once(*[lambda: save_mapping(name="users", rules=RULES, by=ada)] * 4)
    assert sorted(Mapping.objects.values_list("version", flat=True)) == [1, 2, 3, 4]
