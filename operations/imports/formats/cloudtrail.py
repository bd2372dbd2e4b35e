"""Converts AWS CloudTrail records.

The format: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html

An access key or a session's key is a token. A call made with one is its use; AssumeRole and its like also issue one,
which makes a second event `…:issue`, and ending or reviving a key one of `…:revoke` or `…:restore`. `user.id` is the
principal's ARN as later calls with the new key will carry it, so that the three questions meet their events.
"""

import re
from typing import Any

from operations.imports.formats.athena import restore_names
from operations.imports.formats.times import find_time, read_lesser_time
from operations.imports.formats.values import (
    build_source,
    build_token,
    build_user_agent,
    get_first_item,
    get_text,
    get_value,
)

SIGNS = (("eventName", "eventTime"), ("eventname", "eventtime"), ("insightDetails", "eventTime"))
_TIMES = ("eventTime", "@timestamp", "p_event_time")
ISSUES = {
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "AssumeRoot",
    "GetSessionToken",
    "GetFederationToken",
}
# Which parameters of a call name what it acts on, the first that is there.
RESOURCE_PARAMETERS = (
    "roleArn",
    "secretId",
    "bucketName",
    "instanceId",
    "userName",
    "roleName",
    "name",
    "keyId",
    "functionName",
)
# A role's path is no part of the name that its sessions carry.
_ROLE = re.compile(r"^arn:(?P<partition>[\w-]+):iam::(?P<account>\d+):role/(?:.*/)?(?P<name>[^/]+)$")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a call, then those of the tokens that it issued, ended or brought back. Raises ValueError."""
    record = restore_names(record) if "eventName" not in record else record
    insight = record.get("insightDetails")
    name = get_text(record, "eventName") or (get_text(insight, "eventName") if insight else None)
    times = [record[time] for time in _TIMES if record.get(time)]
    if name is None or not times:
        raise ValueError("it has no eventName or eventTime")
    problem = get_text(record, "errorCode")
    common = {
        "@timestamp": find_time(*times),
        "event.id": get_text(record, "eventID"),
        "event.action": name,
        "event.outcome": _read_outcome(record, problem),
        "event.reason": problem,
        "service.name": get_text(record, "eventSource") or (get_text(insight, "eventSource") if insight else None),
        "organization.id": get_text(record, "userIdentity", "accountId") or get_text(record, "recipientAccountId"),
        "http.request.id": get_text(record, "requestID"),
        "message": get_text(record, "errorMessage") or (_describe_insight(insight) if insight else None),
        **build_source(record.get("sourceIPAddress")),
        **build_user_agent(record.get("userAgent")),
    }
    if region := get_text(record, "awsRegion"):
        # Where the service is, which says nothing of where the caller is: no source.geo.
        common["labels"] = {"aws_region": region}
    used = _build_used_token(record)
    call = (
        common | _build_actor(record) | _build_resource(record) | used | {"trace.id": get_text(record, "sharedEventID")}
    )
    if used:
        call["token.operation"] = "token.authorize"
    implied = [_build_issued_token(record, name, used), _build_ended_token(record, name)] if not problem else []
    return [call, *(common | _build_actor(record) | fields for fields in implied if fields)]


def is_correction(record: dict[str, Any]) -> bool:
    """Whether AWS sent this later than the record that it adds to or corrects, under the same eventID."""
    return "addendum" in record


def find_exemption(record: dict[str, Any]) -> str:
    """A digest says which log files there are, and stands in a folder beside them; it is no record of what happened."""
    return "a digest of log files" if "digestStartTime" in record and "digestS3Bucket" in record else ""


def _read_outcome(record: dict[str, Any], problem: str | None) -> str:
    signed_in = get_text(record, "responseElements", "ConsoleLogin")
    return "failure" if problem or signed_in == "Failure" else "success"


def _describe_insight(insight: Any) -> str | None:
    """What CloudTrail Insights noticed, which is no call: `ApiCallRateInsight, Start`."""
    parts = (get_text(insight, "insightType"), get_text(insight, "state"))
    return ", ".join(part for part in parts if part) or None


def _build_actor(record: dict[str, Any]) -> dict[str, Any]:
    who = record.get("userIdentity")
    identity = get_text(who, "arn") or get_text(who, "principalId") or get_text(who, "invokedBy")
    name = get_text(who, "userName") or get_text(who, "sessionContext", "sessionIssuer", "userName")
    return {
        "user.id": identity,
        "user.name": name,
        "user.roles": [kind] if (kind := get_text(who, "type")) else None,
    }


def _build_used_token(record: dict[str, Any]) -> dict[str, Any]:
    key = get_text(record, "userIdentity", "accessKeyId")
    if not key:
        return {}
    created = get_value(record, "userIdentity", "sessionContext", "attributes", "creationDate")
    return build_token(_get_kind(key), key) | {"token.issued_at": read_lesser_time(created)}


def _get_kind(key: str) -> str:
    """By AWS's prefixes: ASIA is a temporary key, AKIA one that stays."""
    return "session" if key.startswith("ASIA") else "access_key"


