"""`POST /api/v1/events`: an answer for every event, and no success for one that is not durable."""

import gzip
import json
import time
import zlib
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from operations.models import Incident, KeyScope, RejectedEvent, WriterKey
from operations.writers import keys
from tests.support.factories.events import event
from tests.support.factories.ingest import EVENTS, LINES, as_written, lines, send, stored
from tests.support.factories.keys import bearer, writer_key
from tests.trail.writing.test_writer import gateway
from trail.connection import Trail
from trail.documents import nest


def _own(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "writer": {"id": "tokens-1"}}


def test_one_event_is_durable_when_the_answer_is_200(client: Client, headers: dict[str, str], trail: Trail) -> None:
    response = client.post(EVENTS, event(id="one"), content_type="application/json", headers=headers)
    assert (response.status_code, response.json()) == (
        200,
        {"durable": 1, "events": [{"id": "one", "status": "created"}]},
    )
    events = stored(trail)
    assert as_written(events["one"])["writer"] == {"id": "tokens-1"}


def test_every_event_of_several_is_answered_for_in_order(client: Client, headers: dict[str, str], trail: Trail) -> None:
    first, again, wrong = event(id="a"), event(id="b"), event(id="c", user__name=7)
    send(client, headers, again)
    other = {**again, "message": "another"}
    response = send(client, headers, first, again, wrong, other, b"no JSON", first)
    assert response.status_code == 422
    answers = response.json()["events"]
    assert [(answer["id"], answer["status"]) for answer in answers] == [
        ("a", "created"),
        ("b", "existing"),
        ("c", "invalid"),
        ("b", "conflict"),
        ("", "invalid"),
        ("a", "existing"),
    ]
    assert (answers[2]["field"], answers[2]["expected"]) == ("user.name", "expected text")
    assert answers[4]["expected"].startswith("expected JSON")
    assert response.json()["durable"] == 3
    assert {name: as_written(document) for name, document in stored(trail).items()} == {
        "a": _own(first),
        "b": _own(again),
    }


def test_what_is_refused_is_kept_with_its_reason_and_is_an_incident(
    client: Client, headers: dict[str, str], trail: Trail
) -> None:
    send(client, headers, event(id="b"))
    send(client, headers, event(id="b", message="another"), event(id="c", nonsense=1), b'{"half')
    rejected = {(row.status, row.field): row for row in RejectedEvent.objects.all()}
    assert set(rejected) == {("conflict", ""), ("invalid", "nonsense"), ("invalid", "event")}
    assert {row.writer for row in rejected.values()} == {"tokens-1"}
    assert rejected["invalid", "event"].text == '{"half'
    assert {incident.kind for incident in Incident.objects.all()} == {"conflict", "rejected"}


def test_a_secret_is_refused_and_not_kept_as_it_is(client: Client, headers: dict[str, str], trail: Trail) -> None:
    secret = "Bearer abcdefghijklmnopqrstuvwxyz0123456789"
    response = send(client, headers, event(message=f"with {secret}"))
    assert response.json()["events"][0]["field"] == "message"
    assert secret not in response.content.decode()
    assert secret not in RejectedEvent.objects.get().text


def test_a_key_of_ours_is_a_secret_too(client: Client, new_key: tuple[WriterKey, str], headers: dict[str, str]) -> None:
    response = send(client, headers, event(message=f"with {new_key[1]}"))
    assert response.json()["events"][0]["field"] == "message"


@pytest.mark.parametrize(
    ("fields", "field", "expected"),
    [
        ({"event__dataset": "another"}, "event.dataset", "expected test, all that this key may write"),
        ({"writer__id": "tokens-2"}, "writer.id", "expected tokens-1, whose key this is, or nothing"),
        ({"at": "2199-01-01T00:00:00Z"}, "@timestamp", "expected a time that is not more than a day ahead"),
        ({"event__ingested": "2026-01-01T00:00:00Z"}, "event.ingested", "is set by the trail, not by a writer"),
    ],
)
def test_an_event_of_others_or_of_another_time_is_refused(
    client: Client, headers: dict[str, str], trail: Trail, fields: dict[str, Any], field: str, expected: str
) -> None:
    response = send(client, headers, event(**fields), event(writer__id="tokens-1"))
    assert response.status_code == 422
    refused, accepted = response.json()["events"]
    assert (refused["field"], refused["expected"], accepted["status"]) == (field, expected, "created")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"a":' * 40 + b"1" + b"}" * 40, "event"),
        (b"[" * 2_000, "event"),
        (b'{"event":{"id":"x","id":"y"}}', "id"),
        (b'{"event":{"id":"x","\\u0069d" : "y"}}', "id"),
        (b'{"message":"\\ud800"}', "event"),
        (b'{"message":"\xff"}', "event"),
        ('{"message":"€"}'.encode("utf-16"), "event"),
        (b'{"event":{"sequence":1e999}}', "event"),
        (b"\x00", "event"),
        (b"{}\x0c", "event"),
        (b"null", "event"),
        (b"[]", "event"),
        (b'"text"', "event"),
    ],
)
def test_what_is_no_event_is_invalid_and_never_an_error(
    client: Client, headers: dict[str, str], trail: Trail, body: bytes, field: str
) -> None:
    response = client.post(EVENTS, body, content_type="application/json", headers=headers)
    assert response.status_code == 422
    assert {answer["field"] for answer in response.json()["events"]} == {field}
    assert stored(trail) == {}


