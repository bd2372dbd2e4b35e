"""Lines of syslog as rsyslog, Fluent Bit, Vector, Logstash and Data Prepper send them."""

from typing import Any

import pytest

from tests.support.factories.logs import events, flat
from trail.errors import InvalidEvent

AT = "2026-11-24T09:30:00Z"
RSYSLOG = {
    "message": " Accepted publickey",
    "fromhost": "berlin-7",
    "facility": "auth",
    "priority": "info",
    "timereported": "2026-11-24T10:30:00+01:00",
    "timegenerated": "2026-11-24T10:30:01+01:00",
}
FLUENT_BIT = {
    "@timestamp": "2026-11-24T09:30:00.000Z",
    "pri": "38",
    "host": "berlin-7",
    "ident": "sshd",
    "pid": "4711",
    "message": "Accepted publickey",
}
VECTOR = {
    "timestamp": AT,
    "hostname": "berlin-7",
    "appname": "sshd",
    "procid": 4711,
    "facility": "auth",
    "severity": "info",
    "message": "Accepted publickey",
    "source_type": "syslog",
    "host": "192.0.2.1",
}
LOGSTASH = {
    "@timestamp": AT,
    "@version": "1",
    "host": {"hostname": "berlin-7"},
    "process": {"name": "sshd", "pid": 4711},
    "message": "Accepted publickey",
    "severity_label": "Informational",
    "facility_label": "security",
}


@pytest.mark.parametrize(
    ("record", "action", "labels"),
    [
        (RSYSLOG, "auth", {"facility": "auth", "severity": "info"}),
        (FLUENT_BIT, "sshd", {"pid": "4711", "severity": "38"}),
        (VECTOR, "sshd", {"facility": "auth", "severity": "info", "pid": "4711"}),
        (LOGSTASH, "sshd", {"facility": "security", "severity": "Informational", "pid": "4711"}),
        ({"date": 1763976600.5, "log": "Accepted publickey", "host": "berlin-7"}, "log", None),
    ],
)
def test_each_shippers_line_says_when_where_and_what(
    record: dict[str, Any], action: str, labels: dict[str, str] | None
) -> None:
    (event,) = events("syslog", record)
    fields = flat(event)
    assert fields["@timestamp"].startswith(("2026-11-24T09:30:00", "2025-11-24T09:30:00.5"))
    assert fields["resource.id"] == "berlin-7"
    assert fields["message"] == "Accepted publickey"
    assert (fields["event.action"], fields["event.outcome"]) == (action, "unknown")
    assert event.get("labels") == labels


def test_the_same_line_is_the_same_event_and_another_time_another() -> None:
    def identity(record: dict[str, Any]) -> str:
        return str(events("syslog", record)[0]["event"]["id"])

    assert identity(RSYSLOG) == identity(dict(RSYSLOG))
    assert identity(RSYSLOG) != identity({**RSYSLOG, "timereported": "2026-11-24T10:30:02+01:00"})


def test_a_line_that_says_nothing_is_kept() -> None:
    (event,) = events("syslog", {**RSYSLOG, "message": ""})
    assert "message" not in event
    assert event["event"]["original"]


@pytest.mark.parametrize(
    "record", [{"message": "no time"}, {"@timestamp": AT}, {"@timestamp": "soon", "message": "x"}, {}]
)
def test_what_is_no_line_of_a_log_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent, match="is no syslog record"):
        events("syslog", record)
