"""The log's hashes for everybody: off until an admin opens them, on record, cacheable, and nothing else with them."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from operations.models import LogOpening
from operations.sealing.folder import LogDirectory
from tests.support.factories.events import event, write
from tests.support.pages import at_sign_in
from trail.connection import Trail
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search

OPEN, CLOSE = 'name="to_open" value="yes"', 'name="to_open" value="no"'
FOR_EVER = "public, max-age=31536000, immutable"
FILES = ("/log/checkpoint", "/log/tile/0/000", "/log/tile/0/001.p/44", "/log/tile/1/000.p/1")
# Of the log too, and not for everybody.
ELSE = (
    "/log/",
    "/log/consistency/?old=1&new=2",
    "/log/cosignatures",
    "/log/tile/entries/000",
    "/log/ids/000",
    "/log/key",
)


@pytest.fixture
def sealed(trail: Trail, seal: Callable[[], object]) -> None:
    write(trail, *(event() for _ in range(300)))
    seal()


def switch(client: Client, person: User, word: str) -> int:
    client.force_login(person)
    status = client.post(reverse("integrity"), {"to_open": word}).status_code
    client.logout()
    return status


def list_actions(trail: Trail) -> list[str]:
    trail.client.indices.refresh(index=f"{trail.prefix}-events-*")
    hits = execute.read_page(trail, Search(text="event.action:(log.open OR log.close)"), WHOLE_TRAIL).hits
    return sorted(f"{hit.document['user']['name']} {hit.document['event']['action']}" for hit in hits)


def test_nobody_without_an_account_or_a_key_reads_it_until_an_admin_opens_it(
    client: Client, ada: User, sealed: None
) -> None:
    assert [client.get(path).status_code for path in FILES] == [401] * 4
    assert switch(client, ada, "yes") == 302
    assert [client.get(path).status_code for path in FILES] == [200] * 4
    assert switch(client, ada, "no") == 302
    assert [client.get(path).status_code for path in FILES] == [401] * 4


def test_what_is_open_is_the_checkpoint_and_the_tiles_and_nothing_else(client: Client, ada: User, sealed: None) -> None:
    switch(client, ada, "yes")
    for path in ELSE:
        answer = client.get(path)
        assert answer.status_code in (401, 404, 405) or at_sign_in(answer), path
    for path in FILES:
        assert client.head(path).status_code == 200
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert client.generic(method, path).status_code == 405, (method, path)
    for path in ("/", "/search/", "/events/event-1/proof/", "/cases/", "/status/", "/metrics", "/api/v1/search"):
        answer = client.get(path)
        assert answer.status_code in (302, 401, 404, 405), path
        assert answer.status_code != 302 or at_sign_in(answer), path


def test_a_cache_may_keep_tiles_for_ever_and_a_checkpoint_for_a_moment(client: Client, ada: User, sealed: None) -> None:
    switch(client, ada, "yes")
    for path in FILES[1:]:
        assert client.get(path)["Cache-Control"] == FOR_EVER
    assert client.get("/log/checkpoint")["Cache-Control"] == "public, max-age=2"
    for path in FILES:
        answer = client.get(path)
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", ""), path
    missing = client.get(
        "/log/tile/0/001"
    )  # it is not full yet, and will be: nobody may remember that it was not there
    assert (missing.status_code, missing["Cache-Control"]) == (404, "no-store")


def test_what_came_with_a_session_is_for_no_shared_cache(client: Client, ada: User, rae: User, sealed: None) -> None:
    switch(client, ada, "yes")
    client.force_login(rae)
    assert client.get("/log/tile/0/000")["Cache-Control"] == "private, max-age=31536000, immutable"
    assert client.get("/log/checkpoint")["Cache-Control"] == "no-store"


def test_a_tile_that_was_public_is_the_same_after_the_log_went_on(
    client: Client, ada: User, trail: Trail, sealed: None, seal: Callable[[], object]
) -> None:
    switch(client, ada, "yes")
    partial = client.get("/log/tile/0/001.p/44").content
    write(trail, *(event() for _ in range(300)))
    seal()
    assert len(partial) == 44 * 32
    assert client.get("/log/tile/0/001.p/44").content == partial
    assert client.get("/log/tile/0/001").content[: len(partial)] == partial


def test_only_admins_switch_and_each_switch_is_on_record(
    client: Client, ada: User, alice: User, lea: User, rae: User, trail: Trail, sealed: None
) -> None:
    for person in (alice, lea, rae):
        assert switch(client, person, "yes") == 403
    assert client.post(reverse("integrity"), {"to_open": "yes"}).status_code == 302  # to sign in
    assert not LogOpening.objects.exists()
    assert switch(client, ada, "perhaps") == 400
    for word in ("yes", "yes", "no", "no", "yes"):
        assert switch(client, ada, word) == 302
    assert list_actions(trail) == ["Ada log.close", "Ada log.open", "Ada log.open"]
    assert [opening.is_open for opening in LogOpening.objects.order_by("pk")] == [True, False, True]


def test_what_cannot_be_put_on_record_is_not_switched(client: Client, ada: User, sealed: None, no_trail: None) -> None:
    assert switch(client, ada, "yes") == 503
    assert not LogOpening.objects.exists()


def test_a_log_that_was_damaged_can_be_closed(client: Client, ada: User, sealed: None, settings: Settings) -> None:
    switch(client, ada, "yes")
    path = settings.SEAL_DIR / "checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\n300\n", b"\n301\n"))
    assert client.get("/log/tile/0/000").status_code == 503
    client.force_login(ada)
    assertContains(client.get("/log/"), CLOSE)


def test_reading_an_open_log_writes_no_event_however_often(
    client: Client, ada: User, trail: Trail, sealed: None, seal: Callable[[], object]
) -> None:
    switch(client, ada, "yes")
    client.get("/log/checkpoint")
    seal()
    before = LogDirectory().newest()
    assert {client.get(path).status_code for path in FILES * 5} == {200}
    seal()
    assert LogDirectory().newest() == before


def test_the_page_says_to_everybody_who_may_read_it_and_what_they_learn(
    client: Client, ada: User, rae: User, sealed: None
) -> None:
    client.force_login(rae)
    assertContains(client.get("/log/"), "People with an account and programs with a key")
    assertNotContains(client.get("/log/"), OPEN)
    client.force_login(ada)
    assertContains(client.get("/log/"), OPEN)
    assertContains(client.get("/log/"), "how many events there are, and when they come")
    switch(client, ada, "yes")
    client.force_login(rae)
    assertContains(client.get("/log/"), "Anybody who reaches this console, since")
    assertNotContains(client.get("/log/"), CLOSE)
