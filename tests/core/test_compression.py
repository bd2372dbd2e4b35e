"""Compressed answers: small on the wire, and of a length that tells a stranger nothing."""

import gzip

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client
from pytest_django.asserts import assertContains

from accounts.models import User
from core.compression import CompressionMiddleware
from tests.support.factories.events import use, write
from tests.support.pages import bytes_of
from trail.connection import Trail

MOST_ON_THE_WIRE = 60 * 1024
KEY = {"name": "Tokens of Berlin", "scope": "events:write", "writer": "tokens-1", "dataset": "tokens", "format": "ecs"}
GZIP = {"Accept-Encoding": "gzip, deflate, br, zstd"}


@pytest.fixture
def page(client: Client, alice: User, trail: Trail) -> str:
    """A search with more events than a page shows, each different in what an event usually has."""
    write(
        trail,
        *(
            use(
                f"tok_usr_{number:04}_{number % 7}",
                user__id=f"usr_{number:04}",
                user__email=f"person-{number:04}@example.org",
                source__ip=f"198.51.100.{number}",
                user_agent__original=f"platformctl/2.{number}.0 (linux/amd64)",
                resource__id=f"secret_{number * 7919 % 1000:03}",
                event__outcome="success" if number % 5 else "failure",
            )
            for number in range(60)
        ),
    )
    client.force_login(alice)
    return "/?q=event.dataset:test"


def test_a_search_page_is_small_on_the_wire_and_whole_when_unpacked(client: Client, page: str) -> None:
    response = client.get(page, headers=GZIP)
    assert (response.status_code, response["Content-Encoding"]) == (200, "gzip")
    assert "Accept-Encoding" in response["Vary"]
    assert int(response["Content-Length"]) == len(response.content) <= MOST_ON_THE_WIRE
    assert "usr_0059" in gzip.decompress(response.content).decode()


def test_the_same_page_is_of_many_lengths(client: Client, alice: User, db: None) -> None:
    client.force_login(alice)
    lengths = {len(client.get("/words/", headers=GZIP).content) for _ in range(12)}
    assert len(lengths) > 3
    assert CompressionMiddleware.max_random_bytes == 100


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_who_was_sent_by_another_site_gets_nothing_to_measure(client: Client, alice: User, site: str) -> None:
    client.force_login(alice)
    response = client.get("/words/", headers=GZIP | {"Sec-Fetch-Site": site})
    assert "Content-Encoding" not in response
    assert "Sec-Fetch-Site" in response["Vary"]
    assertContains(response, "first seen")


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_console_s_own_requests_are_compressed(client: Client, alice: User, site: str) -> None:
    client.force_login(alice)
    assert client.get("/words/", headers=GZIP | {"Sec-Fetch-Site": site})["Content-Encoding"] == "gzip"


def test_the_token_against_forgery_is_another_in_each_answer(client: Client, alice: User, db: None) -> None:
    client.force_login(alice)
    forms = {client.get("/cases/new/").context["csrf_token"] for _ in range(2)}
    assert len(set(map(str, forms))) == 2
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"


def test_what_shows_a_secret_once_is_sent_as_it_is(client: Client, ada: User, bob: User, trail: Trail) -> None:
    client.force_login(ada)
    made = client.post("/writers/new/", KEY, headers=GZIP)
    link = client.post(f"/admin/accounts/user/{bob.pk}/password-link/", headers=GZIP)
    for response in (made, link):
        assert response.status_code == 200
        assert "Content-Encoding" not in response


def test_who_takes_no_gzip_gets_none(client: Client, alice: User, db: None) -> None:
    client.force_login(alice)
    assert "Content-Encoding" not in client.get("/words/", headers={"Accept-Encoding": "identity"})


@pytest.mark.usefixtures("static_files")
def test_static_files_stay_with_the_browser_for_a_year_and_more(client: Client) -> None:
    address = staticfiles_storage.url("css/palette.css")
    assert address != "/static/css/palette.css"
    response = client.get(address, headers=GZIP)
    assert (response.status_code, response["Content-Encoding"]) == (200, "gzip")
    limits = dict(part.strip().partition("=")[::2] for part in response["Cache-Control"].split(","))
    assert int(limits["max-age"]) >= 31_536_000
    assert {"public", "immutable"} <= limits.keys()
    assert gzip.decompress(bytes_of(response)).startswith(b"/*")
