"""Converts lines of the Common Event Format, alone or behind the header of a line of syslog.

The format: https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors/pdfdoc/cef-implementation-standard/
"""

import re
from typing import Any

from operations.imports.formats.syslog_lines import parse_header
from operations.imports.formats.times import find_time
from operations.imports.formats.values import build_source, build_user_agent, get_first, get_text

SIGNS: tuple[tuple[str, ...], ...] = ()
_HEADER = ("version", "vendor", "product", "device_version", "signature", "name", "severity")
_CEF = re.compile(r"CEF:\s?(?=\d+\|)")
_PIPE = re.compile(r"(?<!\\)\|")
_KEY = re.compile(r"(?:^|(?<=\s))([A-Za-z0-9_.\[\]-]{1,60})=")
_ESCAPED = re.compile(r"\\([\\|=nr])")
_LETTERS = {"n": "\n", "r": "\r"}
_FAILED = re.compile(
    r"\b(?:fail(?:s|ed)?|failures?|den(?:y|ies|ied)|block(?:s|ed)?|reject(?:s|ed)?|drop(?:s|ped)?|refused?"
    r"|un-?success(?:ful(?:ly)?)?|dis-?allow(?:s|ed)?|un-?authori[sz]ed"
    r"|(?:not|un|non)[ _-]?(?:success(?:ful)?|succeeded|allowed|accepted|permitted|passed|authori[sz]ed))\b",
    re.IGNORECASE,
)
_SUCCEEDED = re.compile(
    r"\b(?:success(?:es|ful(?:ly)?)?|succeed(?:s|ed)?|allow(?:s|ed)?|accept(?:s|ed)?|permit(?:s|ted)?|pass(?:es|ed)?"
    r"|(?:not|un)[ _-]?(?:denied|blocked|rejected|dropped))\b",
    re.IGNORECASE,
)
_WITHIN_NAME = re.compile(r"_|(?<=[a-z])(?=[A-Z])")  # LoginFailed, login_failed
_OPPOSITE = re.compile(r"\b(?:not|un)[ _-]?(?:denied|blocked|rejected|dropped)\b", re.IGNORECASE)
_LONGEST_HEADER = 300  # characters of syslog before it
_TIMES = ("rt", "start", "end", "deviceReceiptTime")
_LINES = ("message", "msg", "log", "line", "MESSAGE")


def convert(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The event of a line, which stands in `message`. Raises ValueError."""
    line = next((text for name in _LINES if (text := get_text(record, name)) and _CEF.search(text)), None)
    if line is None:
        raise ValueError("it has no line of CEF")
    header, values = parse_line(line)
    outer = parse_header(line[: _CEF.search(line).start()] + "-")  # type: ignore[union-attr]  # it is there
    labels = {"severity": header["severity"], "assumed_year": _find_assumed_year(values, outer)}
    result = get_text(values, "outcome") or get_text(values, "act") or ""
    user = get_text(values, "suser") or get_text(values, "duser")
    return [
        {
            "@timestamp": find_time(
                *(values.get(name) for name in _TIMES),
                outer.get("timestamp"),
                *(record.get(name) for name in ("@timestamp", "timestamp", "time")),
            ),
            "event.id": get_text(values, "externalId") and f"{header['vendor']}:{values['externalId']}",
            "event.action": header["name"] or header["signature"],
            "event.outcome": _read_outcome(result),
            "event.reason": get_text(values, "reason"),
            "service.name": f"{header['vendor']} {header['product']}".strip(),
            "host.name": get_text(values, "dvchost") or get_text(outer, "hostname"),
            "user.id": user or get_text(values, "suid"),
            "user.name": user,
            "resource.type": "host" if get_first(values, "dhost", "dst") else None,
            "resource.id": get_text(values, "dhost") or get_text(values, "dst"),
            "url.path": get_text(values, "request"),
            "http.request.method": get_text(values, "requestMethod"),
            "message": get_text(values, "msg"),
            "labels": {name: value for name, value in labels.items() if value} or None,
            **build_source(get_first(values, "src", "sourceAddress", "shost", "c6a2")),
            **build_user_agent(values.get("requestClientApplication")),
        }
    ]


def _read_outcome(result: str) -> str:
    """By a whole word, and by the opposite where one is denied: what was not allowed failed, and what was unblocked did not."""
    words = _WITHIN_NAME.sub(" ", result)
    if _FAILED.search(_OPPOSITE.sub("", words)):
        return "failure"
    return "success" if _SUCCEEDED.search(words) else "unknown"


def _find_assumed_year(values: dict[str, str], outer: dict[str, Any]) -> str | None:
    """The year that nobody wrote, where the time is that of the header of syslog."""
    try:
        find_time(*(values.get(name) for name in _TIMES))
    except ValueError:
        return get_text(outer, "assumed_year")
    return None


def is_line(text: str) -> bool:
    """Whether a line begins with an event of CEF, or holds one within its first part."""
    return _CEF.search(text[:_LONGEST_HEADER]) is not None


def parse_line(line: str) -> tuple[dict[str, str], dict[str, str]]:
    """The header by its names, and the extension by its keys. Raises ValueError."""
    match = _CEF.search(line)
    parts = _PIPE.split(line[match.end() :], maxsplit=len(_HEADER)) if match else []
    if len(parts) < len(_HEADER):
        raise ValueError("its header has fewer than seven parts")
    header = {name: _unescape(part).strip() for name, part in zip(_HEADER, parts, strict=False)}
    extension = parts[len(_HEADER)] if len(parts) > len(_HEADER) else ""
    keys = list(_KEY.finditer(extension))
    ends = [key.start() for key in keys[1:]] + [len(extension)]
    values = {
        key[1]: _unescape(extension[key.end() : end].strip())
        for key, end in zip(keys, ends, strict=True)
        if extension[key.start() - 1 : key.start()] != "\\"
    }
    return header, {name: value for name, value in values.items() if value}


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda match: _LETTERS.get(match[1], match[1]), text)
