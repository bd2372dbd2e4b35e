"""Duo: administrators' actions, whose details are JSON within the JSON, and second factors."""

from tests.support.factories.logs import events, flat, real


def test_an_administrators_action_tells_its_address() -> None:
    (event,) = map(flat, events("duo", real("duo-panther.ndjson", action="admin_login")))
    assert (event["event.outcome"], event["user.name"], event["source.ip"]) == ("success", "Homer Simpson", "1.2.3.4")


def test_a_description_that_is_a_sentence_stays_one() -> None:
    record = {"action": "admin_login_error", "isotimestamp": "2026-11-24T09:30:00+00:00", "description": "{no JSON"}
    (event,) = map(flat, events("duo", record))
    assert (event["event.outcome"], event["message"]) == ("failure", "{no JSON")


def test_a_denied_authentication_failed_for_its_reason() -> None:
    record = {
        "txid": "t1",
        "isotimestamp": "2026-11-24T09:30:00.5+00:00",
        "event_type": "authentication",
        "result": "fraud",
        "reason": "user_marked_fraud",
        "user": {"key": "DU1", "name": "ada"},
        "application": {"key": "DI1", "name": "VPN"},
        "access_device": {"ip": "192.0.2.9", "location": {"city": "Berlin"}},
    }
    (event,) = map(flat, events("duo", record))
    assert (event["event.outcome"], event["event.reason"]) == ("failure", "user_marked_fraud")
    assert (event["user.id"], event["source.ip"], event["resource.name"]) == ("DU1", "192.0.2.9", "VPN")
