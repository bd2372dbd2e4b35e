"""Whatever a program sends to the API, made from its own document by schemathesis, is answered as the document says."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.test import Client
from django.utils.http import urlencode
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from pytest_django import Settings
from schemathesis import GenerationMode

from accounts.models import User
from investigations.api import views as api
from investigations.api.openapi import document
from operations.ingest.limits import RateLimit
from operations.models import KeyScope
from tests.support.factories.events import issue, use, write
from tests.support.factories.keys import bearer, writer_key
from trail.connection import Trail

OPERATIONS = {
    f"{operation.method.upper()} {operation.path}": operation
    for operation in (result.ok() for result in schemathesis.openapi.from_dict(document()).get_all_operations())
}


@pytest.fixture
def key(trail: Trail, ada: User, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr(api, "rate", RateLimit())
    settings.API_RATE = 100_000
    write(trail, issue("t-1", "ann"), use("t-1", user__id="ann"))
    return bearer(writer_key(ada, name="Timesketch", scope=KeyScope.TRAIL)[1])


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.name)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_request_is_answered_as_the_document_says(
    client: Client, key: dict[str, str], name: str, mode: GenerationMode
) -> None:
    @given(case=OPERATIONS[name].as_strategy(generation_mode=mode))
    @settings(max_examples=5, suppress_health_check=list(HealthCheck))
    def ask(case: schemathesis.Case) -> None:
        # A good key stands in the place of half of those that were made up, so that most requests come in.
        headers = {**plain(case.headers), **(key if hash(case.id) % 2 or "Authorization" not in case.headers else {})}
        assert list(find_deviations(OPERATIONS[name], send(client, case, headers))) == []

    ask()


def send(client: Client, case: schemathesis.Case, headers: dict[str, str]) -> Any:
    """The answer to what was made up."""
    query = urlencode([(word, str(value)) for word, value in (case.query or {}).items()])
    kind = case.media_type or "application/json"
    body = case.body if isinstance(case.body, bytes | str | list | dict) else b""
    if isinstance(body, str) and kind != "application/json":
        body = body.encode(errors="surrogatepass")
    if case.method == "POST":
        return client.post(f"{case.formatted_path}?{query}", body, content_type=kind, headers=headers)
    return client.get(f"{case.formatted_path}?{query}", headers=headers)


def plain(headers: Any) -> dict[str, str]:
    """The headers that HTTP can carry."""
    return {name: value for name, value in (headers or {}).items() if isinstance(value, str) and value.isascii()}


def find_deviations(operation: Any, answer: Any) -> Iterator[str]:
    """What of an answer is not as the document describes it."""
    responses = document()["paths"][operation.path][operation.method]["responses"]
    if str(answer.status_code) not in responses:
        yield f"{answer.status_code} is not in the document: {answer.content[:200]!r}"
        return
    response = responses[str(answer.status_code)]
    if "$ref" in response:
        response = document()["components"]["responses"][response["$ref"].rpartition("/")[2]]
    schema = response["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": document()["components"]})
    yield from (f"{error.json_path}: {error.message}" for error in validator.iter_errors(answer.json()))
