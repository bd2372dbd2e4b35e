"""`/api/v1/ingest/_bulk`: the shape that shippers speak, with statuses that make them do the right thing."""

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
