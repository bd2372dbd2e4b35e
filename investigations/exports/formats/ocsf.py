"""Writes an export as events of the Open Cybersecurity Schema Framework 1.2 (https://schema.ocsf.io/1.2.0), one a line.

An operation with a token is API Activity (6003): the operation is the API's, the token is the actor's session. What the
framework has no place for stands under `unmapped`, by the trail's own names. A statement is a Base Event (0).
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from investigations.exports.formats.csv import COLUMNS
from investigations.exports.rows import ExportRow
from trail.documents import flatten
from trail.schema import Operation
from trail.times import parse_time

VERSION = "1.2.0"
API_ACTIVITY, APPLICATION, BASE_EVENT, UNCATEGORIZED = 6003, 6, 0, 0
INFORMATIONAL = 1
CREATE, READ, UPDATE, DELETE, OTHER = 1, 2, 3, 4, 99
_ACTIVITIES = {
    Operation.ISSUE: CREATE,
    Operation.ATTENUATE: CREATE,
    Operation.VERIFY: READ,
    Operation.AUTHORIZE: READ,
    Operation.DISCHARGE: READ,
    Operation.REVOKE: DELETE,
    Operation.RESTORE: UPDATE,
    Operation.KEY_ROTATE: UPDATE,
}
_STATUSES = {"success": (1, "Success"), "failure": (2, "Failure")}
_MILLISECOND = 1_000_000  # nanoseconds
# Where a field of ours stands in an API Activity.
PLACES = {
    "user.id": "actor.user.uid", "user.name": "actor.user.name", "user.full_name": "actor.user.full_name",
    "user.email": "actor.user.email_addr", "organization.id": "actor.user.org.uid",
    "organization.name": "actor.user.org.name",
    "token.id": "actor.session.uid", "token.fingerprint": "actor.session.uid_alt",
    "event.action": "api.operation", "service.name": "api.service.name", "http.request.id": "api.request.uid",
    "source.ip": "src_endpoint.ip", "source.address": "src_endpoint.name", "source.port": "src_endpoint.port",
    "source.geo.country_iso_code": "src_endpoint.location.country",
    "source.geo.region_name": "src_endpoint.location.region", "source.geo.city_name": "src_endpoint.location.city",
    "source.as.number": "src_endpoint.autonomous_system.number",
    "source.as.organization.name": "src_endpoint.autonomous_system.name",
    "http.request.method": "http_request.http_method", "user_agent.original": "http_request.user_agent",
    "url.path": "http_request.url.path", "url.domain": "http_request.url.hostname",
    "event.id": "metadata.uid", "@timestamp": "metadata.original_time", "event.dataset": "metadata.log_name",
    "event.sequence": "metadata.sequence", "trace.id": "metadata.correlation_uid",
    "event.reason": "status_detail", "event.outcome": "status",
}  # fmt: skip
_PATHS = {name: tuple(place.split(".")) for name, place in PLACES.items()}
_RESOURCE = {"resource.id": "uid", "resource.type": "type", "resource.name": "name"}
_TIMES = {"token.expires_at": ("actor", "session", "expiration_time"), "event.ingested": ("metadata", "logged_time")}
_SKIPPED = {"raw", "event.original", *_RESOURCE, *_TIMES, *PLACES}


def lines(rows: Iterable[ExportRow]) -> Iterator[tuple[bytes, bool]]:
    """Each row as one event, and that it is an entry."""
    for row in rows:
        event = _build_event(row) if row.statement is None else _build_statement(row)
        if row.redaction:
            event["unmapped"]["redaction"] = row.redaction
        yield orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE), True


def _build_event(row: ExportRow) -> dict[str, Any]:
    fields = dict(flatten(row.document))
    activity = _ACTIVITIES.get(fields.get("token.operation", ""), OTHER)
    event = _build_base(row, fields["@timestamp"], class_uid=API_ACTIVITY, category_uid=APPLICATION, activity=activity)
    for name, value in fields.items():
        if value == []:  # of an event that was written before these were refused
            continue
        if name == "source.ip" and isinstance(value, list):
            _put(event, ("src_endpoint", "ip"), value[0])
            _put(event, ("src_endpoint", "intermediate_ips"), value[1:])
        elif path := _PATHS.get(name):
            _put(event, path, value)
        elif path := _TIMES.get(name):
            _put(event, path, parse_time(value) // _MILLISECOND)
    event["status_id"], event["status"] = _STATUSES.get(str(fields.get("event.outcome")), (0, "Unknown"))
    resource = {place: fields[name] for name, place in _RESOURCE.items() if name in fields}
    if resource:
        event["resources"] = [resource]
    if "event.original" in fields:
        event["raw_data"] = fields["event.original"]
    event["unmapped"] |= {name: value for name, value in fields.items() if name in COLUMNS and name not in _SKIPPED}
    _fill_required(event, fields)
    return event


def _fill_required(event: dict[str, Any], fields: dict[str, Any]) -> None:
    """Put a name where the framework asks for one and the event has none."""
    service = str(fields.get("service.name") or fields.get("writer.id") or "unknown")
    user = event.setdefault("actor", {}).get("user", {})
    if user and not user.keys() & {"uid", "name"}:
        event["unmapped"]["user"] = event["actor"].pop("user")
    if not event["actor"].keys() & {"user", "session"}:
        event["actor"]["app_name"] = service
    endpoint = event.setdefault("src_endpoint", {})
    if not endpoint.keys() & {"ip", "name"}:
        endpoint["name"] = "unknown"
    location = endpoint.get("location", {})
    if location and not location.keys() & {"city", "country", "region"}:
        event["unmapped"]["source.geo"] = endpoint.pop("location")
    url = event.get("http_request", {}).get("url", {})
    if url and "path" not in url:
        event["unmapped"]["url.domain"] = event["http_request"].pop("url")["hostname"]


def _build_statement(row: ExportRow) -> dict[str, Any]:
    time = str(row.document["@timestamp"])
    event = _build_base(row, time, class_uid=BASE_EVENT, category_uid=UNCATEGORIZED, activity=OTHER)
    event["metadata"]["original_time"] = time
    event["unmapped"]["statement"] = row.statement
    return event


def _build_base(row: ExportRow, time: str, *, class_uid: int, category_uid: int, activity: int) -> dict[str, Any]:
    own = {**row.evidence_fields(), "sha256": row.digest} | ({} if row.leaf is None else {"leaf": row.leaf})
    return {
        "activity_id": activity,
        "category_uid": category_uid,
        "class_uid": class_uid,
        "type_uid": class_uid * 100 + activity,
        "severity_id": INFORMATIONAL,
        "time": parse_time(time) // _MILLISECOND,
        "message": row.write_sentence(),
        "metadata": {"version": VERSION, "product": {"name": "Audit Console", "vendor_name": "Audit Console"}},
        "unmapped": {"export": own},
    }


def _put(event: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *parents, last = path
    for parent in parents:
        event = event.setdefault(parent, {})
    event[last] = value
