"""Google Workspace: every event of an activity is one of ours."""

from tests.support.factories.logs import events, flat, real

LOGIN = {
    "kind": "admin#reports#activity",
    "id": {
        "time": "2026-11-24T09:30:00.123Z",
        "uniqueQualifier": "-77",
        "applicationName": "drive",
        "customerId": "C1",
    },
    "actor": {"email": "ada@example.org", "profileId": "1001"},
    "ipAddress": "2001:db8::7",
    "events": [
        {
            "type": "access",
            "name": "edit",
            "parameters": [{"name": "doc_id", "value": "d1"}, {"name": "doc_title", "value": "Plan"}],
        },
        {"type": "acl_change", "name": "change_user_access", "parameters": [{"name": "doc_id", "value": "d1"}]},
    ],
}


def test_an_activity_of_two_events_becomes_two() -> None:
    edit, change = map(flat, events("gsuite", LOGIN))
    assert (edit["event.action"], change["event.action"]) == ("edit", "change_user_access")
    assert (edit["resource.id"], edit["resource.name"]) == ("d1", "Plan")
    assert change["event.id"] == f"{edit['event.id']}:1"
    assert (edit["user.id"], edit["source.ip"], edit["service.name"]) == ("1001", "2001:db8::7", "google.drive")


def test_an_event_that_came_alone_is_known_by_its_text() -> None:
    record = real("gsuite-panther.ndjson", kind="admin#reports#activity")
    (event,) = map(flat, events("gsuite", record))
    assert event["event.action"] == record["name"]
    # Another event of the same activity has the same qualifier and must not take its place.
    assert flat(events("gsuite", {**record, "name": "other"})[0])["event.id"] != event["event.id"]


def test_a_failed_sign_in_failed() -> None:
    failed = [
        {
            "name": "login_failure",
            "parameters": [{"name": "login_failure_type", "value": "login_failure_invalid_password"}],
        }
    ]
    (event,) = map(flat, events("gsuite", {**LOGIN, "events": failed}))
    assert (event["event.outcome"], event["event.reason"]) == ("failure", "login_failure_invalid_password")
