"""One token's page: when first used, and from where, its lifeline, and all the rest that the trail knows."""

import re
from html import unescape

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.support.factories.cases import open_case
from tests.support.factories.events import event, issue, revoke, use, write
from tests.support.pages import at_sign_in, audit_log, link, text_of
from trail.connection import Trail

PAGE = "/tokens/t/"
QUESTION = "/questions/first-use/"
SECRET = "fm2_" + "lJPECAAAAAAAAbcd" * 4


def _life(trail: Trail) -> None:
    write(
        trail,
        issue("t", "mallory", id="issued", at="2026-11-01T00:00:00Z", service__name="api", source__ip="10.30.4.17"),
        use(
            "t",
            id="refused",
            at="2026-11-01T00:03:12Z",
            source__ip="203.0.113.5",
            event__outcome="failure",
            event__reason="caveat: org",
        ),
        use(
            "t",
            id="allowed",
            at="2026-11-03T00:00:00Z",
            user_agent__original="curl/8",
            token__fingerprint="a" * 64,
            token__caveats__json='["organization:northwind"]',
            token__caveats__count=1,
        ),
        revoke("t", id="end", at="2026-11-04T00:00:00Z", user__id="sec", token__revocation__reason="found in a log"),
        use("t", id="late", at="2026-11-05T00:00:00Z", event__outcome="failure"),
    )


def test_it_answers_in_sentences_before_it_is_asked(client: Client, alice: User, trail: Trail) -> None:
    _life(trail)
    client.force_login(alice)
    response = client.get(PAGE)
    assertContains(response, 'First used <a href="/events/refused/"><time datetime="2026-11-01T00:03:12')
    for text in (
        "203.0.113.5",
        "3 min 12 s after it was issued",
        "That use was refused",
        "curl/8",
        "/events/issued/",
        "/events/allowed/",
        "/events/end/",
        "found in a log",
        "Nothing was accepted after that",
        "<b>1 try was denied</b>",
        "/events/late/",
        "organization:northwind",
        "caveat: org",
        "a" * 64,
        "Whole trail",
    ):
        assertContains(response, text)
    assertContains(client.get(link(response, "All its uses in the search") or ""), "of <b>3</b> events")
    assertContains(client.get(link(response, "This token and everything derived from it") or ""), "of <b>5</b> events")


def test_a_token_that_was_never_used_is_said_to_be_unused(client: Client, alice: User, trail: Trail) -> None:
    write(trail, issue("t", "mallory"))
    client.force_login(alice)
    assertContains(client.get(PAGE), "This token was never used, as far as the trail has recorded.")
    assertContains(client.get("/tokens/nothing/"), "The trail holds no event of this token")


