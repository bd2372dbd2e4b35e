"""A lesser field never costs the record, and what was left out or taken out is said on the event."""

import base64
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.support.factories.logs import events, flat
from trail.connection import Trail
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Filter, Search

CALL = {"eventName": "GetObject", "eventTime": "2026-11-01T00:00:00Z", "eventID": "e-1", "sourceIPAddress": "192.0.2.7"}
DOCUMENT = {"@timestamp": "2026-11-01T00:00:00Z", "event": {"action": "x", "id": "e"}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token.expires_at", "next week"),
        ("source.geo.location", "here"),
        ("source.port", "many"),
        ("token.cache_hit", "perhaps"),
        ("event.sequence", 2**60),
        ("user.name", "x" * 9_000),
    ],
)
def test_a_field_that_does_not_fit_is_left_out_and_named(name: str, value: Any) -> None:
    (event,) = map(flat, events("ecs", {**DOCUMENT, name: value}))
    assert event["labels"] == {"left_out": name}
    assert name not in event


def test_several_are_all_named_and_the_others_stay() -> None:
    record = {
        **DOCUMENT,
        "token": {"expires_at": "soon", "cache_hit": 7},
        "user": {"id": "ann"},
        "labels": {"team": "red"},
    }
    (event,) = map(flat, events("ecs", record))
    assert event["labels"] == {"team": "red", "left_out": "token.expires_at, token.cache_hit"}
    assert event["user.id"] == "ann"


def test_an_unreadable_expiry_of_a_key_costs_no_issue() -> None:
    record = {
        **CALL, "eventName": "AssumeRole",
        "responseElements": {"credentials": {"accessKeyId": "ASIAX", "expiration": "some day"}},
    }  # fmt: skip
    _, issued = map(flat, events("cloudtrail", record))
    assert (issued["token.operation"], issued["labels"]["left_out"]) == ("token.issue", "token.expires_at")


def test_a_secret_that_was_taken_out_is_said_by_place_and_kind() -> None:
    token = base64.urlsafe_b64encode(
        b"0024location https://api.example\n0012identifier kid\n002fsignature " + b"\x00" * 32
    ).decode()
    (event,) = map(
        flat,
        events("cloudtrail", {**CALL, "requestParameters": {"headers": {"auth": f"Bearer {token[:50]}"}, "m": token}}),
    )
    assert (
        event["labels"]["removed_secrets"]
        == "requestParameters.m: macaroon; requestParameters.headers.auth: bearer header"
    )


def test_a_counter_in_base64_is_no_secret() -> None:
    counter = base64.urlsafe_b64encode(b"00\x01" + bytes(range(80))).decode()
    (event,) = events("cloudtrail", {**CALL, "requestParameters": {"marker": counter}})
    assert event["raw"]["requestParameters"]["marker"] == counter
    assert "removed_secrets" not in event.get("labels", {})


@pytest.mark.django_db
def test_every_address_of_an_event_is_one_by_which_it_is_found(trail: Trail, tmp_path: Path) -> None:
    record = {
        "uuid": "o-1", "eventType": "user.session.start", "published": "2026-11-01T00:00:00Z", "outcome": {"result": "SUCCESS"},
        "actor": {"id": "ann"}, "client": {"ipAddress": "198.51.100.77"},
        "request": {"ipChain": [{"ip": "2001:DB8::0:7#443"}, {"ip": "198.51.100.77"}]},
    }  # fmt: skip
    (tmp_path / "log").write_text(json.dumps(record))
    call_command("import_events", str(tmp_path / "log"), format="auto", rejects=tmp_path / "r", stdout=StringIO())
    trail.client.indices.refresh(index=trail.events)
    for query in ("source.ip:198.51.100.77", 'source.ip:"2001:db8::7"', "source.ip:2001:db8::/32"):
        (hit,) = execute.read_page(trail, Search(text=query), WHOLE_TRAIL, size=10).hits
        assert hit.document["source"]["ip"] == ["198.51.100.77", "2001:db8::7"]
    assert execute.count(trail, Search(filters=(Filter("source.ip", ("2001:db8::7",)),)), WHOLE_TRAIL) == 1
