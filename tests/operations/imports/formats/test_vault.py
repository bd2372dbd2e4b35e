"""Vault: a token is known by its accessor's HMAC; logging in issues one. The records follow the documented schema."""

from tests.support.factories.logs import events, flat

LOGIN = {
    "time": "2026-11-01T00:00:01.062818429Z", "type": "response",
    "auth": {"accessor": "hmac-sha256:a1", "display_name": "approle", "policies": ["default"], "entity_id": "ent-1", "token_type": "service"},
    "request": {"id": "req-1", "operation": "update", "path": "auth/approle/login", "remote_address": "172.18.0.5", "namespace": {"id": "root"}},
    "response": {"auth": {"accessor": "hmac-sha256:a1", "display_name": "approle", "entity_id": "ent-1"}},
}  # fmt: skip
READ = {
    "time": "2026-11-01T00:00:02Z", "type": "request",
    "auth": {"accessor": "hmac-sha256:a1", "display_name": "approle", "entity_id": "ent-1", "policies": ["default"]},
    "request": {"id": "req-2", "operation": "read", "path": "secret/data/x", "client_token_accessor": "hmac-sha256:a1", "remote_address": "172.18.0.5"},
}  # fmt: skip


def test_logging_in_issues_a_token_and_a_request_with_it_is_a_use() -> None:
    login, issued = map(flat, events("vault", LOGIN))
    (used,) = map(flat, events("vault", READ))
    assert (login["event.action"], login["event.outcome"]) == ("update auth/approle/login", "success")
    assert (issued["token.operation"], issued["user.id"]) == ("token.issue", "ent-1")
    assert (used["token.operation"], used["token.fingerprint"]) == ("token.authorize", issued["token.fingerprint"])
    assert (used["source.ip"], used["resource.id"], used["event.outcome"]) == ("172.18.0.5", "secret/data/x", "unknown")


def test_a_request_and_its_response_are_two_events_and_a_refusal_says_why() -> None:
    refused = {**READ, "type": "response", "error": "permission denied"}
    (request,), (response,) = events("vault", READ), events("vault", refused)
    assert request["event"]["id"] != response["event"]["id"]
    assert (response["event"]["outcome"], response["event"]["reason"]) == ("failure", "permission denied")


def test_revoking_a_token_by_its_accessor_revokes_that_one() -> None:
    request = {
        **READ["request"],
        "operation": "update",
        "path": "auth/token/revoke-accessor",
        "data": {"accessor": "hmac-sha256:b2"},
    }
    call, ended = map(flat, events("vault", {**READ, "type": "response", "request": request}))
    assert (call["token.id"], call["token.operation"]) == ("hmac-sha256:a1", "token.authorize")
    assert (ended["token.id"], ended["token.operation"]) == ("hmac-sha256:b2", "token.revoke")
    assert (ended["event.id"], ended["event.implied_by"]) == (f"{call['event.id']}:revoke", call["event.id"])
    assert not [name for name in ended if name.startswith("user.")]


def test_who_revokes_the_token_of_another_keeps_their_own() -> None:
    request = {
        **READ["request"],
        "operation": "update",
        "path": "auth/token/revoke",
        "data": {"token": "hmac-sha256:c3"},
    }
    (call,) = map(flat, events("vault", {**READ, "type": "response", "request": request}))
    assert (call["token.id"], call["token.operation"]) == ("hmac-sha256:a1", "token.authorize")
    request = {**READ["request"], "operation": "update", "path": "auth/token/revoke-self"}
    (call,) = map(flat, events("vault", {**READ, "type": "response", "request": request}))
    assert (call["token.id"], call["token.operation"]) == ("hmac-sha256:a1", "token.revoke")


def test_a_token_made_for_another_has_nothing_of_who_made_it() -> None:
    auth = {"accessor": "hmac-sha256:n1", "display_name": "bot", "entity_id": "ent-2"}
    record = {**READ, "type": "response", "auth": {**READ["auth"], "policies": ["root"]}, "response": {"auth": auth}}
    call, issued = map(flat, events("vault", record))
    assert (call["user.id"], call["user.roles"]) == ("ent-1", ["root"])
    assert (issued["user.id"], issued["user.name"], issued.get("user.roles")) == ("ent-2", "bot", None)
