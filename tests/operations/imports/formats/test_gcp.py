"""Google Cloud: who called what from where, how it ended, and the keys of service accounts."""

from typing import Any

from tests.support.factories.logs import events, flat, real

CREATED: dict[str, Any] = {
    "insertId": "a1", "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity", "timestamp": "2026-11-01T00:00:00.5Z",
    "resource": {"type": "service_account", "labels": {"project_id": "p"}},
    "protoPayload": {
        "methodName": "google.iam.admin.v1.CreateServiceAccountKey", "serviceName": "iam.googleapis.com",
        "authenticationInfo": {"principalEmail": "ann@example.com"}, "requestMetadata": {"callerIp": "192.0.2.7"},
        "resourceName": "projects/-/serviceAccounts/1",
        "response": {"name": "projects/p/serviceAccounts/bot@p.iam.gserviceaccount.com/keys/k1"},
    },
}  # fmt: skip


def test_a_call_says_who_did_what_to_which_from_where() -> None:
    record = real("gcp-plaso.ndjson", insertId="iv9wx9d16l2")
    (event,) = map(flat, events("gcp", record))
    assert event["event.action"] == "beta.compute.networks.insert"
    assert (event["user.email"], event["source.ip"]) == ("fakeemailxyz@gmail.com", "1.1.1.1")
    assert event["resource.id"] == "projects/fake-project/global/networks/test"
    assert (event["@timestamp"], event["event.outcome"]) == ("2021-10-19T02:57:47.339377Z", "success")


def test_what_was_denied_failed() -> None:
    denied = {**CREATED["protoPayload"], "status": {"code": 7, "message": "PERMISSION_DENIED"}}
    (event,) = map(flat, events("gcp", {**CREATED, "protoPayload": denied}))
    assert (event["event.outcome"], event["event.reason"]) == ("failure", "PERMISSION_DENIED")


def test_a_key_that_was_made_is_issued_to_its_account_and_later_calls_use_it() -> None:
    own, issued = map(flat, events("gcp", CREATED))
    assert "token.id" not in own
    assert (issued["token.id"], issued["token.operation"]) == ("k1", "token.issue")
    assert (issued["user.id"], issued["event.implied_by"]) == ("bot@p.iam.gserviceaccount.com", own["event.id"])
    who = {
        "principalEmail": "bot@p.iam.gserviceaccount.com",
        "serviceAccountKeyName": "//iam.googleapis.com/projects/p/serviceAccounts/bot@p.iam.gserviceaccount.com/keys/k1",
    }
    payload = {**CREATED["protoPayload"], "methodName": "storage.objects.get", "authenticationInfo": who}
    (used,) = map(flat, events("gcp", {**CREATED, "insertId": "a2", "protoPayload": payload}))
    assert (used["token.fingerprint"], used["token.operation"]) == (issued["token.fingerprint"], "token.authorize")


def test_an_entry_that_is_no_audit_log_is_kept_with_its_words() -> None:
    entry = {
        "logName": "projects/p/logs/app",
        "insertId": "1",
        "timestamp": "2026-11-01T00:00:00Z",
        "textPayload": "hello",
    }
    (event,) = map(flat, events("gcp", entry))
    assert (event["event.action"], event["message"], event["event.outcome"]) == ("app", "hello", "unknown")


def test_a_key_has_the_address_of_its_account_and_not_of_who_made_it() -> None:
    own, issued = map(flat, events("gcp", CREATED))
    assert own["user.email"] == "ann@example.com"
    names = ("user.id", "user.name", "user.email")
    assert [issued[name] for name in names] == ["bot@p.iam.gserviceaccount.com"] * 3
    nameless = {**CREATED["protoPayload"], "response": {"name": "projects/p/serviceAccounts/117/keys/k1"}}
    _, issued = map(flat, events("gcp", {**CREATED, "protoPayload": nameless}))
    assert not [name for name in issued if name.startswith("user.")]
