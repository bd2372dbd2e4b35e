"""`/api/v1/ingest/_bulk`: the shape that shippers speak, with statuses that make them do the right thing."""

import json
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from operations.models import Incident, KeyScope, RejectedEvent, WriterKey
from tests.support.factories.events import event
from tests.support.factories.ingest import BULK, LINES, bulk, lines, stored
from tests.support.factories.keys import bearer, writer_key
from trail.connection import Trail

CREATE: dict[str, Any] = {"create": {}}
RECORD = {"@timestamp": "2026-11-01T00:00:00Z", "message": "disk is full", "event": {"outcome": "failure"}}
LINE = {
    "message": " session opened for user root", "fromhost": "berlin-7", "facility": "authpriv", "priority": "info",
    "timereported": "2026-11-01T01:02:03.123456+01:00", "timegenerated": "2026-11-01T01:02:03.223456+01:00",
}  # fmt: skip


def _items(response: Any) -> list[tuple[str, int]]:
    return [(operation, item["status"]) for outer in response.json()["items"] for operation, item in outer.items()]


def test_records_become_events_and_a_retry_changes_nothing(
    client: Client, headers: dict[str, str], trail: Trail
) -> None:
    pairs = [{"index": {"_index": "logs", "_type": "_doc"}}, RECORD, CREATE, {**RECORD, "message": "again"}]
    first, second = bulk(client, headers, *pairs), bulk(client, headers, *pairs)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["errors"] is second.json()["errors"] is False
    assert _items(first) == [("index", 201), ("create", 201)]
    assert _items(second) == [("index", 200), ("create", 200)]
    item = first.json()["items"][0]["index"]
    assert (item["_index"], item["result"]) == ("logs", "created")
    assert second.json()["items"][0]["index"]["result"] == "noop"
    written = stored(trail)
    assert len(written) == 2
    assert written[item["_id"]]["event"]["dataset"] == "test"
    assert written[item["_id"]]["event"]["original"] == orjson.dumps(RECORD).decode()
    assert written[item["_id"]]["writer"] == {"id": "tokens-1"}


def test_the_id_of_an_action_is_the_events(client: Client, headers: dict[str, str], trail: Trail) -> None:
    bulk(client, headers, {"index": {"_id": "one"}}, RECORD, {"create": {"_id": 7}}, RECORD)
    assert set(stored(trail)) == {"test:one", "test:7"}
    answer = bulk(client, headers, {"index": {"_id": "one"}}, {**RECORD, "message": "another"})
    assert _items(answer) == [("index", 409)]
    assert answer.json()["errors"] is True
    assert Incident.objects.filter(kind="conflict").exists()


def test_a_line_of_syslog_is_read_as_rsyslog_sends_it(client: Client, ada: User, trail: Trail) -> None:
    _, shown = writer_key(ada, format="syslog")
    assert _items(bulk(client, bearer(shown), CREATE, LINE)) == [("create", 201)]
    (written,) = stored(trail).values()
    assert written["@timestamp"] == "2026-11-01T00:02:03.123456Z"
    assert written["message"] == "session opened for user root"
    assert written["resource"] == {"type": "host", "id": "berlin-7"}
    assert written["labels"] == {"facility": "authpriv", "severity": "info"}
    assert written["event"]["dataset"] == "test"
    assert written["raw"] == LINE


def test_events_of_the_trail_are_taken_as_they_are(client: Client, ada: User, trail: Trail) -> None:
    _, shown = writer_key(ada, format="trail")
    bare = event()
    del bare["event"]["id"]
    answer = bulk(
        client,
        bearer(shown),
        {"create": {"_id": "a"}},
        bare,
        CREATE,
        event(id="b"),
        CREATE,
        bare,
        {"create": {"_id": "c"}},
        event(id="d"),
        {"create": {"_id": "e"}},
        [],
    )
    assert _items(answer) == [("create", 201), ("create", 201), ("create", 400), ("create", 400), ("create", 400)]
    assert set(stored(trail)) == {"a", "b"}