def _build_resource(record: dict[str, Any]) -> dict[str, Any]:
    resource = get_first_item(record.get("resources"))
    arn = get_text(resource, "ARN") or get_text(resource, "arn")
    if arn:
        return {"resource.id": arn, "resource.type": get_text(resource, "type")}
    parameters = record.get("requestParameters")
    for name in RESOURCE_PARAMETERS:
        if identifier := get_text(parameters, name):
            kind = name.removesuffix("Arn").removesuffix("Id").removesuffix("Name")
            return {"resource.id": identifier, "resource.type": kind}
    return {}


def _build_issued_token(record: dict[str, Any], name: str, used: dict[str, Any]) -> dict[str, Any] | None:
    """The key that this call made, issued to whom it will act as."""
    response = record.get("responseElements")
    parent = used.get("token.fingerprint")
    if name == "CreateAccessKey" and (key := get_text(response, "accessKey", "accessKeyId")):
        owner = get_text(response, "accessKey", "userName")
        account = get_text(record, "userIdentity", "accountId")
        owner_fields = (
            {"user.id": f"arn:aws:iam::{account}:user/{owner}", "user.name": owner} if owner and account else {}
        )
        return {
            **build_token("access_key", key),
            **owner_fields,
            "token.operation": "token.issue",
            "token.parent_fingerprint": parent,
        }
    key = get_text(response, "credentials", "accessKeyId")
    if name not in ISSUES or key is None:
        return None
    expires = get_value(response, "credentials", "expiration")
    holder = _find_holder(record)
    return {
        **build_token(_get_kind(key), key),
        **({"user.id": holder} if holder else {}),
        "token.operation": "token.issue",
        "token.parent_fingerprint": parent,
        "token.expires_at": read_lesser_time(expires),
    }


def _find_holder(record: dict[str, Any]) -> str | None:
    """The ARN that the new key acts as. For services (EC2, Lambda …) the response lacks it, so it is built from the request."""
    response, parameters = record.get("responseElements"), record.get("requestParameters")
    arn = get_text(response, "assumedRoleUser", "arn") or get_text(response, "federatedUser", "arn")
    role, session = get_text(parameters, "roleArn"), get_text(parameters, "roleSessionName")
    if arn or role is None or session is None:
        return arn
    match = _ROLE.match(role)
    return f"arn:{match['partition']}:sts::{match['account']}:assumed-role/{match['name']}/{session}" if match else None


def _build_ended_token(record: dict[str, Any], name: str) -> dict[str, Any] | None:
    """A key that this call ended, or brought back."""
    parameters = record.get("requestParameters")
    key = get_text(parameters, "accessKeyId")
    status = get_text(parameters, "status")
    if key is None or name not in ("DeleteAccessKey", "UpdateAccessKey"):
        return None
    fields = build_token(_get_kind(key), key)
    if name == "DeleteAccessKey" or status == "Inactive":
        return {
            **fields,
            "token.operation": "token.revoke",
            "token.revocation.scope": "token",
            "token.revocation.reason": name,
        }
    return {**fields, "token.operation": "token.restore"} if status == "Active" else None
