"""The API: the pages' answers as JSON, described by a document that holds, for keys and for whoever is signed in."""

import json
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from pytest_django import Settings

from accounts.models import User
from investigations.api import views as api
from investigations.api.openapi import document
from investigations.api.routes import BY_NAME, ROUTES
from investigations.presentation.identifiers import WORDS
from investigations.questions.forms import MOST_BYTES
from operations.ingest.limits import RateLimit
from operations.models import KeyScope
from operations.writers import keys
from tests.support.factories.events import event, issue, revoke, use, write
from tests.support.factories.incidents import Kind, incident
from tests.support.factories.keys import bearer, writer_key
from tests.support.pages import audit_log
from trail.connection import Trail

SECRET = "fm2_lJPECAAAAAAAAAAAxBAAAAAAAAAAAAAAAAAAAAAA"
PRINT = "ab" * 32
# Each route with what is there, and with what never was.
ADDRESSES = {
    "coverage": ["coverage"], "search": ["search?q=user.id:ann&sort=@timestamp:asc&size=2", "search?q=user.id:nobody"],
    "token": ["tokens/t-1", f"tokens/{PRINT}", "tokens/never"],
    "lineage": ["tokens/t-1/lineage", "tokens/never/lineage"],
    "compromise": ["tokens/t-1/compromise", "tokens/t-1/compromise?at=2026-01-03T00:00:00Z", "tokens/never/compromise"],

    "user_tokens": ["users/ann/tokens", "users/~bm9ib2R5L3g=/tokens"], "indicators": ["indicators"],
    "user": ["users/ann?from=2026-01-01", "users/nobody"], "address": ["addresses/192.0.2.7", "addresses/2001:db8::1"],
    **{kind: [f"{word}/never"] for word, kind in WORDS.items() if kind not in ("user", "address")},
}  # fmt: skip


