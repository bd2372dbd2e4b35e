"""Coming in by a key: which headers carry it, what each answer is, and when its use is noted."""

import base64
from datetime import timedelta

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from operations.models import KeyScope, WriterKey
from operations.writers import keys
from operations.writers.authentication import AccessRefused, authenticate_request, requires_key
from tests.support.factories.keys import writer_key
from trail.connection import Trail


@pytest.fixture
def new_key(trail: Trail, ada: User) -> tuple[WriterKey, str]:
    return writer_key(ada)


def _request(authorization: str | None) -> HttpRequest:
    headers = {"Authorization": authorization} if authorization is not None else {}
    return RequestFactory().post("/api/v1/events", headers=headers)


def _refusal(authorization: str | None, scope: KeyScope = KeyScope.WRITE) -> int:
    with pytest.raises(AccessRefused) as caught:
        authenticate_request(_request(authorization), scope)
    return caught.value.status


def _packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_key_comes_as_shippers_send_it(new_key: tuple[WriterKey, str]) -> None:
    key, shown = new_key
    for header in (
        f"Bearer {shown}",
        f"bearer  {shown}",
        f"Basic {_packed(f'anybody:{shown}')}",
        f"ApiKey {shown}",
        f"ApiKey {_packed(f'{key.public_id}:{shown}')}",
    ):
        assert authenticate_request(_request(header), KeyScope.WRITE) == key


def test_no_other_header_lets_anybody_in(new_key: tuple[WriterKey, str]) -> None:
    _, shown = new_key
    wrong = shown[:-1] + ("0" if shown[-1] != "0" else "1")
    for header in (
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {wrong}",
        f"Digest {shown}",
        shown,
        "Basic ****",
        "Basic é",
        f"Basic {shown}",
        f"Bearer {shown.upper()}",
        f"Bearer {shown[:20]}",
        "Bearer tk_2222222222_" + "0" * 64,
        f"Basic {_packed('user:')}",
        f"Basic {base64.b64encode(bytes([255, 58])).decode()}",
    ):
        assert _refusal(header) == 401, header


def test_a_key_opens_one_thing(new_key: tuple[WriterKey, str], ada: User) -> None:
    _, writes = new_key
    _, reads = writer_key(ada, scope=KeyScope.METRICS)
    assert _refusal(f"Bearer {writes}", KeyScope.METRICS) == 403
    assert _refusal(f"Bearer {reads}", KeyScope.WRITE) == 403
    assert _refusal(f"Bearer {reads}", KeyScope.LOG) == 403
    assert authenticate_request(_request(f"Bearer {reads}"), KeyScope.METRICS)


def test_a_use_is_noted_once_a_minute_and_costs_one_query_otherwise(new_key: tuple[WriterKey, str]) -> None:
    key, shown = new_key
    authenticate_request(_request(f"Bearer {shown}"), KeyScope.WRITE)
    key.refresh_from_db()
    first = key.last_used_at
    assert first is not None
    assert key.last_used_from == "127.0.0.1"
    with CaptureQueriesContext(
        connection,
    ) as queries:
        authenticate_request(_request(f"Bearer {shown}"), KeyScope.WRITE)
    assert len(queries) == 1
    WriterKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=1))
    authenticate_request(_request(f"Bearer {shown}"), KeyScope.WRITE)
    key.refresh_from_db()
    assert key.last_used_at is not None
    assert key.last_used_at >= first


def test_a_refused_use_is_not_noted(new_key: tuple[WriterKey, str]) -> None:
    key, shown = new_key
    _refusal(f"Bearer {shown}", KeyScope.LOG)
    key.refresh_from_db()
    assert key.last_used_at is None


def test_a_key_ends_when_it_is_said_to(new_key: tuple[WriterKey, str], ada: User) -> None:
    key, shown = new_key
    keys.rotate_key(key, by=ada, overlap=timedelta())
    assert _refusal(f"Bearer {shown}") == 401


def test_a_view_gets_the_key_and_the_answer_to_others_is_a_sentence(new_key: tuple[WriterKey, str]) -> None:
    @requires_key(KeyScope.WRITE)
    def view(request: HttpRequest, key: WriterKey, word: str) -> HttpResponse:
        return HttpResponse(f"{key.writer} {word}")

    assert view(_request(f"Bearer {new_key[1]}"), "hello").content == b"tokens-1 hello"
    answer = view(_request(None), "hello")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="trail", Basic realm="trail"')
    assert b"Authorization: Bearer" in answer.content


def test_a_key_is_kept_for_ever(new_key: tuple[WriterKey, str]) -> None:
    with pytest.raises(TypeError):
        new_key[0].delete()


def test_a_database_that_does_not_answer_is_said_and_nobody_is_let_in(
    transactional_db: None, new_key: tuple[WriterKey, str]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE operations_writerkey RENAME TO away")
    try:
        assert _refusal(f"Bearer {new_key[1]}") == 503
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO operations_writerkey")
