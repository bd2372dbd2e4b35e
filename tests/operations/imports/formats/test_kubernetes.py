"""Kubernetes: a stage of a request is an event, and a service account's token is known by its credential's id."""

from tests.support.factories.logs import events, flat, real

REQUEST = {
    "kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "a-1", "stage": "ResponseComplete", "verb": "create",
    "requestURI": "/api/v1/namespaces/prod/serviceaccounts/bot/token?x=1", "sourceIPs": ["203.0.113.6", "10.0.0.1"],
    "user": {
        "username": "system:serviceaccount:prod:ci", "groups": ["system:authenticated"],
        "extra": {"authentication.kubernetes.io/credential-id": ["JTI=old"]},
    },
    "objectRef": {"resource": "serviceaccounts", "subresource": "token", "namespace": "prod", "name": "bot"},
    "responseStatus": {"code": 201}, "stageTimestamp": "2026-11-01T00:00:01.5Z",
    "requestReceivedTimestamp": "2026-11-01T00:00:01Z",
    "annotations": {"authentication.kubernetes.io/issued-credential-id": "JTI=new"},
}  # fmt: skip


def test_a_real_request_says_who_did_what_from_where() -> None:
    (event,) = map(flat, events("kubernetes", real("kubernetes-panther.ndjson", auditID="abcde12345")))
    assert (event["user.id"], event["source.ip"], event["resource.id"]) == (
        "system:anonymous",
        "8.8.8.8",
        "default/test-pod",
    )
    assert event["event.outcome"] == "success"


def test_a_request_for_a_token_uses_one_and_issues_another_to_whom_it_will_act_as() -> None:
    own, issued = map(flat, events("kubernetes", REQUEST))
    assert (own["event.action"], own["token.id"], own["token.operation"]) == (
        "serviceaccounts/token.create", "JTI=old", "token.authorize",
    )  # fmt: skip
    assert own["source.ip"] == ["203.0.113.6", "10.0.0.1"]
    assert own["@timestamp"] == "2026-11-01T00:00:01.5Z"
    assert (issued["token.id"], issued["user.id"]) == ("JTI=new", "system:serviceaccount:prod:bot")
    assert (issued["event.action"], issued["token.parent_fingerprint"]) == ("token.issue", own["token.fingerprint"])


def test_what_was_forbidden_failed_and_what_has_no_answer_yet_is_unknown() -> None:
    refused = {**REQUEST, "responseStatus": {"code": 403, "reason": "Forbidden"}, "annotations": {}}
    received = {**REQUEST, "stage": "RequestReceived", "responseStatus": None, "annotations": {}}
    (failed,), (unknown,) = events("kubernetes", refused), events("kubernetes", received)
    assert (failed["event"]["outcome"], failed["event"]["reason"]) == ("failure", "Forbidden")
    assert unknown["event"]["outcome"] == "unknown"
    assert failed["event"]["id"] != unknown["event"]["id"]


def test_who_calls_as_somebody_else_is_the_caller() -> None:
    record = {**REQUEST, "impersonatedUser": {"username": "admin", "groups": ["system:masters"]}, "annotations": {}}
    (event,) = map(flat, events("kubernetes", record))
    assert (event["user.id"], event["user.roles"]) == ("system:serviceaccount:prod:ci", ["system:authenticated"])
    assert (event["token.id"], event["token.operation"]) == ("JTI=old", "token.authorize")
    assert event["labels"] == {"impersonated_user": "admin"}


def test_a_token_for_another_account_has_no_groups_of_the_caller() -> None:
    own, issued = map(flat, events("kubernetes", REQUEST))
    assert own["user.roles"] == ["system:authenticated"]
    assert not issued.keys() & {"user.roles", "user.email"}
