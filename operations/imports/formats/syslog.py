"""Lines of syslog (RFC 5424) as shippers send them: rsyslog's own template for omelasticsearch, and how Fluent Bit, Vector,
Logstash and Data Prepper name the same things.

A line is about the host that it is from. It says in words what happened, so its action is the program's name.
"""

from typing import Any

from operations.formats.values import at, first, text, time

TIMES = ("@timestamp", "timereported", "timestamp", "time", "date", "timegenerated")
MESSAGES = ("message", "msg", "log", "MESSAGE")
HOSTS = ("fromhost", "hostname", "host", "_HOSTNAME", "HOSTNAME")
PROGRAMS = ("appname", "programname", "app-name", "app_name", "ident", "program", "SYSLOG_IDENTIFIER", "syslogtag")
SEVERITIES = ("severity", "priority", "level", "severity_label", "pri")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    moment = first(record, *TIMES)
    if moment is None or not any(name in record for name in MESSAGES):
        raise ValueError("it has no time or message")
    program = _said(record, *PROGRAMS) or _said(record, "process")
    facility = _said(record, "facility", "facility_label")
    labels = {
        "facility": facility,
        "severity": _said(record, *SEVERITIES),
        "pid": _said(record, "procid", "pid") or text(at(record, "process", "pid")),
    }
    host = _said(record, *HOSTS)
    return [
        {
            "@timestamp": time(moment),
            "event.id": None,
            "event.action": program or facility or "log",
            "event.outcome": "unknown",
            "service.name": program,
            "resource.type": "host" if host else None,
            "resource.id": host,
            "message": _said(record, *MESSAGES),
            "labels": {name: value for name, value in labels.items() if value} or None,
        }
    ]


def _said(record: dict[str, Any], *names: str) -> str | None:
    """The first of these that says something; ECS keeps the name of a host or a process within it."""
    for name in names:
        value = record.get(name)
        if isinstance(value, dict):
            value = first(value, "name", "hostname")
        if found := text(value):
            return found.strip() or None
    return None
