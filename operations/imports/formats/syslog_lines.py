"""Reads the header of a line of syslog: RFC 5424, RFC 3164, and the files that rsyslog and syslogd write.

The formats: https://www.rfc-editor.org/rfc/rfc5424#section-6, https://www.rfc-editor.org/rfc/rfc3164#section-4
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_PRIORITY = r"(?:\d{1,6} )?(?:<(?P<priority>\d{1,3})>)?"
_ISO = r"(?P<timestamp>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)"
_BSD = r"(?P<timestamp>[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d+)?(?: \d{4})?)"
_TAG = r"(?:(?P<appname>[^\s:\[\]]{1,80})(?:\[(?P<procid>[^\]\s]{1,40})\])?:? ?)?"
_RFC5424 = re.compile(
    rf"{_PRIORITY}1 (?:{_ISO}|-) (?P<hostname>\S+) (?P<appname>\S+) (?P<procid>\S+) (?P<msgid>\S+)"
    r"(?: (?P<structured>-|(?:\[(?:[^\]\\\"]|\\.|\"(?:[^\"\\]|\\.)*\")*\])+))?(?: (?P<message>.*))?",
    re.DOTALL,
)
_BY_TIME = tuple(
    re.compile(rf"{_PRIORITY}{time}:? (?:(?P<hostname>[^\s:\[\]]+) )?{_TAG}(?P<message>.*)", re.DOTALL)
    for time in (_ISO, _BSD)
)
_PRIORITY_ALONE = re.compile(r"<(?P<priority>\d{1,3})>(?P<message>.*)", re.DOTALL)
_FACILITIES = [
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
    "ntp",
    "security",
    "console",
    "solaris-cron",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
]
_SEVERITIES = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]
_YEAR = re.compile(r"\b\d{4}\b")


def is_line(text: str) -> bool:
    """Whether a line begins as one of syslog does, and is not the rest of the one before."""
    return any(form.match(text) for form in (_RFC5424, *_BY_TIME, _PRIORITY_ALONE))


def parse_header(line: str, now: datetime | None = None) -> dict[str, Any]:
    """The parts of a line by the names that rsyslog gives them; empty where it has no header.

    A time without a year is of the latest in which it is not after tomorrow, and `assumed_year` says so.
    """
    match = next((match for form in (_RFC5424, *_BY_TIME, _PRIORITY_ALONE) if (match := form.match(line))), None)
    if match is None:
        return {}
    parts: dict[str, Any] = {name: value for name, value in match.groupdict().items() if value not in (None, "-", "")}
    if (priority := parts.pop("priority", None)) is not None and int(priority) < 8 * len(_FACILITIES):
        parts["facility"], parts["severity"] = _FACILITIES[int(priority) // 8], _SEVERITIES[int(priority) % 8]
    time = parts.get("timestamp")
    if time and not _YEAR.search(time):
        parts["timestamp"] = complete_year(time, now or datetime.now(UTC))
        parts["assumed_year"] = parts["timestamp"][-4:]
    return parts


def complete_year(time: str, now: datetime) -> str:
    """`Mar 11 00:00:00` with the year behind it."""
    for year in (now.year + 1, now.year, now.year - 1, now.year - 2, now.year - 3, now.year - 4):
        try:
            moment = datetime.strptime(f"{time[:15]} {year}", "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
        except ValueError:  # 29 February of another year
            continue
        if moment < now + timedelta(days=1):
            return f"{time} {year}"
    return time
