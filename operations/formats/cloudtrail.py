"""AWS CloudTrail records (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html).

An access key or a session's key is a token. A call made with one is its use; AssumeRole and its like also issue one,
which makes a second event `…:issue`, and ending or reviving a key one of `…:revoke` or `…:restore`. `user.id` is the
principal's ARN as later calls with the new key will carry it, so that the three questions meet their events.
"""

import re
from typing import Any

from operations.formats.values import agent, at, fingerprint, first, source, text, time, token

ISSUES = {
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "AssumeRoot",
    "GetSessionToken",
    "GetFederationToken",
}
# A role's path is no part of the name that its sessions carry.
_ROLE = re.compile(r"^arn:(?P<partition>[\w-]+):iam::(?P<account>\d+):role/(?:.*/)?(?P<name>[^/]+)$")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    name = text(record.get("eventName"))
    moment = first(record, "eventTime", "@timestamp", "p_event_time")
    if name is None or moment is None:
        raise ValueError("it has no eventName or eventTime")
    problem = text(record.get("errorCode"))
    common = {
        "@timestamp": time(moment),
        "event.id": text(record.get("eventID")),
        "event.action": name,
        "event.outcome": _outcome(record, problem),
        "event.reason": problem,
        "service.name": text(record.get("eventSource")),
        "organization.id": text(at(record, "userIdentity", "accountId")) or text(record.get("recipientAccountId")),
        "http.request.id": text(record.get("requestID")),
        "message": text(record.get("errorMessage")),
        **source(record.get("sourceIPAddress")),
        **agent(record.get("userAgent")),
    }
    if region := text(record.get("awsRegion")):
        # Where the service is, which says nothing of where the caller is: no source.geo.
        common["labels"] = {"aws_region": region}
    used = _used(record)
    call = common | _actor(record) | _resource(record) | used | {"trace.id": text(record.get("sharedEventID"))}
    if used:
        call["token.operation"] = "token.authorize"
    implied = [_issued(record, name, used), _ended(record, name)] if not problem else []
    return [call, *(common | _actor(record) | fields for fields in implied if fields)]


def _outcome(record: dict[str, Any], problem: str | None) -> str:
    signed_in = text(at(record, "responseElements", "ConsoleLogin"))
    return "failure" if problem or signed_in == "Failure" else "success"


def _actor(record: dict[str, Any]) -> dict[str, Any]:
    who = record.get("userIdentity")
    identity = text(at(who, "arn")) or text(at(who, "principalId")) or text(at(who, "invokedBy"))
    name = text(at(who, "userName")) or text(at(who, "sessionContext", "sessionIssuer", "userName"))
    return {"user.id": identity, "user.name": name, "user.roles": [kind] if (kind := text(at(who, "type"))) else None}


def _used(record: dict[str, Any]) -> dict[str, Any]:
    key = text(at(record, "userIdentity", "accessKeyId"))
    return token(_kind(key), key) if key else {}


def _kind(key: str) -> str:
    """By AWS's prefixes: ASIA is a temporary key, AKIA one that stays."""
    return "session" if key.startswith("ASIA") else "access_key"


def _resource(record: dict[str, Any]) -> dict[str, Any]:
    resources = record.get("resources")
    first = resources[0] if isinstance(resources, list) and resources else None
    arn = text(at(first, "ARN")) or text(at(first, "arn"))
    if arn:
        return {"resource.id": arn, "resource.type": text(at(first, "type"))}
    asked = record.get("requestParameters")
    for name in (
        "roleArn",
        "secretId",
        "bucketName",
        "instanceId",
        "userName",
        "roleName",
        "name",
        "keyId",
        "functionName",
    ):
        if found := text(at(asked, name)):
            return {
                "resource.id": found,
                "resource.type": name.removesuffix("Arn").removesuffix("Id").removesuffix("Name"),
            }
    return {}


def _issued(record: dict[str, Any], name: str, used: dict[str, Any]) -> dict[str, Any] | None:
    """The key that this call made, issued to whom it will act as."""
    answer = record.get("responseElements")
    parent = used.get("token.fingerprint")
    if name == "CreateAccessKey" and (key := text(at(answer, "accessKey", "accessKeyId"))):
        owner = text(at(answer, "accessKey", "userName"))
        account = text(at(record, "userIdentity", "accountId"))
        whose = {"user.id": f"arn:aws:iam::{account}:user/{owner}", "user.name": owner} if owner and account else {}
        return {
            **token("access_key", key),
            **whose,
            "token.operation": "token.issue",
            "token.parent_fingerprint": parent,
        }
    key = text(at(answer, "credentials", "accessKeyId"))
    if name not in ISSUES or key is None:
        return None
    expires = at(answer, "credentials", "expiration")
    whom = _whom(record)
    return {
        **token(_kind(key), key),
        **({"user.id": whom} if whom else {}),
        "token.operation": "token.issue",
        "token.parent_fingerprint": parent,
        "token.expires_at": time(expires) if expires is not None else None,
    }


def _whom(record: dict[str, Any]) -> str | None:
    """Whom the new key acts as. Services (EC2, Lambda …) get no such answer on record, so it is made from the asking."""
    answer, asked = record.get("responseElements"), record.get("requestParameters")
    told = text(at(answer, "assumedRoleUser", "arn")) or text(at(answer, "federatedUser", "arn"))
    role, session = text(at(asked, "roleArn")), text(at(asked, "roleSessionName"))
    if told or role is None or session is None:
        return told
    match = _ROLE.match(role)
    return f"arn:{match['partition']}:sts::{match['account']}:assumed-role/{match['name']}/{session}" if match else None


def _ended(record: dict[str, Any], name: str) -> dict[str, Any] | None:
    """A key that this call ended, or brought back."""
    asked = record.get("requestParameters")
    key = text(at(asked, "accessKeyId"))
    status = text(at(asked, "status"))
    if key is None or name not in ("DeleteAccessKey", "UpdateAccessKey"):
        return None
    fields = {"token.id": key, "token.fingerprint": fingerprint(key), "token.kind": _kind(key)}
    if name == "DeleteAccessKey" or status == "Inactive":
        return {
            **fields,
            "token.operation": "token.revoke",
            "token.revocation.scope": "token",
            "token.revocation.reason": name,
        }
    return {**fields, "token.operation": "token.restore"} if status == "Active" else None
