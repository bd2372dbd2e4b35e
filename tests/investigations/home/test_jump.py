"""The command bar: where a text leads, what is offered while one types, and what it never asks for."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.models import Case
from tests.support.factories.cases import open_case, saved_query
from tests.support.factories.events import use, write
from tests.support.pages import audit_log, text_of
from trail.connection import Trail

PAGE, OPTIONS = "/jump/", "/jump/options/"
SECRET = "fm2_" + "lJPECAAAAAAAAbcd" * 4
FINGERPRINT = "ab" * 32


@pytest.fixture
def bar(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def first_hit(client: Client, text: str) -> str:
    """Where Enter leads without a script."""
    response = client.get(PAGE, {"q": text})
    assert response.status_code == 302, text_of(response)
    return response["Location"]


@pytest.mark.parametrize(
    ("text", "leads_to"),
    [
        ("tok_1", "/tokens/tok_1/"),
        ("  tok_1\n", "/tokens/tok_1/"),
        ("mallory", "/users/mallory/"),
        ("vault", "/services/vault/"),
        ("192.0.2.7", "/addresses/192.0.2.7/"),
        ("192.0.2[.]7", "/addresses/192.0.2.7/"),
        ("192.0.2.0/24", "/?f=source.ip%3A192.0.2.0%2F24"),
        ("e1", "/events/e1/"),
        (FINGERPRINT, f"/tokens/{FINGERPRINT}/"),
        ("user.id:mallory AND event.outcome:failure", "/?q=user.id%3Amallory+AND+event.outcome%3Afailure"),
        ("tok_never_seen", "/tokens/tok_never_seen/"),
        ("nothing of the kind", "/?q=%22nothing+of+the+kind%22"),
        ("runs", "/runs/"),
        ("failed logins", "/queries/failed/"),
    ],
)
def test_a_text_leads_to_what_it_means(bar: Client, trail: Trail, text: str, leads_to: str) -> None:
    write(trail, use("tok_1", user__id="mallory", service__name="vault", source__ip="192.0.2.7", id="e1"))
    saved_query("failed", "event.outcome:failure", name="Failed logins by hand")
    assert first_hit(bar, text) == leads_to


def test_what_exists_comes_before_what_only_looks_like_something(bar: Client, trail: Trail) -> None:
    write(trail, use("tok_12", user__id="tok_1"))
    assert first_hit(bar, "tok_1") == "/users/tok_1/"
    assert first_hit(bar, "tok_") == "/tokens/tok_12/"


def test_a_case_is_reached_by_its_id_and_by_its_title_by_who_sees_it(
    client: Client, case: Case, bob: User, charlie: User, trail: Trail
) -> None:
    address = f"/cases/{case.public_id}/"
    for user, sees in ((bob, True), (charlie, False)):
        client.force_login(user)
        for text in (case.public_id, case.title[:10].upper()):
            assert (address in text_of(client.get(OPTIONS, {"q": text}))) is sees
    client.force_login(bob)
    assert first_hit(client, case.public_id) == address


def test_events_of_a_strange_case_do_not_show_that_they_exist(client: Client, case: Case, charlie: User) -> None:
    client.force_login(charlie)
    assertNotContains(client.get(OPTIONS, {"q": case.public_id}), "resource.id")


def test_pages_are_offered_to_who_may_open_them(client: Client, rae: User, ada: User, trail: Trail) -> None:
    for user, words in ((rae, False), (ada, True)):
        client.force_login(user)
        assert ("/runs/" in text_of(client.get(OPTIONS, {"q": "runs"}))) is words
        assert ("/cases/new/" in text_of(client.get(OPTIONS, {"q": "open a"}))) is words


def test_an_identifier_comes_with_its_times_and_its_events(bar: Client, trail: Trail) -> None:
    write(trail, use("t1", at="2025-01-01T00:00:00Z"), use("t1", at="2025-02-01T00:00:00Z"))
    response = bar.get(OPTIONS, {"q": "t1"})
    assertContains(response, "token.id, 2 events, 1 Jan 2025 to 1 Feb 2025")
    assertContains(response, "/?f=token.id%3At1")
    assert text_of(response).count('aria-selected="true"') == 1


def test_a_token_comes_with_its_exposure_its_lineage_and_the_way_into_a_case(
    client: Client, trail: Trail, alice: User, rae: User
) -> None:
    write(trail, use("t1"))
    for user, may_pin in ((alice, True), (rae, False)):
        client.force_login(user)
        offered = text_of(client.get(OPTIONS, {"q": "t1"}))
        assert "/tokens/t1/compromise/" in offered
        assert "/tokens/t1/lineage/" in offered
        assert ("/tokens/t1/#add-to-case" in offered) is may_pin


def test_without_a_text_it_offers_where_one_was_and_the_pages(bar: Client, trail: Trail) -> None:
    write(trail, use("tok_1"))
    bar.get("/tokens/tok_1/")
    page = text_of(bar.get(OPTIONS))
    assert page.index("/tokens/tok_1/") < page.index("/home/")
    assert bar.get(PAGE).status_code == 200


@pytest.mark.parametrize("address", [PAGE, OPTIONS])
def test_a_secret_is_refused_and_neither_shown_nor_recorded_nor_asked_for(
    bar: Client, trail: Trail, wire: list[str], address: str
) -> None:
    bar.get("/queries/")
    wire.clear()
    response = bar.get(address, {"q": f"x {SECRET}"})
    assertContains(response, "looks like a token itself", status_code=400)
    assert SECRET not in text_of(response)
    assert wire == []
    assert SECRET not in str(audit_log(trail, "*", whole=True))


def test_it_takes_one_request_to_the_engine_and_is_on_record_once_a_minute(
    bar: Client, trail: Trail, wire: list[str]
) -> None:
    bar.get(PAGE)
    wire.clear()
    bar.get(OPTIONS, {"q": "tok_1"})
    bar.get(OPTIONS, {"q": "tok_12"})
    assert wire == ["POST /_msearch"] * 2
    (recorded,) = audit_log(trail, "values.read")
    assert recorded["labels"]["begins"] == "tok_1"


def test_a_trail_that_does_not_answer_leaves_the_shape_the_cases_and_the_pages(
    bar: Client, case: Case, no_trail: None
) -> None:
    assert first_hit(bar, "203.0.113.77") == "/addresses/203.0.113.77/"
    response = bar.get(OPTIONS, {"q": "leaked"})
    assertContains(response, case.title)
    assertContains(response, "The trail does not answer now")


def test_texts_of_the_trail_and_of_people_stay_texts(bar: Client, alice: User, trail: Trail) -> None:
    write(trail, use("<i>x</i>\u202e"))
    open_case(alice, title="<i>case</i>")
    page = text_of(bar.get(OPTIONS, {"q": "<i>"}))
    assert "&lt;i&gt;x" in page
    assert "&lt;i&gt;case" in page
    assert "<i>" not in page
    assert "\u202e" not in page


@pytest.mark.parametrize("text", ["x" * 501, "\u0000", '"', "(" * 400, "%", "\ud83d", "/" * 300])
def test_no_text_is_an_error(bar: Client, trail: Trail, text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    assert bar.get(OPTIONS, {"q": text}).status_code in (200, 400)
    assert bar.get(PAGE, {"q": text}).status_code in (200, 302, 400)
