"""Sources: the list, making, rotating, revoking, by admins alone and on record."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from operations.models import WriterKey
from operations.writers import keys
from tests.support.factories.keys import writer_key
from tests.support.pages import at_sign_in, audit_log, text_of
from trail.connection import Trail

NEW = {"name": "Tokens of Berlin", "scope": "events:write", "writer": "tokens-1", "dataset": "tokens", "format": "ecs"}
PLACES = ("/writers/", "/writers/new/")


@pytest.fixture
def key(trail: Trail, ada: User) -> WriterKey:
    return writer_key(ada)[0]


@pytest.fixture
def page(key: WriterKey) -> str:
    return f"/writers/{key.public_id}/"


def _shown(page: str) -> str:
    (secret,) = set(re.findall(r"tk_[a-z0-9]{10}_[0-9a-f]{64}", page))
    return secret


def test_an_admin_makes_a_key_that_is_shown_once_on_record(client: Client, ada: User, trail: Trail) -> None:
    client.force_login(ada)
    response = client.post("/writers/new/", NEW)
    shown = _shown(text_of(response))
    assert response["Cache-Control"] == "no-store"
    key = WriterKey.objects.get()
    assert keys.find_key(shown) == key
    assert shown[-64:] not in str(WriterKey.objects.values().get())
    for place in ("/writers/", f"/writers/{key.public_id}/"):
        assertContains(client.get(place), f"tk_{key.public_id}")
        assertNotContains(client.get(place), shown[-64:])
    (recorded,) = audit_log(trail, "writer_key.make")
    assert recorded["resource"] == {"type": "writer_key", "id": key.public_id}
    assert recorded["labels"] == {
        "name": "Tokens of Berlin",
        "scope": "events:write",
        "writer": "tokens-1",
        "dataset": "tokens",
    }


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"writer": ""}, "A key that writes needs this."),
        ({"dataset": ""}, "A key that writes needs this."),
        ({"dataset": "two words"}, "Use at most 100 letters, digits"),
        ({"scope": "everything"}, "everything is not one of the available choices"),
        ({"format": "nonsense"}, "nonsense is not one of the available choices"),
    ],
)
def test_what_cannot_be_a_key_is_said_and_what_was_typed_stays(
    client: Client, ada: User, trail: Trail, words: dict[str, str], sentence: str
) -> None:
    client.force_login(ada)
    response = client.post("/writers/new/", NEW | words)
    assertContains(response, sentence, status_code=400)
    kept = "tokens-1" if "writer" not in words else "Tokens of Berlin"
    assertContains(response, f'value="{kept}"', status_code=400)
    assert not WriterKey.objects.exists()


def test_a_key_that_reads_has_no_writer(client: Client, ada: User, trail: Trail) -> None:
    client.force_login(ada)
    client.post("/writers/new/", NEW | {"scope": "metrics:read"})
    key = WriterKey.objects.get()
    assert (key.writer, key.dataset, key.format) == ("", "", "")


def test_a_rotated_key_works_on_beside_the_new_one(client: Client, ada: User, trail: Trail) -> None:
    old, shown = writer_key(ada)
    client.force_login(ada)
    response = client.post(f"/writers/{old.public_id}/rotate/", {"hours": "24"})
    new = keys.find_key(_shown(text_of(response)))
    assert new is not None
    assert (new.writer, new.dataset, new.replaces) == ("tokens-1", "test", old)
    assert keys.find_key(shown) == old
    old.refresh_from_db()
    assert old.ends_at is not None
    assert timedelta(hours=23) < old.ends_at - timezone.now() <= timedelta(hours=24)
    assertContains(client.get(f"/writers/{old.public_id}/"), "ending")
    (recorded,) = audit_log(trail, "writer_key.rotate")
    assert recorded["labels"]["replaces"] == old.public_id
    WriterKey.objects.filter(pk=old.pk).update(ends_at=timezone.now())
    assert keys.find_key(shown) is None


def test_a_key_is_rotated_once(client: Client, ada: User, page: str) -> None:
    client.force_login(ada)
    client.post(f"{page}rotate/", {"hours": "1"})
    assertContains(client.post(f"{page}rotate/", {"hours": "1"}), "rotated already", status_code=400)
    assert WriterKey.objects.count() == 2


@pytest.mark.parametrize("hours", ["", "-1", "2161", "soon"])
def test_an_overlap_that_cannot_be_changes_nothing(client: Client, ada: User, page: str, hours: str) -> None:
    client.force_login(ada)
    assertContains(client.post(f"{page}rotate/", {"hours": hours}), "field__error", status_code=400)
    assert WriterKey.objects.count() == 1


def test_a_revoked_key_ends_at_once_on_record(client: Client, ada: User, trail: Trail) -> None:
    key, shown = writer_key(ada)
    client.force_login(ada)
    for _ in range(2):
        assertRedirects(client.post(f"/writers/{key.public_id}/revoke/"), f"/writers/{key.public_id}/")
    assert keys.find_key(shown) is None
    assertContains(client.get(f"/writers/{key.public_id}/"), "Revoked")
    assert len(audit_log(trail, "writer_key.revoke")) == 1


@pytest.mark.parametrize("person", ["rae", "bob", "lea"])
def test_nobody_but_an_admin_sees_or_changes_keys(
    client: Client, page: str, person: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    answers = [client.get(place) for place in (*PLACES, page)]
    answers += [client.post("/writers/new/", NEW), *(client.post(f"{page}{what}/") for what in ("rotate", "revoke"))]
    assert {answer.status_code for answer in answers} == {403}
    assert not any(b"tk_" in answer.content for answer in answers)
    assert [key.state for key in WriterKey.objects.all()] == ["works"]


def test_anonymous_goes_to_sign_in(client: Client, page: str) -> None:
    for place in (*PLACES, page):
        assert at_sign_in(client.get(place), place)
    for place in ("/writers/new/", f"{page}rotate/", f"{page}revoke/"):
        assert at_sign_in(client.post(place), place)


def test_a_key_that_is_not_there_is_404(client: Client, ada: User, trail: Trail) -> None:
    client.force_login(ada)
    assert client.get("/writers/nosuchkey/").status_code == 404
    for what in ("rotate", "revoke"):
        assert client.post(f"/writers/nosuchkey/{what}/").status_code == 404


def test_other_methods_are_refused(client: Client, ada: User, page: str) -> None:
    client.force_login(ada)
    assert client.post("/writers/").status_code == 405
    assert client.delete("/writers/new/").status_code == 405
    assert client.get(f"{page}revoke/").status_code == 405
    assertRedirects(client.get(f"{page}rotate/"), page)


def test_a_trail_that_is_down_changes_nothing(client: Client, ada: User, page: str, no_trail: None) -> None:
    client.force_login(ada)
    answers = [
        client.post("/writers/new/", NEW),
        client.post(f"{page}rotate/", {"hours": "1"}),
        client.post(f"{page}revoke/"),
    ]
    for answer in answers:
        assertContains(answer, "Nothing was changed.", status_code=503)
    assert [key.state for key in WriterKey.objects.all()] == ["works"]
