"""From compromise to revocation: what a token and its descendants did, and where that leads."""

import csv
import io
import re
from html import unescape

import pytest
from django.http.response import HttpResponseBase
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.models import Case, Run
from tests.support.factories.events import event, issue, revoke, use, write
from tests.support.pages import at_sign_in, audit_log, events_on, link, text_of
from trail.connection import Trail
from trail.questions import parse_token_ref
from trail.questions.compromise import ask_compromise
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL

PAGE = "/tokens/svc/compromise/"
QUESTION = "/questions/before-revocation/"
ROOT, CHILD = "a" * 64, "b" * 64


def _family(trail: Trail) -> None:
    write(
        trail,
        issue("svc", "deploy", id="e1", token__fingerprint=ROOT, at="2026-11-01T00:00:00Z"),
        use(
            "svc",
            id="e2",
            token__fingerprint=CHILD,
            token__parent_fingerprint=ROOT,
            at="2026-11-02T00:00:00Z",
            user__id="deploy",
            resource__type="secret",
            resource__id="=KEY",
            source__ip="203.0.113.7",
        ),
        revoke("svc", id="end", user__id="sec", token__revocation__reason="leaked", at="2026-11-03T00:00:00Z"),
        use("svc", id="stale", service__name="edge", token__cache_hit=True, at="2026-11-03T00:00:42Z"),
        use("svc", id="late", event__outcome="failure", at="2026-11-04T00:00:00Z"),
        use("elsewhere", id="no", at="2026-11-02T00:00:00Z"),
        use("beside", id="then", at="2026-11-05T00:00:00Z"),
    )


def test_it_counts_what_the_family_did_and_leads_to_the_very_events(client: Client, alice: User, trail: Trail) -> None:
    _family(trail)
    client.force_login(alice)
    response = client.get(QUESTION, {"token": "svc"}, follow=True)
    assert response.redirect_chain == [(PAGE, 302)]
    for text in (
        "2 events before it was revoked",
        "leaked",
        "/events/end/",
        "1 use was accepted after that",
        "1 try was denied",
        "42 s",
        "/tokens/beside/",
    ):
        assertContains(response, text)
    found = client.get(link(response, "These events in the search") or "")
    assert sorted(events_on(found)) == ["e1", "e2"]


CHOSEN = {"actor": "address:203.0.113.7"}


def _pinned(response: HttpResponseBase) -> list[str]:
    return re.findall(r'name="event" value="([^"]*)"', text_of(response))


def test_who_is_chosen_decides_every_figure_the_link_the_file_and_what_is_pinned(
    client: Client, alice: User, trail: Trail
) -> None:
    _family(trail)
    client.force_login(alice)
    chosen = client.get(PAGE, CHOSEN)
    assertContains(chosen, "1 of the 2 events before it was revoked")
    assertContains(chosen, "Nobody was denied after that")
    assertNotContains(chosen, "1 use was accepted")
    assert _pinned(chosen) == ["e2"]
    assertContains(chosen, "Pin this 1 event")
    assert events_on(client.get(link(chosen, "These events in the search") or "")) == ["e2"]
    (address,) = re.findall(r'href="([^"]*radius.csv[^"]*)"', text_of(chosen))
    rows = list(csv.reader(io.StringIO(text_of(client.get(unescape(address))), newline="")))
    assert [row[:4] for row in rows[1:]] == [["user.id", "deploy", "", "1"], ["resource.id", "'=KEY", "secret", "1"]]
    assertContains(client.get(PAGE), "Pin these 2 events")


def test_everyone_and_each_who_used_it_are_a_plain_link(client: Client, alice: User, trail: Trail) -> None:
    _family(trail)
    client.force_login(alice)
    for query in ({}, CHOSEN):
        page = text_of(client.get(PAGE, {"at": "2026-11-01", **query}))
        switch = re.findall(
            r'<a href="([^"]*)"( aria-current="true")?>',
            page.partition('aria-labelledby="who"')[2].partition("</div>")[0],
        )
        addresses = [unescape(address) for address, _ in switch]
        assert addresses == [
            "?at=2026-11-01",
            "?at=2026-11-01&actor=address%3A203.0.113.7",
            "?at=2026-11-01&actor=address%3A192.0.2.7",
        ]
        assert [bool(current) for _, current in switch] == [not query, bool(query), False]
        assert re.findall(r"<b>(\d+)</b>", page.partition('aria-labelledby="who"')[2].partition("</div>")[0]) == [
            "2",
            "1",
            "0",
        ]


