"""A real rsyslog writes to the trail with its stock output and its stock template, and loses nothing."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from opensearchpy.exceptions import TransportError

from tests.support import rsyslog
from tests.support.factories.ingest import stored
from tests.support.web_server import Web
from trail.connection import Trail


def _server(web: Web) -> str:
    return f"http://127.0.0.1:{web.port}/api/v1/ingest/"


def _arrived(trail: Trail, count: int) -> list[str]:
    """The messages in the trail, when there are so many; the test's own time limit ends a wait in vain."""
    messages: dict[str, dict[str, Any]] = {}
    while len(messages) < count:
        time.sleep(0.2)
        with suppress(TransportError):  # while the first index is being made it cannot be searched
            messages = stored(trail)
    return sorted(event["message"] for event in messages.values())


def test_what_is_logged_is_in_the_trail_once(web: Web, trail: Trail, tmp_path: Path) -> None:
    lines = [f"Accepted publickey for user{number} from 192.0.2.7 port {number}" for number in range(500)]
    hostile = ['say "hello" \\ and \t tab', "ünïcödé 漢字", '{"delete":{"_id":"1"}}', "half\\u0000 \\ud800 text"]
    with rsyslog.running(tmp_path / "rsyslog", _server(web), web.keys["syslog"]) as port:
        rsyslog.say(port, lines + hostile)
        messages = _arrived(trail, len(lines) + len(hostile))
    assert set(lines) < set(messages)
    assert '{"delete":{"_id":"1"}}' in messages
    logged = next(event for event in stored(trail).values() if event["message"].startswith("Accepted"))
    assert logged["resource"] == {"type": "host", "id": "berlin-7"}
    assert logged["labels"] == {"facility": "auth", "severity": "info"}
    assert (logged["event"]["dataset"], logged["writer"]) == ("test", {"id": "tokens-1"})


def test_nothing_is_lost_or_doubled_while_the_console_is_killed_and_started_again(
    web: Web, trail: Trail, tmp_path: Path
) -> None:
    lines = [f"line {number}" for number in range(2_000)]
    with rsyslog.running(tmp_path / "rsyslog", _server(web), web.keys["syslog"]) as port:
        for start in range(0, len(lines), 1_000):
            rsyslog.say(port, lines[start : start + 500])
            _arrived(trail, start + 50)
            web.kill()
            rsyslog.say(port, lines[start + 500 : start + 1_000])
            web.start()
        messages = _arrived(trail, len(lines))
    assert messages == sorted(lines)


def test_what_the_engine_does_not_take_is_sent_again_and_what_is_invalid_is_not(
    web: Web, trail: Trail, tmp_path: Path
) -> None:
    with rsyslog.running(tmp_path / "rsyslog", _server(web), web.keys["syslog"]) as port:
        rsyslog.say(port, ["first"])
        _arrived(trail, 1)
        trail.client.indices.put_settings(index=trail.events, body={"index.blocks.write": True})
        rsyslog.say(port, ["second", "not taken for good: fm2_" + "x" * 40])
        while "Service Unavailable: /api/v1/ingest" not in web.log.read_text():
            time.sleep(0.1)
        trail.client.indices.put_settings(index=trail.events, body={"index.blocks.write": False})
        assert _arrived(trail, 3)[0] == "first"