@pytest.fixture
def filled(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Trail:
    """A token's life, and what somebody did in the console."""
    monkeypatch.setattr(api, "rate", RateLimit())
    write(
        trail,
        issue("t-1", "ann", at="2026-01-01T00:00:00Z", token__fingerprint=PRINT, token__caveats__json='[["org:1"]]'),
        *(use("t-1", user__id="ann", at=f"2026-01-0{day}T00:00:00Z", token__fingerprint=PRINT) for day in range(2, 7)),
        revoke("t-1", at="2026-02-01T00:00:00Z"),
        use("t-1", user__id="ann", at="2026-02-02T00:00:00Z", event__outcome="failure"),
        event(event__dataset="console", user__id="ann", event__action="case.open"),
    )
    return trail


@pytest.fixture
def key(ada: User, filled: Trail) -> dict[str, str]:
    return bearer(writer_key(ada, name="Timesketch", scope=KeyScope.TRAIL)[1])


def _get(client: Client, address: str, headers: dict[str, str], **more: Any) -> Any:
    return client.get(f"/api/v1/{address}", headers=headers, **more)


def _send(client: Client, headers: dict[str, str], content: Any, kind: str = "application/json") -> Any:
    sent = content if isinstance(content, bytes) else json.dumps(content)
    return client.post("/api/v1/indicators", sent, content_type=kind, headers=headers)


def _wrong(answer: Any, name: str) -> list[str]:
    """What of an answer is not as the document describes it."""
    schema = document()["paths"][f"/api/v1/{BY_NAME[name].path}"]
    (operation,) = schema.values()
    wanted = operation["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**wanted, "components": document()["components"]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(answer.json())]


def test_the_document_is_openapi_3_1(client: Client, key: dict[str, str], alice: User) -> None:
    told = _get(client, "openapi.json", key).json()
    validate(told)
    assert told["openapi"] == "3.1.0"
    client.force_login(alice)
    assert client.get("/api/v1/openapi.json").json() == told
    assert ADDRESSES.keys() == BY_NAME.keys()
    for path, operations in told["paths"].items():
        for operation in operations.values():
            told_of = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
            assert told_of == {part[1:-1] for part in path.split("/") if part.startswith("{")}, path


def test_every_answer_is_as_the_document_describes_it(client: Client, key: dict[str, str]) -> None:
    incident(Kind.GAP, "billing")
    for route in ROUTES:
        for address in ADDRESSES[route.name]:
            sent = {"indicators": ["ann", "nobody", "192.0.2.0/24", "1.2.3.4/99"]}
            answer = _send(client, key, sent) if route.sends_list else _get(client, address, key)
            assert (answer.status_code, answer["Content-Type"]) == (200, "application/json"), (address, answer.content)
            assert _wrong(answer, route.name) == [], address


def test_a_key_finds_the_platform_and_nothing_that_people_did_in_the_console(
    client: Client, key: dict[str, str], lea: User
) -> None:
    assert _get(client, "search?q=user.id:ann", key).json()["total"] == 7
    assert _get(client, "search?f=event.dataset:console", key).json()["total"] == 0
    assert _get(client, "coverage", key).json()["events"] == 8
    client.force_login(lea)
    assert client.get("/api/v1/search?q=user.id:ann").json()["total"] == 8


def test_whoever_is_signed_in_reads_with_their_own_rights_and_sends_nothing(
    client: Client, filled: Trail, rae: User
) -> None:
    client.force_login(rae)
    assert client.get("/api/v1/search?f=event.dataset:console&q=user.id:ann").json()["total"] == 0
    assert client.get("/api/v1/users/ann/tokens").json()["tokens"][0]["token_id"] == "t-1"
    assert _send(client, {}, {"indicators": ["ann"]}).status_code == 403
    assert [one["user"]["id"] for one in audit_log(filled, "question.ask")] == ["rae"]


def test_each_asking_is_on_record_under_the_keys_name(client: Client, key: dict[str, str], filled: Trail) -> None:
    _get(client, "tokens/t-1", key)
    _get(client, "search?q=user.id:ann", key)
    _send(client, key, b"ann\nnobody", "text/plain")
    asked = [audit_log(filled, action)[0] for action in ("question.ask", "search.run", "indicators.ask")]
    assert {(one["user"]["name"], one["user"]["roles"][0], one["user"]["id"][:4]) for one in asked} == {
        ("Timesketch", "program", "key:")
    }
    assert asked[0]["labels"] == {"ref": "t-1"}
    assert asked[1]["labels"] == {"search": "q=user.id%3Aann"}
    assert asked[2]["labels"]["count"] == "2"


def test_nobody_comes_in_without_a_key_for_it(client: Client, ada: User, key: dict[str, str]) -> None:
    other = bearer(writer_key(ada, name="Writer")[1])
    ended, shown = writer_key(ada, name="Ended", scope=KeyScope.TRAIL)
    keys.revoke_key(ended, by=ada)
    for headers, status in (({}, 401), (other, 403), (bearer(shown), 401), (bearer("tk_nonsense"), 401)):
        for address in ("coverage", "openapi.json", "nowhere"):
            answer = _get(client, address, headers)
            assert (answer.status_code, answer.json()["status"]) == (status, status)
            assert ("WWW-Authenticate" in answer) == (status == 401)


def test_a_search_goes_on_by_its_next_until_every_event_was_there_once(client: Client, key: dict[str, str]) -> None:
    seen: list[str] = []
    query: str | None = "?q=token.id:t-1&size=3"
    while query:
        page = _get(client, f"search{query}", key).json()
        assert (page["total"], page["partial"]) == (8, False)
        seen += [hit["event_id"] for hit in page["hits"]]
        query = page["next"]
    assert len(seen) == len(set(seen)) == 8


UNDERSTOOD_BY_NOBODY = (
        ("search?q=user.id:((", 400, "word was expected"), ("search?size=0", 400, "size"), ("search?from=yesterday", 400, "yesterday"),
        (f"search?q={SECRET}", 400, "looks like a token"), (f"tokens/{SECRET}", 400, "looks like a token"),
        ("tokens/~AA==", 400, "NUL"), ("search?after=nonsense", 400, ""), ("nowhere", 404, "openapi.json"),
        ("tokens/", 404, "openapi.json"),
)  # fmt: skip
READ_BY_NOBODY = (
        (b"{", "application/json", 400), ({"indicators": "ann"}, "application/json", 400),
        ({"indicators": ["a\nb"]}, "application/json", 400), ({"indicators": ["a"], "more": 1}, "application/json", 400),
        ({"indicators": [SECRET]}, "application/json", 400), ({"indicators": [str(n) for n in range(10_001)]}, "application/json", 400),
        (b"\xff", "text/plain", 400), (b" ", "text/plain", 400), (b"a", "application/xml", 415),
        (b"a\n" * MOST_BYTES, "text/plain", 413),
)  # fmt: skip


def test_what_is_not_understood_is_a_sentence_and_a_secret_is_never_said_again(
    client: Client, key: dict[str, str], settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.API_RATE = 1_000
    for address, status, said in UNDERSTOOD_BY_NOBODY:
        answer = _get(client, address, key)
        assert (answer.status_code, answer.json()["status"]) == (status, status), address
        assert said in answer.json()["error"], address
        assert "fm2_" not in answer.content.decode() + caplog.text
    for content, kind, status in READ_BY_NOBODY:
        answer = _send(client, key, content, kind)
        assert (answer.status_code, answer.json()["status"]) == (status, status), content[:40]
        assert "fm2_" not in answer.content.decode() + caplog.text


def test_too_much_at_once_and_an_outage_say_when_to_ask_again(
    client: Client, key: dict[str, str], settings: Settings
) -> None:
    settings.API_RATE = 1
    answers = [_get(client, "coverage", key) for _ in range(3)]
    assert {one.status_code for one in answers} == {200, 429}
    assert all(int(one["Retry-After"]) >= 1 for one in answers if one.status_code == 429)
    settings.API_RATE, settings.OPENSEARCH_URL = 1_000, "http://127.0.0.1:1"
    api.rate.__init__()  # type: ignore[misc]
    answer = _get(client, "coverage", key)
    assert (answer.status_code, bool(answer["Retry-After"])) == (503, True)


def test_no_other_method_is_answered(client: Client, key: dict[str, str]) -> None:
    for method, address, allowed in (
        ("post", "coverage", "GET"),
        ("get", "indicators", "POST"),
        ("delete", "search", "GET"),
    ):
        answer = getattr(client, method)(f"/api/v1/{address}", headers=key)
        assert (answer.status_code, answer["Allow"]) == (405, allowed)


def test_a_search_is_one_round_trip_and_waits_for_no_record(
    client: Client, key: dict[str, str], wire: list[str]
) -> None:
    _get(client, "search?q=user.id:ann", key)
    assert [one.partition("?")[0] for one in wire] == ["POST /_msearch"]
