"""Converts lines of syslog (RFC 5424 and 3164): as they stand in a file, and as shippers send them.

They come by rsyslog's own template for omelasticsearch, by syslog-ng's names, from journald, from the OpenTelemetry Collector, or
as Fluent Bit, Vector, Logstash and Data Prepper name the same. Names are read in any case.

A line is about the host that it is from. It says in words what happened, so its action is the program's name.
"""

from typing import Any

from operations.imports.formats.syslog_lines import parse_header
from operations.imports.formats.times import find_time
from operations.imports.formats.values import get_first, get_text, to_text

SIGNS = (
    ("MESSAGE", "__REALTIME_TIMESTAMP"),
    ("timereported", "hostname"),
    ("fromhost", "msg"),
    ("PROGRAM", "MESSAGE"),
    ("hostname", "appname"),
)
TIMES = (
    "@timestamp", "timereported", "timestamp", "time", "date", "isodate", "timegenerated", "__realtime_timestamp",
    "_source_realtime_timestamp", "observedtimestamp",
)  # fmt: skip
MESSAGES = ("message", "msg", "log", "body")
HOSTS = ("fromhost", "hostname", "host", "_hostname", "host_from")
PROGRAMS = (
    "appname",
    "programname",
    "app-name",
    "app_name",
    "ident",
    "program",
    "syslog_identifier",
    "syslogtag",
    "_comm",
)
SEVERITIES = ("severity", "priority", "level", "severity_label", "pri", "severitytext")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a line. Raises ValueError."""
    record = {name.lower(): value for name, value in record.items()}
    if not any(name in record for name in MESSAGES):
        raise ValueError("it has no message")
    if get_first(record, *TIMES) is None:
        record = record | parse_header(_read_name(record, *MESSAGES) or "")
    if get_first(record, *TIMES) is None:
        raise ValueError("it has no time, and its message has no header of syslog")
    program = _read_name(record, *PROGRAMS) or _read_name(record, "process")
    facility = _read_name(record, "facility", "facility_label", "syslog-facility-text")
    labels = {
        "facility": facility,
        "severity": _read_name(record, *SEVERITIES) or get_text(record, "severity", "text"),
        "pid": _read_name(record, "procid", "pid", "_pid") or get_text(record, "process", "pid"),
        "assumed_year": get_text(record, "assumed_year"),
    }
    host = _read_name(record, *HOSTS)
    return [
        {
            "@timestamp": find_time(*(record.get(name) for name in TIMES)),
            "event.id": None,
            "event.action": program or facility or "log",
            "event.outcome": "unknown",
            "service.name": program,
            "resource.type": "host" if host else None,
            "resource.id": host,
            "message": _read_name(record, *MESSAGES),
            "labels": {name: value for name, value in labels.items() if value} or None,
        }
    ]


def _read_name(record: dict[str, Any], *names: str) -> str | None:
    """The first of these that says something; ECS keeps the name of a host or a process within it."""
    for name in names:
        value = record.get(name)
        if isinstance(value, dict):
            value = get_first(value, "name", "hostname")
        if text := to_text(value):
            return text.strip() or None
    return None
