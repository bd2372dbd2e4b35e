"""Azure: sign-ins issue a token, by number or word they say how it went."""

import json

import pytest

from tests.support.factories.logs import LOGS, events, flat, real


def test_a_sign_in_says_who_from_where_with_what_to_what() -> None:
    record = real("azure-panther.ndjson", operationName="Sign-in activity", resultType="0")
    (event,) = map(flat, events("azure", record))
    properties = record["properties"]
    assert event["event.outcome"] == "success"
    assert event["user.id"] == properties["userId"]
    assert event["user.email"] == properties["userPrincipalName"]
    assert event["source.ip"] == record["callerIpAddress"]
    assert event["resource.id"] == properties["appId"]
    assert event["organization.id"] == record["tenantId"]


def test_an_audit_record_says_who_changed_what() -> None:
    record = real("azure-panther.ndjson", operationName="Invite external user")
    (event,) = map(flat, events("azure", record))
    assert event["user.email"] == "denethor@lotr.com"
    assert (event["resource.type"], event["resource.name"]) == ("User", "Zeus.Theboss")


@pytest.mark.parametrize(
    ("code", "operation", "outcome"), [(0, "token.issue", "success"), (50126, "token.verify", "failure")]
)
def test_a_sign_in_issues_its_token_unless_it_failed(code: int, operation: str, outcome: str) -> None:
    record = {
        "time": "2026-11-24T09:30:00Z",
        "operationName": "Sign-in activity",
        "resultType": str(code),
        "properties": {
            "id": "1",
            "userId": "u",
            "uniqueTokenIdentifier": "tid",
            "status": {"errorCode": code, "failureReason": "why"},
        },
    }
    (event,) = map(flat, events("azure", record))
    assert (event["token.id"], event["token.operation"], event["event.outcome"]) == ("tid", operation, outcome)
    assert event.get("event.reason") == ("why" if code else None)


def test_real_records_of_both_spellings_are_all_read() -> None:
    records = [json.loads(line) for line in (LOGS / "azure-panther.ndjson").read_text().splitlines()]
    converted = [event for record in records for event in map(flat, events("azure", record))]
    assert len(converted) == len(records)
    assert any("operationname" in record for record in records)
    assert all(event.get("user.id") for event in converted)
