"""The header of a line of syslog in each of its forms."""

from datetime import UTC, datetime

import pytest

from operations.imports.formats.syslog_lines import is_line, parse_header

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        # RFC 5424, 6.5
        (
            "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed",
            {"facility": "auth", "severity": "crit", "hostname": "mymachine.example.com", "appname": "su", "message": "'su root' failed"},
        ),
        (
            '<165>1 2003-10-11T22:14:15.003Z host evntslog - ID47 [a@1 iut="3" x="\\]"][b@1 c="d"] An event',
            {"facility": "local4", "appname": "evntslog", "structured": '[a@1 iut="3" x="\\]"][b@1 c="d"]', "message": "An event"},
        ),
        # RFC 3164, 5.4
        (
            "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
            {"timestamp": "Oct 11 22:14:15 2026", "assumed_year": "2026", "hostname": "mymachine", "appname": "su"},
        ),
        ("Dec 31 23:59:59 host cron[7]: x", {"timestamp": "Dec 31 23:59:59 2025", "procid": "7", "message": "x"}),
        ("Feb 29 12:00:00 host app: x", {"timestamp": "Feb 29 12:00:00 2024"}),
        ("2026-11-01T00:00:00+01:00 host systemd[1]: Stopped", {"appname": "systemd", "procid": "1", "message": "Stopped"}),
        ("<13>no header", {"facility": "user", "severity": "notice", "message": "no header"}),
    ],
)  # fmt: skip
def test_a_line_is_taken_apart(line: str, parts: dict[str, str]) -> None:
    assert is_line(line)
    assert parts.items() <= parse_header(line, NOW).items()


@pytest.mark.parametrize("line", ["", "  continued", "with another line", "{}", "time,user"])
def test_what_does_not_begin_as_a_line_does_is_none(line: str) -> None:
    assert not is_line(line)
    assert parse_header(line, NOW) == {}
