"""CloudTrail: keys are tokens, and calls that make or end one say so."""

import json
from pathlib import Path
from typing import Any

import pytest

from operations.imports.conversion import convert_record
from operations.imports.formats import FORMATS
from operations.imports.reader import ForeignRecord
from trail.documents import get

LOG = Path(__file__).parents[3] / "data" / "logs" / "cloudtrail-stratus.ndjson"


def _events(record: dict[str, Any]) -> list[dict[str, Any]]:
    converted = convert_record(FORMATS["cloudtrail"], ForeignRecord(1, json.dumps(record), record))
    return [event.document for event in converted.events]


def _real(name: str) -> dict[str, Any]:
    records = (json.loads(line) for line in LOG.read_text().splitlines())
    return next(record for record in records if record["eventName"] == name and record.get("responseElements"))


def test_assuming_a_role_uses_one_key_and_issues_another() -> None:
    record = _real("AssumeRole")
    used, issued = _events(record)
    assert used["event"]["id"] == f"aws.cloudtrail:{record['eventID']}"
    assert issued["event"]["id"] == f"aws.cloudtrail:{record['eventID']}:issue"
    assert used["token"]["operation"] == "token.authorize"
    assert used["token"]["id"] == record["userIdentity"]["accessKeyId"]
    assert issued["token"]["operation"] == "token.issue"
    assert issued["token"]["id"] == record["responseElements"]["credentials"]["accessKeyId"]
    assert issued["token"]["parent_fingerprint"] == used["token"]["fingerprint"]
    assert issued["user"]["id"] == record["responseElements"]["assumedRoleUser"]["arn"]
    assert issued["token"]["expires_at"].endswith("Z")


def test_a_session_token_never_gets_into_the_trail() -> None:
    record = _real("AssumeRole")
    secret = record["responseElements"]["credentials"]["sessionToken"]
    converted = convert_record(FORMATS["cloudtrail"], ForeignRecord(1, json.dumps(record), record))
    assert converted.secrets == 1
    assert secret not in json.dumps([event.document for event in converted.events])
    assert "[removed secret sha256:" in converted.events[0].document["event"]["original"]


def test_creating_a_key_issues_it_to_its_owner() -> None:
    record = _real("CreateAccessKey")
    issued = _events(record)[1]
    account, owner = record["userIdentity"]["accountId"], record["requestParameters"]["userName"]
    assert issued["user"]["id"] == f"arn:aws:iam::{account}:user/{owner}"
    assert issued["token"]["kind"] == "access_key"


@pytest.mark.parametrize(
    ("name", "status", "operation"),
    [
        ("DeleteAccessKey", None, "token.revoke"),
        ("UpdateAccessKey", "Inactive", "token.revoke"),
        ("UpdateAccessKey", "Active", "token.restore"),
    ],
)
def test_ending_and_reviving_a_key(name: str, status: str | None, operation: str) -> None:
    record = {
        "eventName": name,
        "eventTime": "2026-11-24T00:00:00Z",
        "eventID": "1",
        "requestParameters": {"accessKeyId": "AKIAX", "status": status},
    }
    assert [get(document, "token.operation") for document in _events(record)][1:] == [operation]


def test_a_service_that_assumes_a_role_is_named_as_its_key_will_act() -> None:
    records = [json.loads(line) for line in (LOG.parent / "cloudtrail-catalog.ndjson").read_text().splitlines()]
    (assumed, issued), (used,) = (_events(record) for record in records)
    assert assumed["user"]["id"] == "lambda.amazonaws.com"
    assert issued["token"]["id"] == used["token"]["id"]
    assert issued["user"]["id"] == used["user"]["id"]


def test_a_roles_path_is_no_part_of_its_sessions_name() -> None:
    parameters = {"roleArn": "arn:aws-us-gov:iam::123456789012:role/team/ops/Reader", "roleSessionName": "ada"}
    record = {
        "eventName": "AssumeRole",
        "eventTime": "2026-11-24T00:00:00Z",
        "eventID": "1",
        "requestParameters": parameters,
        "responseElements": {"credentials": {"accessKeyId": "ASIAX"}},
    }
    assert _events(record)[1]["user"]["id"] == "arn:aws-us-gov:sts::123456789012:assumed-role/Reader/ada"


def test_the_region_of_a_service_is_not_where_its_caller_is() -> None:
    (event,) = _events({"eventName": "x", "eventTime": "2026-11-24T00:00:00Z", "awsRegion": "eu-west-1"})
    assert event["labels"] == {"aws_region": "eu-west-1"}
    assert "source" not in event


def test_a_refused_call_issues_nothing() -> None:
    record = {**_real("AssumeRole"), "errorCode": "AccessDenied"}
    (only,) = _events(record)
    assert (only["event"]["outcome"], only["event"]["reason"]) == ("failure", "AccessDenied")


def test_a_services_name_is_no_address() -> None:
    record = {"eventName": "x", "eventTime": "2026-11-24T00:00:00Z", "sourceIPAddress": "ec2.amazonaws.com"}
    (event,) = _events(record)
    assert event["source"] == {"address": "ec2.amazonaws.com"}


def test_a_record_without_an_id_is_known_by_its_text() -> None:
    record = {"eventName": "x", "eventTime": "2026-11-24T00:00:00Z"}
    assert _events(record)[0]["event"]["id"] == _events(dict(record))[0]["event"]["id"]
    assert _events(record)[0]["event"]["id"] != _events({**record, "eventName": "y"})[0]["event"]["id"]
