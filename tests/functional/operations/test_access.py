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
from operations.access import NotLetIn, authenticated, with_key
from operations.models import Scope, WriterKey
from operations.services import keys
from tests.factories.keys import writer_key
from trail.connection import Trail


@pytest.fixture
def made(trail: Trail, ada: User) -> tuple[WriterKey, str]:
    return writer_key(ada)


def _request(authorization: str | None) -> HttpRequest:
    headers = {"Authorization": authorization} if authorization is not None else {}
    return RequestFactory().post("/api/v1/events", headers=headers)


def _refusal(authorization: str | None, scope: Scope = Scope.WRITE) -> int:
    with pytest.raises(NotLetIn) as caught:
        authenticated(_request(authorization), scope)
    return caught.value.status


def _packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_key_comes_as_shippers_send_it(made: tuple[WriterKey, str]) -> None:
    key, shown = made
    for header in (
        f"Bearer {shown}", f"bearer  {shown}", f"Basic {_packed(f'anybody:{shown}')}", f"ApiKey {shown}",
        f"ApiKey {_packed(f'{key.public_id}:{shown}')}",
    ):  # fmt: skip
        assert authenticated(_request(header), Scope.WRITE) == key


def test_no_other_header_lets_anybody_in(made: tuple[WriterKey, str]) -> None:
    _, shown = made
    wrong = shown[:-1] + ("0" if shown[-1] != "0" else "1")
    for header in (
        None, "", "Bearer", "Bearer ", f"Bearer {wrong}", f"Digest {shown}", shown, "Basic ****", "Basic é",
        f"Basic {shown}", f"Bearer {shown.upper()}", f"Bearer {shown[:20]}", "Bearer tk_2222222222_" + "0" * 64,
        f"Basic {_packed('user:')}", f"Basic {base64.b64encode(bytes([255, 58])).decode()}",
    ):  # fmt: skip
        assert _refusal(header) == 401, header


def test_a_key_opens_one_thing(made: tuple[WriterKey, str], ada: User) -> None:
    _, writes = made
    _, reads = writer_key(ada, scope=Scope.METRICS)
    assert _refusal(f"Bearer {writes}", Scope.METRICS) == 403
    assert _refusal(f"Bearer {reads}", Scope.WRITE) == 403
    assert _refusal(f"Bearer {reads}", Scope.LOG) == 403
    assert authenticated(_request(f"Bearer {reads}"), Scope.METRICS)


def test_a_use_is_noted_once_a_minute_and_costs_one_query_otherwise(made: tuple[WriterKey, str]) -> None:
    key, shown = made
    authenticated(_request(f"Bearer {shown}"), Scope.WRITE)
    key.refresh_from_db()
    first = key.last_used_at
    assert first is not None
    assert key.last_used_from == "127.0.0.1"
    with CaptureQueriesContext(
        connection,
    ) as seen:
        authenticated(_request(f"Bearer {shown}"), Scope.WRITE)
    assert len(seen) == 1
    WriterKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=1))
    authenticated(_request(f"Bearer {shown}"), Scope.WRITE)
    key.refresh_from_db()
    assert key.last_used_at is not None
    assert key.last_used_at >= first


def test_a_refused_use_is_not_noted(made: tuple[WriterKey, str]) -> None:
    key, shown = made
    _refusal(f"Bearer {shown}", Scope.LOG)
    key.refresh_from_db()
    assert key.last_used_at is None


def test_a_key_ends_when_it_is_said_to(made: tuple[WriterKey, str], ada: User) -> None:
    key, shown = made
    keys.rotate(key, by=ada, overlap=timedelta())
    assert _refusal(f"Bearer {shown}") == 401


def test_a_view_gets_the_key_and_the_answer_to_others_is_a_sentence(made: tuple[WriterKey, str]) -> None:
    @with_key(Scope.WRITE)
    def view(request: HttpRequest, key: WriterKey, word: str) -> HttpResponse:
        return HttpResponse(f"{key.writer} {word}")

    assert view(_request(f"Bearer {made[1]}"), "hello").content == b"tokens-1 hello"
    answer = view(_request(None), "hello")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="trail", Basic realm="trail"')
    assert b"Authorization: Bearer" in answer.content


def test_a_key_is_kept_for_ever(made: tuple[WriterKey, str]) -> None:
    with pytest.raises(TypeError):
        made[0].delete()


def test_a_database_that_does_not_answer_is_said_and_nobody_is_let_in(made: tuple[WriterKey, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE operations_writerkey RENAME TO away")
    try:
        assert _refusal(f"Bearer {made[1]}") == 503
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO operations_writerkey")