@pytest.mark.parametrize("value", ["<script>alert(1)</script>", '"><img src=x>', "\u202egnp.exe", "' OR '1'='1"])
def test_a_hostile_choice_finds_nothing_and_breaks_nothing(
    client: Client, alice: User, trail: Trail, value: str
) -> None:
    _family(trail)
    client.force_login(alice)
    response = client.get(PAGE, {"actor": f"client:{value}"})
    assertContains(response, "0 of the 2 events")
    # A form's field holds what was chosen as it is; what is shown does not.
    assert value not in re.sub(r'value="[^"]*"', "", text_of(response))
    assert _pinned(response) == []
    assert client.get(PAGE, {"actor": f"address:{value}"}).status_code == 400
    assert client.get(f"{PAGE}radius.csv", {"actor": value}).status_code == 400


def test_the_chart_of_the_events_adds_up_to_what_was_counted(client: Client, alice: User, trail: Trail) -> None:
    times = ("2026-11-01T23:59:59.214589940Z", "2026-11-02T12:00:00.000000001Z", "2026-11-03T11:34:40.292517427Z")
    write(trail, *(use("svc", at=at) for at in times), revoke("svc", at="2026-11-03T11:34:40.292517428Z"))
    answer = ask_compromise(trail, parse_token_ref("svc"), WHOLE_TRAIL, at=times[0])
    page = execute.read_page(trail, answer.search, WHOLE_TRAIL)
    assert (answer.total, page.total, sum(bar.total for bar in page.bars)) == (3, 3, 3)


def test_what_it_reached_folds_by_kind_and_opens_by_a_link(client: Client, alice: User, trail: Trail) -> None:
    builds = (use("t", resource__type="build", resource__id=f"b{n}", at=f"2026-11-01T0{n}:00:00Z") for n in range(8))
    write(trail, *builds, use("t", resource__type="secret", resource__id="s", at="2026-11-02T00:00:00Z"))
    client.force_login(alice)
    page = client.get("/tokens/t/compromise/")
    assertContains(page, "reached 8 builds and 1 secret")
    assertContains(page, "8 like this")
    assertNotContains(page, "/resources/b3/")
    opened = client.get("/tokens/t/compromise/" + (link(page, "8 like this") or ""))
    for number in range(8):
        assertContains(opened, f"/resources/b{number}/")


def test_the_picture_says_how_long_it_was_exposed_and_how_many_of_each_kind_it_reached(
    client: Client, alice: User, trail: Trail
) -> None:
    reads = (use("t", resource__type="secret", resource__id=f"s{n}", at=f"2026-11-02T0{n}:00:00Z") for n in range(3))
    write(trail, *reads, revoke("t", at="2026-11-15T14:33:00Z"))
    client.force_login(alice)
    page = client.get("/tokens/t/compromise/", {"at": "2026-11-02T00:00:00Z"})
    assertContains(page, "exposed for 13 d 14 h<")
    assertContains(page, 'class="ll-extent"', 1)
    assertContains(page, '<span class="pill pill--open">3 reached</span>', 1)
    assertNotContains(client.get("/tokens/t/compromise/", {"lanes": "addresses"}), "3 reached")
    assertNotContains(client.get("/tokens/t/compromise/"), "ll-extent")


def test_the_first_use_from_a_second_address_is_offered_as_the_moment(
    client: Client, alice: User, trail: Trail
) -> None:
    write(
        trail,
        use("t", source__ip="10.0.0.1", at="2026-11-01T00:00:00Z"),
        use("t", source__ip="203.0.113.7", at="2026-11-02T10:00:00.123456Z"),
    )
    client.force_login(alice)
    page = text_of(client.get("/tokens/t/compromise/"))
    (offered,) = re.findall(
        r'href="(\?at=[^"]*)"', page.partition("exposure-choice__moment")[2].partition("</form>")[0]
    )
    assertContains(client.get("/tokens/t/compromise/" + unescape(offered)), "1 event from")


def test_the_moment_is_a_time_or_an_event(client: Client, alice: User, trail: Trail) -> None:
    _family(trail)
    client.force_login(alice)
    for at in ("e2", "2026-11-02T00:00:00Z"):
        assertContains(client.get(PAGE, {"at": at}), "First suspicious use")
        assertContains(client.get(PAGE, {"at": at}), "1 event from")
    response = client.get(PAGE, {"at": "yesterday"})
    assertContains(response, "neither a time", status_code=400)
    assertContains(response, 'value="yesterday"', status_code=400)


