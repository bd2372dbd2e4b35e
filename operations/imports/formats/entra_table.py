"""Gives the columns of the tables that Entra's portal exports the names that its records have elsewhere."""

import re
from typing import Any

# By the English names of the columns, which the portal writes in every language's export of 2024 and later.
_SIGN_IN = {
    "Date (UTC)": "createdDateTime",
    "Creation time (UTC)": "createdDateTime",
    "Request ID": "id",
    "User agent": "userAgent",
    "Correlation ID": "correlationId",
    "User ID": "userId",
    "User": "userDisplayName",
    "Username": "userPrincipalName",
    "Application": "appDisplayName",
    "Application ID": "appId",
    "Resource": "resourceDisplayName",
    "Resource ID": "resourceId",
    "IP address": "ipAddress",
    "Unique token identifier": "uniqueTokenIdentifier",
    "Service principal ID": "servicePrincipalId",
    "Service principal name": "servicePrincipalName",
    "Home tenant ID": "tenantId",
}
_AUDIT = {
    "Date (UTC)": "activityDateTime",
    "CorrelationId": "correlationId",
    "Correlation ID": "correlationId",
    "Service": "loggedByService",
    "Category": "category",
    "Activity": "activityDisplayName",
    "Result": "result",
    "ResultReason": "resultReason",
}
_TARGET = re.compile(r"Target(\d+)(Type|DisplayName|ObjectId|UserPrincipalName)")
_TARGET_NAMES = {
    "Type": "type",
    "DisplayName": "displayName",
    "ObjectId": "id",
    "UserPrincipalName": "userPrincipalName",
}
_OUTCOMES = {"success": "0", "failure": "1", "interrupted": "interrupted"}


def name_columns(record: dict[str, Any]) -> dict[str, Any]:
    """A row as the Graph API would give it; every other record as it is."""
    if "Date (UTC)" not in record and "Creation time (UTC)" not in record:
        return record
    return _name_audit(record) if record.get("Activity") else _name_sign_in(record)


def _name_sign_in(record: dict[str, Any]) -> dict[str, Any]:
    named = {_SIGN_IN[name]: value for name, value in record.items() if name in _SIGN_IN and value not in ("", None)}
    code = record.get("Sign-in error code") or _OUTCOMES.get(str(record.get("Status") or "").lower(), "")
    reason = record.get("Failure reason")
    named["status"] = {"errorCode": code, "failureReason": reason if reason != "Other." else None}
    city, state, country = ([*str(record.get("Location") or "").split(", "), "", ""])[:3]
    named["location"] = {"city": city, "state": state, "countryOrRegion": country}
    return named


def _name_audit(record: dict[str, Any]) -> dict[str, Any]:
    named = {_AUDIT[name]: value for name, value in record.items() if name in _AUDIT and value not in ("", None)}
    person = {
        "id": record.get("ActorObjectId"),
        "displayName": record.get("ActorDisplayName"),
        "userPrincipalName": record.get("ActorUserPrincipalName"),
        "ipAddress": record.get("IPAddress") or record.get("IP address"),
    }
    named["initiatedBy"] = {"user": {name: value for name, value in person.items() if value}}
    targets: dict[str, dict[str, Any]] = {}
    for column, value in record.items():
        if value and (match := _TARGET.fullmatch(column)):
            targets.setdefault(match[1], {})[_TARGET_NAMES[match[2]]] = value
    named["targetResources"] = [targets[number] for number in sorted(targets, key=int)]
    return named
