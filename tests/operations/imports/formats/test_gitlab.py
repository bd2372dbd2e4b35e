"""GitLab: audit events by the API, streamed, and as its log writes them. The records follow the documented schema."""

from tests.support.factories.logs import events, flat

STREAMED = {
    "id": "1", "author_id": 1, "entity_id": 29, "entity_type": "Project", "created_at": "2026-11-01T00:00:00.123Z",
    "ip_address": "127.0.0.1", "event_type": "personal_access_token_issued", "target_details": "ci token",
    "details": {
        "author_name": "Ann", "author_email": "ann@example.com", "target_id": 7, "target_type": "PersonalAccessToken",
        "custom_message": "Created personal access token with id 7", "entity_path": "acme/app", "ip_address": "192.0.2.7",
    },
}  # fmt: skip


def test_making_a_token_issues_it_and_revoking_it_revokes_it() -> None:
    revoked = {
        **STREAMED,
        "event_type": "personal_access_token_revoked",
        "details": {**STREAMED["details"], "custom_message": "Revoked it"},
    }
    (issue,), (revoke,) = (list(map(flat, events("gitlab", record))) for record in (STREAMED, revoked))
    assert (issue["token.id"], issue["token.operation"]) == ("7", "token.issue")
    assert (revoke["token.id"], revoke["token.operation"]) == ("7", "token.revoke")
    assert (issue["user.name"], issue["organization.id"], issue["source.ip"]) == ("Ann", "acme/app", "127.0.0.1")


def test_a_line_of_its_log_has_everything_at_the_top() -> None:
    line = {
        "severity": "INFO", "time": "2026-11-01T00:00:00.123Z", "correlation_id": "c", "author_id": 3, "entity_id": 4,
        "entity_type": "User", "change": "email", "from": "a@example.com", "to": "b@example.com", "author_name": "Ann",
        "target_id": 3, "target_type": "User", "target_details": "Ann",
    }  # fmt: skip
    (event,) = map(flat, events("gitlab", line))
    assert (event["event.action"], event["trace.id"], event["resource.id"]) == ("email", "c", "3")
