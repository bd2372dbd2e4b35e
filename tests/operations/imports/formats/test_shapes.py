"""The shapes in which investigators' tools give the records of sources that are known: each says what the source's own says."""

import csv
import io
import json
from typing import Any

import pytest

from operations.imports.formats import FORMATS, begins_line
from operations.imports.formats.athena import read_structure
from operations.imports.text_records import open_records
from tests.support.factories.logs import LOGS, events, flat


def _read_table(text: str) -> list[dict[str, Any]]:
    reader = open_records(iter([text]), list_names=(), is_record=lambda value: False, begins=begins_line)
    return [record.value or {} for record in reader]


def _write_table(*rows: dict[str, Any]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


SIGN_IN = {
    "id": "si-1", "createdDateTime": "2024-05-05T16:03:35Z", "userDisplayName": "Eve", "userPrincipalName": "eve@example.com",
    "userId": "u-eve", "appId": "app-1", "appDisplayName": "Graph Explorer", "ipAddress": "192.0.2.5", "resourceDisplayName": "Graph",
    "status": {"errorCode": 50126, "failureReason": "Invalid password"}, "location": {"city": "X", "countryOrRegion": "US"},
    "uniqueTokenIdentifier": "uti-1",
}  # fmt: skip


def test_a_sign_in_by_graph_and_by_the_portal_say_the_same() -> None:
    row = {
        "Date (UTC)": "2024-05-05T16:03:35Z", "Request ID": "si-1", "User": "Eve", "Username": "eve@example.com", "User ID": "u-eve",
        "Application ID": "app-1", "Application": "Graph Explorer", "IP address": "192.0.2.5", "Resource": "Graph",
        "Status": "Failure", "Sign-in error code": "50126", "Failure reason": "Invalid password", "Location": "X, , US",
        "Unique token identifier": "uti-1",
    }  # fmt: skip
    (cells,) = _read_table(_write_table(row))
    by_graph, by_portal = (flat(events("azure", record)[0]) for record in (SIGN_IN, cells))
    assert by_graph["event.action"] == "Sign-in activity"
    assert (by_graph["event.outcome"], by_graph["event.reason"], by_graph["token.id"]) == (
        "failure",
        "Invalid password",
        "uti-1",
    )
    assert {name: value for name, value in by_portal.items() if name != "event.id"} == {
        name: value for name, value in by_graph.items() if name != "event.id"
    }


def test_an_audit_by_graph_and_by_the_portal_say_the_same() -> None:
    by_graph = {
        "id": "d-1", "category": "GroupManagement", "correlationId": "c", "result": "success", "activityDisplayName": "Add member to group",
        "activityDateTime": "2024-05-05T21:20:02.7215374Z", "loggedByService": "Core Directory",
        "initiatedBy": {"user": {"id": "u-eve", "displayName": "Eve", "userPrincipalName": "eve@example.com", "ipAddress": "192.0.2.6"}},
        "targetResources": [{"id": "g-1", "displayName": "Admins", "type": "Group"}],
    }  # fmt: skip
    row = {
        "Date (UTC)": "2024-05-05T21:20:02.7215374Z", "CorrelationId": "c", "Service": "Core Directory", "Category": "GroupManagement",
        "Activity": "Add member to group", "Result": "success", "ActorObjectId": "u-eve", "ActorDisplayName": "Eve",
        "ActorUserPrincipalName": "eve@example.com", "IPAddress": "192.0.2.6", "Target1Type": "Group", "Target1DisplayName": "Admins",
        "Target1ObjectId": "g-1",
    }  # fmt: skip
    (cells,) = _read_table(_write_table(row))
    one, other = (flat(events("azure", record)[0]) for record in (by_graph, cells))
    del one["event.id"], other["event.id"]
    assert one == other
    assert (one["source.ip"], one["resource.name"], one["user.email"]) == ("192.0.2.6", "Admins", "eve@example.com")


def test_a_row_of_athena_says_what_the_record_says() -> None:
    record = json.loads((LOGS / "cloudtrail-stratus.ndjson").read_text().splitlines()[0])
    who = record["userIdentity"]
    identity = ", ".join(f"{name.lower()}={value}" for name, value in who.items() if isinstance(value, str))
    row = {
        "eventversion": record["eventVersion"], "useridentity": f"{{{identity}, sessioncontext=null}}", "eventtime": record["eventTime"],
        "eventsource": record["eventSource"], "eventname": record["eventName"], "awsregion": record["awsRegion"],
        "sourceipaddress": record["sourceIPAddress"], "useragent": record["userAgent"], "errorcode": record.get("errorCode", ""),
        "requestparameters": json.dumps(record["requestParameters"]), "responseelements": json.dumps(record["responseElements"]),
        "requestid": record["requestID"], "eventid": record["eventID"], "recipientaccountid": record["recipientAccountId"],
    }  # fmt: skip
    (cells,) = _read_table(_write_table(row))
    own, by_athena = (flat(events("cloudtrail", value)[0]) for value in (record, cells))
    for name in (
        "@timestamp",
        "event.id",
        "event.action",
        "event.outcome",
        "user.id",
        "source.ip",
        "token.id",
        "service.name",
    ):
        assert by_athena.get(name) == own.get(name), name


def test_a_structure_of_athena_is_read_and_what_is_none_is_refused() -> None:
    assert read_structure("{a=1, b={c=null, d=x y}, e=[1, {f=2}]}") == {
        "a": "1",
        "b": {"c": None, "d": "x y"},
        "e": ["1", {"f": "2"}],
    }
    for wrong in ("{a=1", "{a}", "{a=1} x", "[1"):
        with pytest.raises(ValueError, match=r"cut off|no value|behind its end|missing"):
            read_structure(wrong)


def test_an_insight_is_an_event_and_no_call() -> None:
    insight = {
        "eventVersion": "1.07", "eventTime": "2024-05-01T10:00:00Z", "eventID": "i-1", "eventType": "AwsCloudTrailInsight",
        "insightDetails": {"state": "Start", "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances", "insightType": "ApiCallRateInsight"},
    }  # fmt: skip
    (event,) = map(flat, events("cloudtrail", insight))
    assert (event["event.action"], event["message"]) == ("RunInstances", "ApiCallRateInsight, Start")


def test_an_assumed_role_is_one_call_and_apart_from_it_one_issue() -> None:
    record = {
        "eventName": "AssumeRole", "eventTime": "2026-11-01T00:00:00Z", "eventID": "e-1", "eventSource": "sts.amazonaws.com",
        "sourceIPAddress": "ec2.amazonaws.com", "userIdentity": {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
        "requestParameters": {"roleArn": "arn:aws:iam::1:role/r", "roleSessionName": "i-1"},
        "responseElements": {"credentials": {"accessKeyId": "ASIAX"}},
    }  # fmt: skip
    call, issue = map(flat, events("cloudtrail", record))
    assert (call["event.action"], call["source.address"]) == ("AssumeRole", "ec2.amazonaws.com")
    assert (issue["event.action"], issue["event.implied_by"]) == ("token.issue", call["event.id"])
    assert not issue.keys() & {"service.name", "source.address", "resource.id"}
    assert issue["user.id"] == "arn:aws:sts::1:assumed-role/r/i-1"


def test_when_a_session_was_made_is_said_by_its_uses() -> None:
    record = {
        "eventName": "GetObject", "eventTime": "2026-11-01T01:00:00Z", "eventID": "e-2",
        "userIdentity": {"accessKeyId": "ASIAX", "sessionContext": {"attributes": {"creationDate": "2026-11-01T00:30:00Z"}}},
    }  # fmt: skip
    (use,) = map(flat, events("cloudtrail", record))
    assert (use["token.id"], use["token.issued_at"]) == ("ASIAX", "2026-11-01T00:30:00Z")


def test_duo_of_version_2_says_who_did_what_and_how_it_ended() -> None:
    activity = {
        "access_device": {"browser": "Chrome", "ip": {"address": "192.0.2.4"}}, "action": {"details": None, "name": "webauthncredential_create"},
        "activity_id": "act-1", "actor": {"key": "DU1", "name": "di", "type": "user"}, "outcome": {"result": "FAILURE"},
        "target": {"key": "WA1", "name": "WA1", "type": "webauthn_credential"}, "ts": "2024-05-04T08:10:22.591015+00:00",
    }  # fmt: skip
    telephony = {
        "context": "administrator login",
        "credits": 0,
        "phone": "+15555550100",
        "telephony_id": "tel-1",
        "ts": "2024-05-04T08:20:45Z",
        "type": "sms",
    }
    (did,), (message,) = (list(map(flat, events("duo", record))) for record in (activity, telephony))
    assert (did["event.action"], did["event.outcome"], did["source.ip"]) == (
        "webauthncredential_create",
        "failure",
        "192.0.2.4",
    )
    assert (did["user.id"], did["resource.id"], did["@timestamp"]) == ("DU1", "WA1", "2024-05-04T08:10:22.591015Z")
    assert (message["event.action"], message["message"]) == ("sms", "administrator login")


def test_a_time_of_duo_that_cannot_be_read_gives_way_to_the_next() -> None:
    record = {
        "action": "activation_begin",
        "isotimestamp": "2024-05-04T11: 41: 31+00: 00",
        "timestamp": 1714822891,
        "username": "di",
    }
    assert events("duo", record)[0]["@timestamp"] == "2024-05-04T11:41:31Z"


def test_workspace_says_by_its_names_how_it_ended_and_by_its_parameters_from_where() -> None:
    def build(application: str, name: str, **parameters: str) -> dict[str, Any]:
        listed = [{"name": parameter, "value": value} for parameter, value in parameters.items()]
        return {
            "id": {"time": "2024-11-05T11:58:46Z", "uniqueQualifier": "5", "applicationName": application}, "actor": {"profileId": "u"},
            "events": [{"type": "T", "name": name, "parameters": listed}],
        }  # fmt: skip

    (failed,) = events(
        "gsuite", build("chrome", "CHROME_OS_LOGIN_FAILURE_EVENT", LOGIN_FAILURE_REASON="AUTHENTICATION_ERROR")
    )
    (call,) = events("gsuite", build("meet", "call_ended", ip_address="203.0.113.44"))
    assert (failed["event"]["outcome"], failed["event"]["reason"]) == ("failure", "AUTHENTICATION_ERROR")
    assert (call["event"]["outcome"], call["source"]) == ("success", {"ip": "203.0.113.44"})


def test_a_session_of_auth0_stands_in_its_details() -> None:
    record = {
        "date": "2024-08-03T10:00:00Z",
        "type": "s",
        "ip": "203.0.113.6, 10.0.0.1",
        "log_id": "a0",
        "details": {"session_id": "sess"},
    }
    (event,) = map(flat, events("auth0", record))
    assert (event["token.id"], event["token.operation"]) == ("sess", "token.issue")
    assert event["source.ip"] == ["203.0.113.6", "10.0.0.1"]


def test_teleport_by_athena_and_by_dynamo_is_the_record_within() -> None:
    record = {
        "event": "session.start",
        "uid": "u-1",
        "ei": 0,
        "time": "2024-05-06T19:39:26.676Z",
        "sid": "s",
        "addr.remote": "192.0.2.7:51454",
    }
    typed = {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in record.items()}
    shapes = [
        record,
        {"uid": "u-1", "event_data": json.dumps(record)},
        {"Item": {"SessionID": {"S": "s"}, "FieldsMap": {"M": typed}}},
    ]
    made = [flat(events("teleport", shape)[0]) for shape in shapes]
    assert made[0] == made[1] == made[2]
    assert made[0]["source.ip"] == "192.0.2.7"


READERS: dict[str, Any] = {
    "cloudtrail": lambda r: (r.get("eventName"), (r.get("userIdentity") or {}).get("arn"), r.get("eventID")),
    "okta": lambda r: (r.get("eventType") or r.get("eventtype"), (r.get("actor") or {}).get("id"), r.get("uuid")),
    "gcp": lambda r: ((r.get("protoPayload") or {}).get("methodName"), ((r.get("protoPayload") or {}).get("authenticationInfo") or {}).get("principalEmail"), r.get("insertId")),
    "microsoft365": lambda r: (r.get("Operation") or r.get("operation"), r.get("UserId") or r.get("userid"), r.get("Id") or r.get("id")),
    "onepassword": lambda r: (None, (r.get("user") or r.get("target_user") or {}).get("uuid"), r.get("uuid")),
    "github": lambda r: (r.get("action"), r.get("actor"), r.get("_document_id")),
    "slack": lambda r: (r.get("action"), ((r.get("actor") or {}).get("user") or {}).get("id"), r.get("id")),
}  # fmt: skip


@pytest.mark.parametrize(
    "log", sorted(log for name in READERS for log in LOGS.glob(f"{name}-*.ndjson")), ids=lambda log: log.stem
)
def test_action_user_and_id_of_every_sample_are_those_that_stand_in_the_record(log: Any) -> None:
    name = log.stem.partition("-")[0]
    for line in log.read_text().splitlines():
        record = json.loads(line)
        inner = json.loads(record["CloudTrailEvent"]) if "CloudTrailEvent" in record else record
        action, user, identifier = READERS[name](inner)
        for event in map(flat, events(name, record)[:1]):
            assert action is None or event["event.action"] == action
            assert not user or event.get("user.id") == str(user)
            assert not identifier or str(identifier) in event["event.id"]
            assert FORMATS[name].dataset == event["event.dataset"]
