"""Teleport: certificates and sessions are tokens."""

import json

from tests.support.factories.logs import LOGS, events, flat

RECORDS = [json.loads(line) for line in (LOGS / "teleport-panther.ndjson").read_text().splitlines()]


def _first(action: str) -> dict[str, object]:
    return flat(events("teleport", next(record for record in RECORDS if record["event"] == action))[0])


def test_a_certificate_is_issued_until_it_expires() -> None:
    certificate = _first("cert.create")
    assert certificate["token.operation"] == "token.issue"
    assert str(certificate["token.expires_at"]).startswith("20")


def test_a_session_starts_and_is_used() -> None:
    assert _first("session.start")["token.operation"] == "token.issue"
    assert _first("session.command")["token.operation"] == "token.authorize"
    assert _first("session.start")["source.port"] == 35194


def test_an_address_in_brackets_is_an_address() -> None:
    record = {"event": "user.login", "time": "2026-11-24T09:30:00Z", "addr.remote": "[2001:db8::face]:65123"}
    event = flat(events("teleport", record)[0])
    assert (event["source.ip"], event["source.port"]) == ("2001:db8::face", 65123)
