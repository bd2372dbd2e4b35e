"""Tailscale: changes of the network, and its keys as tokens."""

import json

from tests.support.factories.logs import LOGS, events, flat


def test_making_an_api_key_issues_it() -> None:
    records = [json.loads(line) for line in (LOGS / "tailscale-panther.ndjson").read_text().splitlines()]
    record_of_key = next(record for record in records if record["event"]["target"]["type"] == "API_KEY")
    (event,) = map(flat, events("tailscale", record_of_key))
    assert (event["event.action"], event["token.operation"]) == ("API_KEY.CREATE", "token.issue")
    assert event["token.id"] == record_of_key["event"]["target"]["id"]
    assert event["user.email"] == "homer.simpson@yourcompany.io"


def test_the_apis_own_form_is_read_and_taking_a_property_off_a_key_does_not_end_it() -> None:
    record = {
        "eventTime": "2026-11-24T09:30:00Z",
        "action": "DELETE",
        "actor": {"id": "u1", "loginName": "ada@example.org"},
        "target": {"id": "k1", "type": "API_KEY", "property": "EXPIRY"},
    }
    (event,) = map(flat, events("tailscale", record))
    assert event["event.action"] == "API_KEY.EXPIRY.DELETE"
    assert "token.operation" not in event


def test_revoking_a_key_revokes_it() -> None:
    record = {"eventTime": "2026-11-24T09:30:00Z", "action": "DELETE", "target": {"id": "k1", "type": "AUTH_KEY"}}
    assert flat(events("tailscale", record)[0])["token.operation"] == "token.revoke"
