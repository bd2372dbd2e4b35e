"""Slack: who did what to which thing, and its sessions as tokens."""

import pytest

from tests.support.factories.logs import events, flat, real


def test_an_action_says_who_what_and_where() -> None:
    record = real("slack-panther.ndjson", action="app_installed")
    (event,) = map(flat, events("slack", record))
    assert event["event.action"] == "app_installed"
    assert event["user.id"] == record["actor"]["user"]["id"]
    assert (event["resource.type"], event["resource.id"]) == ("app", record["entity"]["app"]["id"])
    assert event["source.ip"] == record["context"]["ip_address"]
    assert event["organization.id"] == record["context"]["location"]["id"]


@pytest.mark.parametrize(
    ("action", "operation"),
    [("user_login", "token.issue"), ("file_downloaded", "token.authorize"), ("user_logout", "token.revoke")],
)
def test_a_session_is_a_token(action: str, operation: str) -> None:
    record = {"id": "1", "date_create": 1_763_976_600, "action": action, "context": {"session_id": 8436522}}
    (event,) = map(flat, events("slack", record))
    assert (event["token.id"], event["token.operation"]) == ("8436522", operation)
    assert event["@timestamp"] == "2025-11-24T09:30:00Z"