def test_names_in_a_text_are_no_names_that_stand_twice(client: Client, headers: dict[str, str], trail: Trail) -> None:
    caveats = orjson.dumps([{"id": 1, "x": {"id": 2}}]).decode()
    response = send(client, headers, event(token__caveats__json=caveats, message='say "id": "id":'))
    assert response.status_code == 200


def test_a_body_packed_by_gzip_is_taken(client: Client, headers: dict[str, str], trail: Trail) -> None:
    packed = gzip.compress(lines(event(id="a"))) + gzip.compress(lines(*(event(id=f"b{n}") for n in range(3_000))))
    response = client.post(EVENTS, packed, content_type=LINES, headers=headers | {"Content-Encoding": "gzip"})
    assert (response.status_code, response.json()["durable"]) == (200, 3_001)


@pytest.mark.parametrize(
    ("body", "extra_headers", "status", "sentence"),
    [
        (b" \r\n\n", {}, 400, "The body is empty."),
        (gzip.compress(b"{}" * 1_000, mtime=0)[:-4], {"Content-Encoding": "gzip"}, 400, "ends before its end"),
        (gzip.compress(b"{}" * 1_000, mtime=0)[:9], {"Content-Encoding": "gzip"}, 400, "ends before its end"),
        (b"\x1f\x8b\x08nothing like it", {"Content-Encoding": "gzip"}, 400, "no gzip"),
        (gzip.compress(b"{}", mtime=0) + b"more", {"Content-Encoding": "gzip"}, 400, "no gzip"),
        (gzip.compress(b"", mtime=0), {"Content-Encoding": "gzip"}, 400, "The body is empty."),
        (b"\x1f", {"Content-Encoding": "gzip"}, 400, "ends before its end"),
        (b"{}", {"Content-Encoding": "zstd"}, 415, "packed as zstd"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_a_sentence(
    client: Client,
    headers: dict[str, str],
    trail: Trail,
    body: bytes,
    extra_headers: dict[str, str],
    status: int,
    sentence: str,
) -> None:
    response = client.post(EVENTS, body, content_type=LINES, headers=headers | extra_headers)
    assert response.status_code == status
    assert sentence in response.json()["error"]
    assert response.json()["status"] == status
    assert stored(trail) == {}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense"])
def test_another_type_of_body_is_refused(client: Client, headers: dict[str, str], kind: str) -> None:
    response = client.post(EVENTS, b"{}", content_type=kind, headers=headers)
    assert response.status_code == 415
    assert "application/json" in response.json()["error"]


def test_a_bomb_is_refused_while_it_unfolds(client: Client, headers: dict[str, str], settings: Settings) -> None:
    settings.INGEST_BODY_BYTES = 100_000
    squeeze = zlib.compressobj(wbits=31)
    bomb = b"".join(squeeze.compress(bytes(10**6)) for _ in range(90)) + squeeze.flush()
    assert len(bomb) < settings.INGEST_BODY_BYTES
    response = client.post(EVENTS, bomb, content_type=LINES, headers=headers | {"Content-Encoding": "gzip"})
    assert (response.status_code, "100,000 bytes" in response.json()["error"]) == (413, True)


def test_each_limit_is_the_last_that_is_taken(
    client: Client, headers: dict[str, str], trail: Trail, settings: Settings
) -> None:
    settings.INGEST_EVENTS = 3
    assert send(client, headers, *(event() for _ in range(3))).status_code == 200
    assert send(client, headers, *(event() for _ in range(4))).status_code == 413
    assert len(stored(trail)) == 3
    largest = event(id="as large as may be")
    settings.INGEST_EVENT_BYTES = len(orjson.dumps(largest))
    assert send(client, headers, largest).status_code == 200
    settings.INGEST_EVENT_BYTES -= 1
    assert send(client, headers, largest).json()["events"][0]["expected"].startswith("expected at most")
    settings.INGEST_BODY_BYTES = len(lines(largest))
    assert send(client, headers, largest).status_code == 422
    settings.INGEST_BODY_BYTES -= 1
    assert send(client, headers, largest).status_code == 413
    settings.INGEST_EVENT_BYTES = settings.INGEST_BODY_BYTES = 10_000
    for depth, status in ((4, 200), (3, 422)):
        settings.INGEST_DEPTH = depth
        deep = event(raw={"a": {"b": {"c": 1}}}, event__original='{"a":{"b":{"c":1}}}')
        assert send(client, headers, deep).status_code == status


def test_a_key_that_sends_too_fast_is_asked_to_wait(
    client: Client, headers: dict[str, str], ada: User, trail: Trail, settings: Settings
) -> None:
    settings.INGEST_RATE = 1
    assert send(client, headers, *(event() for _ in range(30))).status_code == 200
    response = send(client, headers, event())
    assert response.status_code == 429
    assert 20 <= int(response["Retry-After"]) <= 30
    assert send(client, bearer(writer_key(ada)[1]), event()).status_code == 200
    assert len(stored(trail)) == 31


def test_a_key_that_sends_a_little_too_fast_is_kept_waiting_and_not_refused(
    client: Client, headers: dict[str, str], trail: Trail, settings: Settings
) -> None:
    settings.INGEST_RATE = 10
    assert send(client, headers, *(event() for _ in range(15))).status_code == 200
    begun = time.monotonic()
    assert send(client, headers, event()).status_code == 200
    assert 0.2 < time.monotonic() - begun < 10


def test_an_event_without_a_dataset_is_of_its_keys(client: Client, headers: dict[str, str], trail: Trail) -> None:
    document = event(id="bare")
    del document["event"]["dataset"]
    assert send(client, headers, document).status_code == 200
    assert stored(trail)["bare"]["event"]["dataset"] == "test"
    elsewhere = event(id="elsewhere", event__dataset="other")
    assert send(client, headers, elsewhere).json()["events"][0]["field"] == "event.dataset"


def test_when_too_much_is_under_way_the_answer_is_429(
    client: Client, headers: dict[str, str], trail: Trail, settings: Settings
) -> None:
    settings.INGEST_UNDER_WAY = 0
    response = send(client, headers, event())
    assert (response.status_code, response["Retry-After"]) == (429, "1")
    assert stored(trail) == {}


def test_an_engine_that_does_not_answer_is_503_and_one_incident(
    client: Client, headers: dict[str, str], settings: Settings
) -> None:
    there = settings.OPENSEARCH_URL
    valid, wrong = event(id="a"), event(nonsense=1)
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    for _ in range(3):
        response = send(client, headers, valid, wrong)
        assert (response.status_code, response["Retry-After"]) == (503, "5")
        assert [answer["status"] for answer in response.json()["events"]] == ["unavailable", "invalid"]
    incident = Incident.objects.get(kind="outage")
    assert (incident.failures, incident.events, incident.over_at) == (3, 3, None)
    assert [(line.writer, line.events) for line in incident.writers.all()] == [("tokens-1", 3)]
    settings.OPENSEARCH_URL = there
    assert send(client, headers, valid).status_code == 200
    incident.refresh_from_db()
    assert incident.over_at is not None


def test_after_an_outage_the_rest_of_a_request_is_not_tried(
    client: Client, headers: dict[str, str], settings: Settings
) -> None:
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    response = send(client, headers, *(event() for _ in range(1_200)))
    assert {answer["status"] for answer in response.json()["events"]} == {"unavailable"}
    assert Incident.objects.get().events == 1_200


def test_an_index_that_takes_nothing_is_503_and_named(client: Client, headers: dict[str, str], trail: Trail) -> None:
    send(client, headers, event(id="before"))
    trail.client.indices.put_settings(index=f"{trail.prefix}-events-*", body={"index.blocks.write": True})
    response = send(client, headers, event(id="after"))
    assert response.status_code == 503
    (answer,) = response.json()["events"]
    assert (answer["status"], "blocked by" in answer["reason"]) == ("unavailable", True)
    assert Incident.objects.get(kind="outage").events == 1


@pytest.mark.parametrize(
    ("status", "outcome", "answered", "touched"),
    [(429, "busy", 429, []), (502, "unknown", 503, [1]), (413, "unavailable", 503, [1])],
)
def test_an_engine_that_refuses_for_now_is_an_outage_unless_it_is_only_busy(
    client: Client,
    headers: dict[str, str],
    settings: Settings,
    status: int,
    outcome: str,
    answered: int,
    touched: list[int],
) -> None:
    with gateway({"/_bulk": (status, {})}) as before:
        settings.OPENSEARCH_URL = "http://{host}:{port}".format(**before.client.transport.hosts[0])
        response = send(client, headers, event())
    assert (response.status_code, response["Retry-After"]) == (answered, "5")
    assert [answer["status"] for answer in response.json()["events"]] == [outcome]
    # Being busy is no outage (docs/decisions/0029): the writer, who is asked to wait, has lost nothing.
    assert list(Incident.objects.filter(kind="outage").values_list("events", flat=True)) == touched


def test_what_cannot_be_kept_is_not_refused_yet(client: Client, headers: dict[str, str], trail: Trail) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE operations_rejectedevent RENAME TO away")
    try:
        response = send(client, headers, event(id="good"), event(id="bad", nonsense=1))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO operations_rejectedevent")
    assert response.status_code == 503
    assert [answer["status"] for answer in response.json()["events"]] == ["created", "unavailable"]
    incident = Incident.objects.get(kind="outage")
    assert (incident.subject, incident.events) == ("database", 1)


def test_writing_costs_as_few_queries_for_many_as_for_one(
    client: Client, headers: dict[str, str], trail: Trail
) -> None:
    send(client, headers, event())
    counts = []
    for number in (1, 400):
        with CaptureQueriesContext(connection) as queries:
            send(client, headers, *(event() for _ in range(number)))
        counts.append(len(queries))
    assert counts == [1, 1]


def test_without_a_key_that_writes_nothing_is_read(client: Client, ada: User, trail: Trail) -> None:
    _, reads = writer_key(ada, scope=KeyScope.METRICS)
    assert send(client, {}, event()).status_code == 401
    assert send(client, bearer("tk_2222222222_" + "0" * 64), event()).status_code == 401
    assert send(client, bearer(reads), event()).status_code == 403
    assert stored(trail) == {}


def test_a_revoked_key_writes_no_more(
    client: Client, new_key: tuple[WriterKey, str], headers: dict[str, str], ada: User
) -> None:
    assert send(client, headers, event()).status_code == 200
    keys.revoke_key(new_key[0], by=ada)
    assert send(client, headers, event()).status_code == 401


def test_a_session_opens_nothing_here_and_none_is_made(client: Client, ada: User, headers: dict[str, str]) -> None:
    assert not send(client, headers, event()).cookies
    client.force_login(ada)
    assert send(client, {}, event()).status_code == 401


def test_no_token_of_a_form_is_asked_for(headers: dict[str, str]) -> None:
    assert send(Client(enforce_csrf_checks=True), headers, event()).status_code == 200


def test_other_methods_are_refused(client: Client, headers: dict[str, str]) -> None:
    for method in (client.get, client.put, client.delete, client.patch):
        response = method(EVENTS, headers=headers)
        assert (response.status_code, response["Allow"]) == (405, "POST")
        assert json.loads(response.content)["status"] == 405


def test_empty_fields_are_left_as_they_are(client: Client, headers: dict[str, str], trail: Trail) -> None:
    document = nest({"@timestamp": "2026-11-01T00:00:00Z"}) | {
        "event": {"id": "x", "action": "a", "outcome": "success", "dataset": "test", "category": []},
        "message": "",
    }
    assert send(client, headers, document).status_code == 200
    assert as_written(stored(trail)["x"]) == _own(document)


def test_a_raw_that_contradicts_the_sealed_text_is_refused_with_its_place_and_kept(
    client: Client, headers: dict[str, str], trail: Trail
) -> None:
    original = '{"user": {"name": "mallory"}}'
    sound = event(id="sound", raw={"user": {"name": "mallory"}}, event__original=original)
    forged = event(id="forged", raw={"user": {"name": "ann"}}, event__original=original)
    parsed = event(id="parsed", raw={"user": "ann"}, event__original="sshd: session opened for ann")
    response = send(client, headers, sound, forged, parsed)
    assert response.status_code == 422
    answers = response.json()["events"]
    assert [answer["status"] for answer in answers] == ["created", "invalid", "invalid"]
    assert [answer.get("field") for answer in answers] == [None, "raw.user.name", "raw"]
    assert "expected what event.original says there" in answers[1]["expected"]
    assert list(stored(trail)) == ["sound"]
    assert sorted(kept.reason.partition(":")[0] for kept in RejectedEvent.objects.all()) == ["raw", "raw.user.name"]
