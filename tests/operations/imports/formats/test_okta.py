"""Okta: sessions and API tokens are tokens; clearing somebody's sessions ends theirs, not one's own."""

from tests.support.factories.logs import events, flat

SESSION = {
    "uuid": "u1",
    "eventType": "user.session.start",
    "published": "2026-11-24T09:30:00.123Z",
    "outcome": {"result": "SUCCESS"},
    "actor": {"id": "00u1", "displayName": "Homer", "alternateId": "homer@duff.example"},
    "authenticationContext": {"externalSessionId": "102abc"},
    "client": {
        "ipAddress": "192.0.2.7",
        "geographicalContext": {"city": "Atlanta", "geolocation": {"lat": 33.5, "lon": -84.25}},
    },
    "securityContext": {"asNumber": 64500, "asOrg": "example net"},
}


def test_a_session_is_issued_used_and_ended() -> None:
    for action, operation in (
        ("user.session.start", "token.issue"),
        ("user.authentication.sso", "token.authorize"),
        ("user.session.end", "token.revoke"),
    ):
        (event,) = map(flat, events("okta", {**SESSION, "eventType": action}))
        assert (event["token.id"], event["token.operation"], event["user.id"]) == ("102abc", operation, "00u1")


def test_a_session_that_was_refused_was_not_issued() -> None:
    (event,) = map(flat, events("okta", {**SESSION, "outcome": {"result": "FAILURE", "reason": "INVALID_CREDENTIALS"}}))
    assert event["token.operation"] == "token.verify"
    assert (event["event.outcome"], event["event.reason"]) == ("failure", "INVALID_CREDENTIALS")


def test_where_a_request_came_from_is_kept() -> None:
    (event,) = map(flat, events("okta", SESSION))
    assert event["source.ip"] == "192.0.2.7"
    assert event["source.geo.location"] == "33.5,-84.25"
    assert (event["source.as.number"], event["source.as.organization.name"]) == (64500, "example net")


def test_clearing_sessions_uses_ones_own_and_ends_the_targets() -> None:
    target = {"id": "00u2", "type": "User", "displayName": "Lenny", "alternateId": "lenny@duff.example"}
    record = {**SESSION, "eventType": "user.session.clear", "target": [target]}
    used, ended = map(flat, events("okta", record))
    assert (used["token.id"], used["token.operation"], used["user.id"]) == ("102abc", "token.authorize", "00u1")
    assert (ended["token.operation"], ended["token.revocation.scope"]) == ("token.revoke", "user")
    assert (ended["user.id"], ended["event.id"]) == ("00u2", "okta.system:u1:revoke")
    assert "token.id" not in ended


def test_a_call_with_an_api_token_is_a_use_of_that() -> None:
    record = {
        **SESSION,
        "eventType": "user.account.update_profile",
        "transaction": {"type": "WEB", "id": "t", "detail": {"requestApiTokenId": "00T1"}},
    }
    (event,) = map(flat, events("okta", record))
    assert (event["token.id"], event["token.kind"], event["token.operation"]) == (
        "00T1",
        "access_key",
        "token.authorize",
    )


def test_making_an_api_token_issues_it() -> None:
    record = {**SESSION, "eventType": "system.api_token.create", "target": [{"id": "00T9", "type": "Token"}]}
    (event,) = map(flat, events("okta", record))
    assert (event["token.id"], event["token.operation"]) == ("00T9", "token.issue")


def test_names_in_lower_case_are_read_too() -> None:
    lower = {name.lower(): value for name, value in SESSION.items()}
    (event,), (same,) = events("okta", lower), events("okta", SESSION)
    assert {**flat(event)} == {**flat(same)}