def test_each_item_has_its_own_answer(client: Client, headers: dict[str, str], trail: Trail) -> None:
    answer = bulk(
        client,
        headers,
        CREATE,
        RECORD,
        {"delete": {"_id": "x"}},
        {"update": {"_id": "y"}},
        {"doc": {}},
        CREATE,
        {"message": "no time"},
        CREATE,
        b"[1]",
        CREATE,
        b"{",
        CREATE,
        {**RECORD, "event": {"dataset": "other"}},
    )
    assert answer.status_code == 200
    assert _items(answer) == [
        ("create", 201),
        ("delete", 400),
        ("update", 400),
        ("create", 400),
        ("create", 400),
        ("create", 400),
        ("create", 400),
    ]
    items = [item for outer in answer.json()["items"] for item in outer.values()]
    assert "never update or delete" in items[1]["error"]["reason"]
    assert items[3]["error"] == {
        "type": "mapper_parsing_exception",
        "reason": "record: is no ecs record: it has no @timestamp",
    }
    assert len(stored(trail)) == 1
    assert RejectedEvent.objects.count() == 4


@pytest.mark.parametrize(
    "pairs",
    [
        [CREATE],
        [CREATE, RECORD, {"index": {}}],
        [RECORD, RECORD],
        [{"create": {}, "index": {}}, RECORD],
        [{"create": []}, RECORD],
        [{}, RECORD],
        [b"[]", RECORD],
        [b"nonsense", RECORD],
        [CREATE, RECORD, b'{"create":', RECORD],
    ],
)
def test_a_body_whose_pairs_cannot_be_told_is_refused_whole_and_kept(
    client: Client, headers: dict[str, str], trail: Trail, pairs: list[Any]
) -> None:
    answer = bulk(client, headers, *pairs)
    assert answer.status_code == 400
    assert "othing was written" in answer.json()["error"]
    assert stored(trail) == {}
    assert RejectedEvent.objects.get().text == lines(*pairs).decode()


def test_what_cannot_be_kept_is_sent_again(client: Client, headers: dict[str, str], trail: Trail) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE operations_rejectedevent RENAME TO away")
    try:
        whole = bulk(client, headers, CREATE)
        single = bulk(client, headers, CREATE, RECORD, CREATE, {"message": "no time"})
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO operations_rejectedevent")
    assert (whole.status_code, single.status_code) == (503, 503)
    assert _items(single) == [("create", 201), ("create", 503)]


