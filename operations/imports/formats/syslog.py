"""Converts lines of syslog (RFC 5424) as shippers send them.

They come by rsyslog's own template for omelasticsearch, or as Fluent Bit, Vector, Logstash and Data Prepper name the same.

A line is about the host that it is from. It says in words what happened, so its action is the program's name.
"""

from typing import Any

from operations.imports.formats.values import get_first, get_text, to_text, to_time

TIMES = ("@timestamp", "timereported", "timestamp", "time", "date", "timegenerated")
MESSAGES = ("message", "msg", "log", "MESSAGE")
HOSTS = ("fromhost", "hostname", "host", "_HOSTNAME", "HOSTNAME")
PROGRAMS = ("appname", "programname", "app-name", "app_name", "ident", "program", "SYSLOG_IDENTIFIER", "syslogtag")
SEVERITIES = ("severity", "priority", "level", "severity_label", "pri")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a line. Raises ValueError."""
    time = get_first(record, *TIMES)
    if time is None or not any(name in record for name in MESSAGES):
        raise ValueError("it has no time or message")
    program = _read_name(record, *PROGRAMS) or _read_name(record, "process")
    facility = _read_name(record, "facility", "facility_label")
    labels = {
        "facility": facility,
        "severity": _read_name(record, *SEVERITIES),
        "pid": _read_name(record, "procid", "pid") or get_text(record, "process", "pid"),
    }
    host = _read_name(record, *HOSTS)
    return [
        {
            "@timestamp": to_time(time),
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
