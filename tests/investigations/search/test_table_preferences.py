"""How a person likes the table of events, and that it follows them."""

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.models import TablePreference
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, link, text_of
from trail.connection import Trail

HTMX = {"HX-Request": "true"}


def _columns(client: Client, **query: str) -> list[str]:
    heads = text_of(client.get("/", query)).split("<thead>")[1].split("</thead>")[0]
    return [part.split('"')[0] for part in heads.split('data-column="')[1:]]


def test_ones_own_columns_are_shown_where_the_address_names_none(
    client: Client, alice: User, bob: User, trail: Trail
) -> None:
    write(trail, use("t"))
    client.force_login(alice)
    usual = _columns(client)
    assert client.post("/search/table/", {"columns": "token.id,user.id"}, headers=HTMX).status_code == 204
    assert _columns(client) == ["token.id", "user.id"]
    assert _columns(client, columns="source.ip") == ["source.ip"]
    # The usual ones as well: an address that somebody sends shows what they saw.
    assert _columns(client, columns=",".join(usual)) == usual
    assertContains(
        client.get("/", {"columns": ",".join(usual)}), "sort=user.id%3Aasc&amp;columns=%40timestamp%2Ctoken.id"
    )
    client.force_login(bob)
    assert _columns(client) == usual


def test_widths_density_and_wrapping_are_remembered_one_by_one(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t"))
    client.force_login(alice)
    for changed in (
        {"widths": '{"user.id": 333}'},
        {"widths": '{"token.id": 444}'},
        {"density": "compact"},
        {"wrap": "yes"},
    ):
        client.post("/search/table/", changed, headers=HTMX)
    response = client.get("/")
    assertContains(response, '<col width="333" data-width="333" data-column="user.id">')
    assertContains(response, '<col width="444" data-width="444" data-column="token.id">')
    assertContains(response, "is-compact is-wrapped")
    client.post("/search/table/", {"wrap": "no"}, headers=HTMX)
    assertNotContains(client.get("/"), "is-wrapped")
    client.post("/search/table/", {"forget": "yes"}, headers=HTMX)
    assert not TablePreference.objects.exists()


def test_a_browser_without_a_script_comes_back_to_its_search(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t"))
    client.force_login(alice)
    chosen = {"q": "token.id:t", "case": "c1", "columns": ["user.id", "labels.team", ""]}
    response = client.post("/search/table/", chosen)
    assert response.headers["Location"] == "/?q=token.id%3At&columns=user.id%2Clabels.team&case=c1"
    assert _columns(client) == ["user.id", "labels.team"]
    assert client.get("/", chosen).status_code == 200


def test_what_is_no_column_no_width_and_no_density_is_refused_and_changes_nothing(
    client: Client, alice: User, trail: Trail
) -> None:
    client.force_login(alice)
    for wrong in (
        {"columns": "nothing"},
        {"columns": ",".join(f"raw.a{n}" for n in range(81))},
        {"widths": "x"},
        {"widths": "[]"},
        {"widths": '{"user.id": 5}'},
        {"widths": '{"user.id": 99999}'},
        {"widths": '{"nothing": 100}'},
        {"widths": '{"user.id": true}'},
        {"density": "loud"},
        {"wrap": "maybe"},
    ):
        assert client.post("/search/table/", wrong, headers=HTMX).status_code == 400, wrong
    assert not TablePreference.objects.exists()


def test_a_head_sorts_moves_and_removes_its_column_and_says_why_it_cannot_be_sorted(
    client: Client, alice: User, trail: Trail
) -> None:
    write(trail, use("t", message="hello"))
    client.force_login(alice)
    shown = {"columns": "user.id,message", "sort": "user.id:asc"}
    assertContains(client.get("/", shown), 'aria-sort="ascending"', count=1)
    response = client.get("/search/column/", shown | {"column": "user.id"}, headers=HTMX)
    assert link(response, "Move to the right") == "/?sort=user.id%3Aasc&columns=message%2Cuser.id"
    assert link(response, "Remove this column") == "/?sort=user.id%3Aasc&columns=message"
    assert link(response, "Sort from high to low") == "/?sort=user.id%3Adesc&columns=user.id%2Cmessage"
    assert link(response, "Sort from low to high") is None
    whole = client.get("/search/column/", shown | {"column": "message"})
    assertContains(whole, "Cannot be sorted. It holds sentences")
    assert link(whole, "Back to the search") == "/?sort=user.id%3Aasc&columns=user.id%2Cmessage"
    assert client.get("/search/column/", shown | {"column": "token.id"}).status_code == 404


def test_anonymous_signs_in_and_nobody_reads_it(client: Client, alice: User) -> None:
    assert at_sign_in(client.post("/search/table/"), "/search/table/")
    client.force_login(alice)
    assert client.get("/search/table/").status_code == 405