def test_the_question_leads_here_and_without_a_token_asks_for_one(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    assertContains(client.get(QUESTION), "Token id or fingerprint")
    assert audit_log(trail) == []
    assert client.get(QUESTION, {"token": " t "}).headers["Location"] == PAGE
    assert client.get(QUESTION, {"token": "a/../b"}).headers["Location"] == "/tokens/~YS8uLi9i/"
    client.get(QUESTION, {"token": "t"}, follow=True)
    (recorded,) = audit_log(trail, "question.ask")
    assert (recorded["user"]["id"], recorded["resource"]["id"]) == ("rae", "token")
    assert recorded["labels"] == {"token": "t"}


@pytest.mark.parametrize("address", [f"{QUESTION}?token={SECRET}", f"/tokens/{SECRET}/"])
def test_a_token_itself_is_refused_and_stands_nowhere(client: Client, alice: User, trail: Trail, address: str) -> None:
    client.force_login(alice)
    response = client.get(address)
    assertContains(response, "treat the token as leaked", status_code=400)
    assertNotContains(response, "lJPECAAAAAAAAbcd", status_code=400)
    assert audit_log(trail) == []


def test_nothing_that_an_event_holds_runs_in_the_page(client: Client, alice: User, trail: Trail) -> None:
    evil = "<script>alert(1)</script>"
    write(
        trail,
        issue(
            evil,
            evil,
            service__name=evil,
            token__caveats__json='["<script>alert(2)</script>"]',
            at="2026-11-01T00:00:00Z",
        ),
        use(evil, user_agent__original=evil, event__outcome="failure", event__reason=evil),
        revoke(evil, user__id=evil, token__revocation__reason=evil, at="2026-11-02T00:00:00Z"),
    )
    client.force_login(alice)
    for page in ("", "lineage/", "compromise/"):
        response = client.get(f"/tokens/~PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==/{page}")
        assertContains(response, "&lt;script&gt;alert(1)&lt;/script&gt;")
        assertNotContains(response, "<script>alert")


def test_it_asks_the_engine_as_often_whatever_it_holds(
    client: Client, alice: User, trail: Trail, wire: list[str]
) -> None:
    _life(trail)
    client.force_login(alice)
    client.get(PAGE)
    wire.clear()
    assertContains(client.get(PAGE), "First used")
    # Its names, the dossier, what came after its end. The record of the asking waits on disk.
    assert [one.rpartition("/")[2] for one in wire] == ["_msearch", "_msearch", "_msearch"]


def _marks(page: str) -> list[tuple[str, str]]:
    """The names and addresses of a lifeline's marks, in order."""
    links = re.findall(r'<a( href="([^"]*)")? tabindex="-1" data-mark="[^"]*"\s*><title>([^<]*)</title>', page)
    assert len(links) == page.count("data-mark=")
    return [(unescape(name), unescape(address)) for _, address, name in links]


def test_every_mark_of_the_lifeline_is_a_link_with_a_name(client: Client, alice: User, trail: Trail) -> None:
    _life(trail)
    client.force_login(alice)
    page = text_of(client.get(PAGE))
    marks = _marks(page)
    assert all(name and address for name, address in marks)
    names = [name.partition(",")[0] for name, _ in marks]
    assert names.count("issued") == names.count("revoked") == names.count("first use") == 1
    assert names.count("denied") == 2
    assert ("denied, 5 Nov 2026, 00:00:00", "/events/late/") in marks
    assert ("accepted, 3 Nov 2026, 00:00:00", "/events/allowed/") in marks
    assert 'role="group" aria-label="Lifeline of t: issued 1 Nov, first with 203.0.113.5' in page


def test_lanes_scale_and_time_are_links_and_stay_in_the_address(client: Client, alice: User, trail: Trail) -> None:
    _life(trail)
    client.force_login(alice)
    response = client.get(PAGE, {"lanes": "services", "scale": "even", "from": "2026-11-02"})
    assert re.findall(r'aria-current="true">(\w+)<', text_of(response)) == ["Services", "Even"]
    assertContains(response, 'href="?scale=even&amp;from=2026-11-02"')
    assertContains(response, 'href="?lanes=services&amp;from=2026-11-02"')
    assertContains(response, '<input type="hidden" name="lanes" value="services">')
    assertContains(client.get(PAGE, {"from": "soon"}), "is not a time", status_code=400)


def test_the_table_below_and_its_file_have_the_same_figures(client: Client, alice: User, trail: Trail) -> None:
    _life(trail)
    client.force_login(alice)
    page = text_of(client.get(PAGE))
    table = page[page.index("table--spark") : page.index("</table>", page.index("table--spark"))]
    assert re.findall(r'href="/addresses/([^/"]*)/"', table) == ["203.0.113.5", "192.0.2.7"]
    assert table.count('<svg class="spark"') == 2
    lines = client.get(PAGE, {"format": "csv"}).content.decode("utf-8-sig").split("\r\n")
    assert lines[0] == "value,events,accepted,denied,first (UTC),last (UTC),first accepted (UTC),last accepted (UTC)"
    assert lines[1].startswith("203.0.113.5,1,0,1,2026-11-01T00:03:12.000000000Z")
    assert lines[2].startswith("192.0.2.7,2,1,1,")


def test_a_token_with_thousands_of_uses_has_bars_that_hold_all_of_them(
    client: Client, alice: User, trail: Trail
) -> None:
    times = [
        f"2026-11-{day:02d}T{hour:02d}:{minute:02d}:00Z" for day in (1, 9) for hour in range(20) for minute in range(50)
    ]
    write(trail, issue("t", "ada", at="2026-11-01T00:00:00Z"), *(use("t", at=at) for at in times))
    client.force_login(alice)
    response = client.get(PAGE)
    counts = [name.split()[0].replace(",", "") for name, _ in _marks(text_of(response)) if " uses, " in name]
    assert sum(map(int, counts)) == len(times)
    assert len(response.content) < 150_000


def test_the_story_of_a_token_can_be_added_to_a_case(client: Client, alice: User, rae: User, trail: Trail) -> None:
    _life(trail)
    open_case(alice)
    client.force_login(alice)
    story = re.findall(r'name="event" value="([^"]*)"', text_of(client.get(PAGE)))
    assert story == ["issued", "refused", "allowed", "end", "late"]
    client.force_login(rae)
    assertNotContains(client.get(PAGE), "popover__panel")


def test_a_token_without_a_use_has_no_empty_picture_and_no_empty_part(
    client: Client, alice: User, trail: Trail
) -> None:
    write(trail, event(token__id="t"))
    client.force_login(alice)
    response = client.get(PAGE)
    assertContains(response, "On record")
    assertNotContains(response, "data-lifeline")
    assertNotContains(response, "Where it was used")


def test_a_trail_that_is_down_is_no_answer(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    response = client.get(PAGE)
    assertContains(response, "does not answer", status_code=503)
    assertContains(response, "No answer", status_code=503)
    assertNotContains(response, "never used", status_code=503)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    for page in (PAGE, f"{QUESTION}?token=t"):
        assert at_sign_in(client.get(page), page)


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert {client.post(page).status_code for page in (PAGE, QUESTION)} == {405}