def test_while_something_is_not_durable_the_whole_answer_says_so(
    client: Client, headers: dict[str, str], settings: Settings
) -> None:
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    answer = bulk(client, headers, CREATE, RECORD, CREATE, {"message": "no time"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert _items(answer) == [("create", 503), ("create", 400)]
    assert Incident.objects.filter(kind="outage").exists()


@pytest.mark.parametrize("why", ["key", "rate", "engine"])
def test_to_who_looks_at_no_status_the_answer_is_broken_off(
    client: Client, headers: dict[str, str], settings: Settings, why: str
) -> None:
    if why == "rate":
        settings.INGEST_UNDER_WAY = 0
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    own = {} if why == "key" else headers
    answer = client.post(BULK, lines(CREATE, RECORD), content_type=LINES, headers=own)
    assert answer.status_code == {"key": 401, "rate": 429, "engine": 503}[why]
    whole = bulk(client, own, CREATE, RECORD)
    pieces = iter(answer.streaming_content)
    assert next(pieces)[:8] == whole.content[:8]
    with pytest.raises(ConnectionResetError):
        next(pieces)
    assert int(answer["Content-Length"]) > len(whole.content) - 10
    assert answer.get("Retry-After") == whole.get("Retry-After")


def test_an_index_in_the_address_is_taken_and_repeated(client: Client, headers: dict[str, str], trail: Trail) -> None:
    answer = bulk(client, headers, CREATE, RECORD, to="/api/v1/ingest/logs-2026/_bulk?timeout=1m")
    assert answer.json()["items"][0]["create"]["_index"] == "logs-2026"
    assert client.put(BULK, lines(CREATE, RECORD), headers=headers).status_code == 200


def test_limits_hold_here_too(client: Client, headers: dict[str, str], trail: Trail, settings: Settings) -> None:
    settings.INGEST_EVENTS = 1
    assert bulk(client, headers, CREATE, RECORD).status_code == 200
    assert bulk(client, headers, CREATE, RECORD, CREATE, RECORD).status_code == 413
    settings.INGEST_EVENT_BYTES = 10
    assert _items(bulk(client, headers, CREATE, RECORD)) == [("create", 400)]


@pytest.mark.parametrize("address", ["", "/", "/_cat/health", "/_cluster/health"])
def test_what_shippers_ask_first_is_answered(
    client: Client, headers: dict[str, str], trail: Trail, settings: Settings, address: str
) -> None:
    to = f"/api/v1/ingest{address}"
    trail.client.cluster.health(params={"wait_for_status": "green"})
    assert client.get(to, headers=headers).status_code == client.head(to, headers=headers).status_code == 200
    assert client.get(to).status_code == 401
    assert client.post(to, headers=headers).status_code == 405
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    assert client.get(to, headers=headers).status_code == (503 if "health" in address else 200)


def test_it_says_that_it_is_opensearch_of_which_version(client: Client, headers: dict[str, str], trail: Trail) -> None:
    ours = client.get("/api/v1/ingest/", headers=headers).json()
    assert ours["version"]["distribution"] == "opensearch"
    assert ours["version"]["number"] == trail.client.info()["version"]["number"]


def test_a_key_that_reads_writes_nothing(client: Client, ada: User, trail: Trail) -> None:
    assert bulk(client, {}, CREATE, RECORD).status_code == 401
    assert bulk(client, bearer(writer_key(ada, scope=KeyScope.LOG)[1]), CREATE, RECORD).status_code == 403
    assert stored(trail) == {}


def test_other_methods_are_refused(client: Client, headers: dict[str, str]) -> None:
    assert client.get(BULK, headers=headers)["Allow"] == "POST, PUT"
    assert client.delete(BULK, headers=headers).status_code == 405


def test_keys_of_every_format_read_records(client: Client, ada: User, key: WriterKey, trail: Trail) -> None:
    record = {"log_id": "9", "date": "2026-11-01T00:00:00Z", "type": "s"}
    _, shown = writer_key(ada, format="auth0")
    assert _items(bulk(client, bearer(shown), CREATE, record)) == [("create", 201)]
    (written,) = stored(trail).values()
    assert written["event"]["id"] == "test:9"


CLIENTS = {
    "opensearch-js": {"User-Agent": "opensearch-js/3.5.1 (linux 6.1.0-x64; Node.js v22.1.0)"},
    "opensearch-go": {"User-Agent": "opensearch-go/4.5.0 (linux amd64; Go 1.24)"},
    "elasticsearch-py 8": {"User-Agent": "elasticsearch-py/8.19.3 (Python/3.11.7; elastic-transport/8.17.1)"},
}


def test_as_many_small_events_as_clients_send_by_their_defaults_are_taken(
    client: Client, headers: dict[str, str], trail: Trail
) -> None:
    """opensearch-js and opensearch-go send what five million bytes hold."""
    pairs = [
        part
        for number in range(12_000)
        for part in (CREATE, {"@timestamp": f"2026-11-01T00:00:00.{number:06}Z", "message": "m"})
    ]
    answer = bulk(client, headers, *pairs)
    assert (answer.status_code, answer.json()["errors"]) == (200, False)
    assert len(_items(answer)) == 12_000
    trail.client.indices.refresh(index=f"{trail.prefix}-events-*")
    assert trail.client.count(index=f"{trail.prefix}-events-*")["count"] >= 12_000


@pytest.mark.parametrize("name", CLIENTS)
def test_who_looks_at_each_item_is_answered_as_the_engine_does(
    client: Client, headers: dict[str, str], settings: Settings, name: str
) -> None:
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    body = lines(CREATE, RECORD, CREATE, {"message": "no time"})
    answer = client.post(BULK, body, content_type=LINES, headers=headers | CLIENTS[name])
    assert (answer.status_code, answer.json()["errors"]) == (200, True)
    assert _items(answer) == [("create", 503), ("create", 400)]
    nothing = client.post(BULK, lines(CREATE, RECORD), content_type=LINES, headers=headers | CLIENTS[name])
    assert nothing.status_code == 503


@pytest.mark.parametrize(
    "agent", ["elasticsearch-py/7.17.12 (Python 3.11)", "go-elasticsearch/8.11.0 (linux amd64; Go 1.22)"]
)
def test_a_client_of_elasticsearch_is_told_that_it_may_work_here(
    client: Client, headers: dict[str, str], trail: Trail, agent: str
) -> None:
    named = headers | {"User-Agent": agent}
    first = client.get("/api/v1/ingest/", headers=named)
    assert first["X-Elastic-Product"] == "Elasticsearch"
    assert first.json()["version"]["number"].startswith("7.17")
    assert client.post(BULK, lines(CREATE, RECORD), content_type=LINES, headers=named)["X-Elastic-Product"]
    assert client.post(BULK, b"nonsense", content_type=LINES, headers=named)["X-Elastic-Product"]
    other = client.get("/api/v1/ingest/", headers=headers | {"User-Agent": "opensearch-py/3.0.0 (Python 3.11)"})
    assert "X-Elastic-Product" not in other
    assert other.json()["version"]["distribution"] == "opensearch"


@pytest.mark.parametrize(
    "line",
    [
        {"ISODATE": "2026-11-01T00:02:03+00:00", "HOST": "berlin-7", "PROGRAM": "sshd", "PID": "7", "MESSAGE": "opened"},
        {"__REALTIME_TIMESTAMP": "1793491323000000", "_HOSTNAME": "berlin-7", "SYSLOG_IDENTIFIER": "sshd", "_PID": "7", "MESSAGE": "opened"},
        {"@timestamp": "2026-11-01T00:02:03Z", "body": "opened", "hostname": "berlin-7", "appname": "sshd", "procid": "7"},
        {"MSG": "<38>1 2026-11-01T00:02:03Z berlin-7 sshd 7 - - opened"},
    ],
    ids=["syslog-ng", "journald", "OpenTelemetry", "a whole line"],
)  # fmt: skip
def test_a_line_is_the_same_whatever_a_shipper_calls_its_parts(
    client: Client, ada: User, trail: Trail, line: dict[str, str]
) -> None:
    _, shown = writer_key(ada, format="syslog")
    assert _items(bulk(client, bearer(shown), CREATE, line)) == [("create", 201)]
    (written,) = stored(trail).values()
    assert written["@timestamp"].startswith("2026-11-01T00:02:03")
    assert (written["event"]["action"], written["resource"]["id"], written["labels"]["pid"]) == (
        "sshd",
        "berlin-7",
        "7",
    )
    assert written["message"].endswith("opened")


def test_what_is_nested_without_end_costs_none_of_its_neighbours(client: Client, ada: User, trail: Trail) -> None:
    good = {"eventID": "e-1", "eventName": "GetObject", "eventTime": "2026-11-01T00:00:00Z"}
    _, shown = writer_key(ada, format="cloudtrail")
    deep = [
        {"message": '{"a":' * 900 + "1" + "}" * 900},
        {"message": json.dumps({"eventname": "x", "requestparameters": "{a=" * 900})},
    ]
    pairs = [part for record in (good, *deep, {**good, "eventID": "e-2"}) for part in (CREATE, record)]
    assert _items(bulk(client, bearer(shown), *pairs)) == [("create", status) for status in (201, 400, 400, 201)]
    assert len(stored(trail)) == 2
