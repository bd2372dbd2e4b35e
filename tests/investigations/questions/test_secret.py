"""Identify a leaked token: its names are asked for, and never the token."""

import hashlib
import json

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.support.factories.events import issue, use, write
from tests.support.pages import at_sign_in, audit_log, text_of
from trail.connection import Trail
from trail.redaction import remove_secrets

PAGE, NAMES = "/secret/", "/secret/names/"
TOKEN = "ghp_" + "Ab3d" * 9


def test_the_page_has_no_field_that_a_browser_without_the_script_could_send(client: Client, rae: User) -> None:
    client.force_login(rae)
    response = client.get(PAGE)
    assertContains(response, "Without JavaScript there is no field here")
    assert response["Cache-Control"] == "no-store"
    page = text_of(response)
    main = page[page.index("<main") : page.index("</main>")]
    assert "<input" not in main
    assert "<textarea" not in page.replace(page[page.index("<template") : page.index("</template>")], "")


def test_it_says_of_each_name_how_often_it_is_found_and_from_when_to_when(
    client: Client, alice: User, trail: Trail, wire: list[str]
) -> None:
    left, fingerprint = remove_secrets(f"Bearer {TOKEN}")[0], "f" * 64
    removed = hashlib.sha256(f"Bearer {TOKEN}".encode()).hexdigest()
    write(
        trail,
        issue("t", "mallory", id="issued", at="2026-11-01T00:00:00Z", token__fingerprint=fingerprint),
        use("t", at="2026-11-03T00:00:00Z"),
        use("u", event__original=json.dumps({"headers": [{"auth": left}]}), raw={"headers": [{"auth": left}]}),
        use("u", message=f"curl -H '{left}'"),
    )
    client.force_login(alice)
    before = len(wire)
    names = ["token.id:t", f"token.fingerprint:{fingerprint}", f"removed:{removed}", "token.id:never"]
    known = client.post(NAMES, {"name": names}).json()["known"]
    assert [one["name"] for one in known] == names
    assert [one["events"] for one in known] == [2, 1, 2, 0]
    assert (known[0]["first"], known[0]["last"]) == ("2026-11-01T00:00:00.000Z", "2026-11-03T00:00:00.000Z")
    assert (known[3]["first"], known[3]["last"]) == (None, None)
    assertContains(client.get(known[0]["url"]), "/events/issued/")
    assert wire[before] == "POST /_msearch"


def test_what_an_import_left_is_found_by_the_search_too(client: Client, alice: User, trail: Trail) -> None:
    left = remove_secrets(TOKEN)[0]
    write(
        trail,
        use("u", id="raw", event__original=json.dumps({"key": left}), raw={"key": left}),
        use("v", id="said", message=f"with {left}"),
    )
    client.force_login(alice)
    response = client.get("/", {"q": f'"{left}"'})
    for event_id in ("raw", "said"):
        assertContains(response, f"/events/{event_id}/")


def test_as_many_names_as_a_page_asks_for_are_answered(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t"))
    client.force_login(alice)
    names = [f"removed:{number:064x}" for number in range(399)]
    assert client.post(NAMES, {"name": [*names, "token.id:t"]}).json()["known"][-1]["events"] == 1
    assert client.post(NAMES, {"name": [*names, "token.id:t", "token.id:u"]}).status_code == 400


@pytest.mark.parametrize(
    "name",
    [f"token.id:{TOKEN}", "removed:xyz", "token.fingerprint:abc", "user.id:a", "token.id:", "token.id:a\0b", "t"],
)
def test_what_is_no_name_is_refused_before_anything_is_asked_or_written(
    name: str, client: Client, alice: User, trail: Trail
) -> None:
    client.force_login(alice)
    response = client.post(NAMES, {"name": ["token.id:t", name]})
    assertNotContains(response, TOKEN, status_code=400)
    assert audit_log(trail) == []


def test_the_names_are_on_record(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    client.post(NAMES, {"name": ["token.id:t", "token.id:u"]})
    (recorded,) = audit_log(trail, "question.ask")
    assert recorded["labels"] == {"names": "token.id:t token.id:u"}


def test_a_trail_that_is_down_is_said(client: Client, alice: User, no_trail: None) -> None:
    client.force_login(alice)
    response = client.post(NAMES, {"name": ["token.id:t"]})
    assert response.status_code == 503
    assert "does not answer" in response.json()["problem"]


def test_nobody_comes_in_without_signing_in(client: Client) -> None:
    assert at_sign_in(client.get(PAGE), PAGE)
    assert at_sign_in(client.post(NAMES))