def test_an_event_can_be_taken_for_the_moment(client: Client, alice: User, trail: Trail) -> None:
    _family(trail)
    client.force_login(alice)
    found = link(client.get("/events/e2/"), "Take it for the time of compromise")
    assertContains(client.get(found or ""), "The moment is that of")


def test_of_several_revocations_each_can_be_asked_about(client: Client, alice: User, trail: Trail) -> None:
    write(
        trail,
        use("t", at="2026-11-01T00:00:00Z"),
        revoke("t", id="r1", at="2026-11-02T00:00:00Z"),
        event(token__id="t", token__operation="token.restore", at="2026-11-03T00:00:00Z"),
        use("t", at="2026-11-04T00:00:00Z"),
        revoke("t", id="r2", at="2026-11-05T00:00:00Z"),
    )
    client.force_login(alice)
    assertContains(client.get(QUESTION, {"token": "t"}, follow=True), "2 events before it was revoked")
    named = client.get(QUESTION, {"token": "t", "revocation": "r1"}, follow=True)
    assertContains(named, "1 event before it was revoked")
    assertContains(named, '<option value="r1" selected>')


def test_a_token_that_stands_is_said_not_to_be_revoked(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t"))
    client.force_login(alice)
    response = client.get("/tokens/t/compromise/")
    assertContains(response, "1 event up to now")
    assertContains(response, "This token has not been revoked")


def test_a_token_of_which_nothing_is_known_has_no_empty_picture(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("other"))
    client.force_login(alice)
    response = client.get("/tokens/t/compromise/")
    assertContains(response, "No event up to now")
    assertNotContains(response, "data-lifeline")
    assertNotContains(response, "What they did until then")


def test_the_blast_radius_is_a_file_that_a_spreadsheet_opens_safely(client: Client, alice: User, trail: Trail) -> None:
    _family(trail)
    client.force_login(alice)
    response = client.get(f"{PAGE}radius.csv")
    assert response["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(text_of(response), newline="")))
    assert [row[:4] for row in rows] == [
        ["field", "value", "type", "events"],
        ["user.id", "deploy", "", "2"],
        ["resource.id", "'=KEY", "secret", "1"],
    ]
    assert {one["resource"]["id"] for one in audit_log(trail, "question.ask")} == {"blast_radius"}
    assert client.get(f"{PAGE}radius.csv", {"at": "yesterday"}).status_code == 400


def test_the_events_are_pinned_in_one_go_or_collected_in_the_background(
    client: Client, alice: User, case: Case, trail: Trail
) -> None:
    _family(trail)
    client.force_login(alice)
    page = text_of(client.get(PAGE))
    chosen = re.findall(r'name="event" value="([^"]*)"', page)
    assert chosen == ["e1", "e2"]
    client.post("/evidence/pin/", {"event": chosen, "case": case.public_id, "reason": "what it did"})
    assert sorted(case.evidence.values_list("event_id", flat=True)) == chosen
    fields = re.findall(r'<input type="hidden" name="(f|from|to|sort)" value="([^"]*)">', page)
    start: dict[str, list[str]] = {}
    for name, value in fields[: len(fields) // 2 + 1]:
        start.setdefault(name, []).append(value)
    assert client.post("/runs/start/", start).status_code == 302
    assert Run.objects.get().search["f"][0] == "token.lineage:svc"


def test_the_question_is_on_record(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    client.get(PAGE, {"at": "2026-11-02"})
    (recorded,) = audit_log(trail, "question.ask")
    assert (recorded["resource"]["id"], recorded["labels"]) == ("compromise", {"token": "svc", "at": "2026-11-02"})
    assertNotContains(client.get(PAGE), "Collect")


def test_a_trail_that_is_down_is_no_answer(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    for page in (PAGE, f"{PAGE}radius.csv"):
        response = client.get(page)
        assertContains(response, "does not answer", status_code=503)
        assertNotContains(response, "not been revoked", status_code=503)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    for page in (PAGE, QUESTION, f"{PAGE}radius.csv"):
        assert at_sign_in(client.get(page), page)


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert {client.post(page).status_code for page in (PAGE, QUESTION, f"{PAGE}radius.csv")} == {405}
