"""Short links: the same search has the same, it opens as the person who opens it, and a note can begin with one."""

import re

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations.models import Case, Note, ShortLink
from tests.support.factories.cases import close_case
from tests.support.factories.events import use, write
from tests.support.factories.searches import link
from tests.support.pages import at_sign_in, audit_log, events_on
from trail.connection import Trail

PAGE = "/links/"
WORDS = {"q": "user.id:$who", "p.who": ["mallory", "eve"], "f": ["event.outcome:failure", "-source.ip:10.0.0.1"],
         "from": "now-50y", "columns": "user.id"}  # fmt: skip


def test_the_same_search_has_the_same_link_which_is_on_record_once(
    client: Client, alice: User, bob: User, trail: Trail
) -> None:
    for person in (alice, bob):
        client.force_login(person)
        response = client.post(PAGE, WORDS | {"times": "relative"}, follow=True)
        made = ShortLink.objects.get()
        assertContains(response, f'value="testserver/s/{made.public_id}/"')
        assertContains(response, "It asks anew whenever it is opened.")
    assert (made.made_by, made.fixed) == (alice, False)
    (recorded,) = audit_log(trail, "search.share")
    assert recorded["resource"] == {"type": "link", "id": made.public_id}


def test_it_opens_the_whole_search_with_all_that_was_in_it(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    client.post(PAGE, WORDS)
    response = client.get(f"/s/{ShortLink.objects.get().public_id}/")
    assert response.status_code == 302
    landed = client.get(response["Location"])
    assert landed.context["search"].to_query() == {
        "q": ["user.id:$who"],
        "f": ["event.outcome:failure", "-source.ip:10.0.0.1"],
        "from": ["now-50y"],
        "columns": ["user.id"],
        "p.who": ["mallory", "eve"],
    }


def test_one_that_is_fixed_shows_the_same_however_much_arrives(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t", id="e1"))
    client.force_login(alice)
    client.post(PAGE, {"q": "token.id:t", "from": "now-50y", "times": "fixed"})
    write(trail, use("t", id="late"))
    made = ShortLink.objects.get()
    assert "now" not in str(made.search)
    assert events_on(client.get(f"/s/{made.public_id}/", follow=True)) == ["e1"]


def test_a_link_shows_nobody_more_than_they_may_find(
    client: Client, case: Case, alice: User, charlie: User, trail: Trail
) -> None:
    made = link(alice, f"resource.id:{case.public_id} AND event.action:case.*")
    trail.client.indices.refresh(index=trail.events)
    client.force_login(alice)
    assert len(events_on(client.get(f"/s/{made.public_id}/", follow=True))) == 3
    client.force_login(charlie)
    assertContains(client.get(f"/s/{made.public_id}/", follow=True), "No event matches")


def test_a_search_too_long_for_an_address_is_run_in_the_background_instead(
    client: Client, alice: User, trail: Trail
) -> None:
    client.force_login(alice)
    client.post(PAGE, {"q": "user.id:$who", "p.who": [f"user-{n:05}" for n in range(900)]})
    response = client.get(f"/s/{ShortLink.objects.get().public_id}/", follow=True)
    assertContains(response, "This search is too long for an address.")
    assertContains(response, 'name="p.who"', count=900)


def test_a_note_begins_with_the_search_and_its_link(client: Client, case: Case, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    form = client.post(
        PAGE, {"q": "user.id:mallory", "times": "fixed", "then": "note", "case": case.public_id}, follow=True
    )
    made = ShortLink.objects.get()
    text = re.search(r"<textarea[^>]*>(.*?)</textarea>", form.content.decode(), re.DOTALL)
    assert text is not None
    assert text[1].strip().startswith("Search: user.id:mallory, at any time")
    assert f"http://testserver/s/{made.public_id}/" in text[1]
    written = client.post("/notes/new/", {"case": case.public_id, "text": text[1]})
    assertRedirects(written, f"/cases/{case.public_id}/notes/")
    assert made.public_id in Note.objects.get().text


def test_a_note_goes_into_no_case_that_one_may_not_write_to(
    client: Client, case: Case, alice: User, rae: User, charlie: User, trail: Trail
) -> None:
    client.force_login(charlie)
    response = client.post("/notes/new/", {"case": case.public_id, "text": "typed"})
    assertContains(response, "No case to write to", status_code=400)
    client.force_login(rae)
    assert client.get("/notes/new/").status_code == 403
    close_case(case, alice)
    client.force_login(alice)
    client.post("/notes/new/", {"case": case.public_id, "text": "typed"})
    assert not Note.objects.exists()


def test_what_cannot_be_asked_gets_no_link_and_keeps_what_was_typed(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    for typed in ("user.id:", "source.ip:house", "fm2_" + "lJPECAAAAAAAAbcd" * 4):
        response = client.post(PAGE, {"q": typed})
        assertContains(response, f">{typed}</textarea>", status_code=400) if "fm2" not in typed else None
        assert response.status_code == 400
    assert not ShortLink.objects.exists()


def test_a_trail_that_is_down_makes_no_link(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    assert client.post(PAGE, {"q": "mallory"}).status_code == 503
    assert not ShortLink.objects.exists()


def test_a_viewer_shares_and_writes_no_note(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    response = client.post(PAGE, {"q": "mallory"}, follow=True)
    assertContains(response, "Short link")
    assertNotContains(response, "Write a note")


def test_anonymous_goes_to_sign_in_a_bad_id_is_404_and_a_link_makes_nothing(
    client: Client, alice: User, trail: Trail
) -> None:
    assert at_sign_in(client.get("/s/x/"), "/s/x/")
    client.force_login(alice)
    for address in ("/s/x/", "/s/x/about/", "/notes/new/?link=x"):
        assert client.get(address).status_code == 404
    assertRedirects(client.get(PAGE), "/", fetch_redirect_response=False)


def test_what_gets_no_link_is_shown_with_all_that_stands_beside_the_search(
    client: Client, case: Case, alice: User, trail: Trail
) -> None:
    client.force_login(alice)
    pinned = client.get("/", {"f": "user.id:ann"}).context["chips"][0].actions[-1].url
    client.post(pinned, {"f": "user.id:ann"})
    sent = {"q": "source.ip:house", "f": "event.outcome:failure", "from": "now-1d", "case": case.public_id}
    response = client.post(PAGE, sent)
    assert response.status_code == 400
    assertContains(response, '<bdi class="chip__text">event.outcome: failure</bdi>', status_code=400, html=True)
    assertContains(response, 'aria-label="Remove the filter event.outcome: failure"', status_code=400)
    assertContains(response, "pinned, not in this search", status_code=400)
    assertContains(response, f'In <a href="/cases/{case.public_id}/">', status_code=400)
    assert response.context["search_request"].filters == ("event.outcome:failure",)


def test_a_link_names_the_time_zone_of_whom_it_was_made_by(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t", id="e1", at="2026-07-01T22:30:00Z"))
    client.force_login(alice)
    assertNotContains(client.post(PAGE, {"q": "token.id:t"}, follow=True), "?tz=")
    address = f"/s/{ShortLink.objects.get().public_id}/"
    client.post("/view-settings/", {"zone": "Asia/Tokyo"})
    assertContains(client.post(PAGE, {"q": "token.id:t"}, follow=True), f'value="testserver{address}?tz=Asia%2FTokyo"')
    client.post("/view-settings/", {"zone": "UTC"})
    made = client.post(PAGE, {"q": "token.id:t", "tz": "Asia/Tokyo"}, follow=True)
    assertContains(made, "Its times are shown in <bdi>Asia/Tokyo</bdi>.")
    opened = client.get(f"{address}?tz=Asia/Tokyo", follow=True)
    assertContains(opened, "07:30:00")
    assertContains(opened, '<input type="hidden" name="tz" value="Asia/Tokyo">', html=True)
    assertNotContains(client.get(f"{address}?tz=Mars/Olympus", follow=True), "Mars")


def test_a_note_about_a_search_names_the_time_zone(client: Client, case: Case, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    response = client.post(
        PAGE, {"q": "token.id:t", "then": "note", "case": case.public_id, "tz": "Asia/Tokyo"}, follow=True
    )
    assertContains(response, f"/s/{ShortLink.objects.get().public_id}/?tz=Asia%2FTokyo")
