"""Auth0: what begins with f failed, what was blocked failed too."""

import pytest

from tests.support.factories.logs import events, flat, real


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("s", "success"), ("fp", "failure"), ("pwd_leak", "failure"), ("limit_wc", "failure"), ("sapi", "success")],
)
def test_how_it_went(kind: str, outcome: str) -> None:
    (event,) = map(flat, events("auth0", {"type": kind, "date": "2026-11-24T09:30:00.1Z", "user_id": "auth0|1"}))
    assert (event["event.outcome"], event["user.id"]) == (outcome, "auth0|1")


def test_a_call_of_the_management_api_is_a_use_of_its_token() -> None:
    record = real("auth0-panther.ndjson")
    (event,) = map(flat, events("auth0", record))
    request = record["data"]["details"]["request"]
    assert event["token.id"] == request["auth"]["credentials"]["jti"]
    assert event["token.operation"] == "token.authorize"
    assert event["url.path"] == request["path"]


@pytest.mark.parametrize(("kind", "operation"), [("s", "token.issue"), ("slo", "token.revoke")])
def test_a_session_begins_and_ends(kind: str, operation: str) -> None:
    record = {"type": kind, "date": "2026-11-24T09:30:00Z", "session_id": "sess1", "user_id": "auth0|1"}
    assert flat(events("auth0", record)[0])["token.operation"] == operation
