"""The search page."""

import re
from html import unescape
from urllib.parse import quote

import pytest
from django.http import QueryDict
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.models import Case, Evidence
from tests.support.factories.events import event, use, write
from tests.support.pages import at_sign_in, audit_log, events_on, link, text_of
from trail.connection import Trail
from trail.search.language import parser
from trail.search.spec import Search

SECRET = "fm2_" + "lJPECAAAAAAAAbcd" * 4


def test_it_shows_what_matches_newest_first(client: Client, alice: User, trail: Trail) -> None:
    write(
        trail,
        use("t-1", id="old", at="2026-01-01T00:00:00Z"),
        use("t-1", id="new", at="2026-02-01T00:00:00Z", event__outcome="failure"),
        use("t-2", id="other"),
    )
    client.force_login(alice)
    response = client.get("/", {"q": "token.id:t-1"})
    assert events_on(response) == ["new", "old"]
    assertContains(response, "of <b>2</b> events")
    assertContains(response, "2026-01-01")
    assertContains(response, "1 event, 1 denied")  # a bar of the histogram
    assertContains(response, 'value="-event.outcome:failure"')  # a value of a facet


def test_its_address_is_its_state(client: Client, alice: User, trail: Trail) -> None:
    write(trail, *(use(f"t-{n}", id=f"e{n}", user__id=f"u{n % 2}", at=f"2026-01-0{n}T00:00:00Z") for n in range(1, 7)))
    client.force_login(alice)
    response = client.get(
        "/",
        {
            "q": "token.operation:$what",
            "p.what": "token.authorize",
            "f": ["user.id:u1", "-token.id:t-5"],
            "from": "2026-01-01",
            "to": "2026-01-06",
            "sort": "token.id:asc",
            "columns": "token.id,user.id",
        },
    )
    assert events_on(response) == ["e1", "e3"]
    assertContains(response, "Remove the filter user.id: u1")


def test_following_next_page_shows_every_event_once_while_others_arrive(
    client: Client, alice: User, trail: Trail
) -> None:
    write(trail, *(use("t", id=f"e{n:03}", at=f"2026-01-01T00:00:00.{n % 7:09}Z") for n in range(120)))
    client.force_login(alice)
    response = client.get("/", {"q": "token.id:t"})
    seen = events_on(response)
    write(trail, *(use("t", id=f"late{n}", at=f"2026-01-01T00:00:00.{n:09}Z") for n in range(9)))
    while address := link(response, "Next page"):
        response = client.get(f"/{address}")
        assertContains(response, "of <b>120</b> events")
        seen += events_on(response)
    assert sorted(seen) == [f"e{n:03}" for n in range(120)]


def test_htmx_gets_the_part_that_it_fills_and_no_other(client: Client, alice: User, trail: Trail) -> None:
    write(trail, use("t", id="e"))
    client.force_login(alice)
    headers = {"HX-Request": "true", "HX-Target": "explore"}
    part = client.get("/", {"q": "token.id:t"}, headers=headers)
    assert events_on(part) == ["e"]
    assert "<html" not in text_of(part)
    assert {"HX-Request", "HX-Target"} <= set(part["Vary"].replace(" ", "").split(","))
    assert "<html" in text_of(client.get("/", {"q": "token.id:t"}, headers=headers | {"HX-Target": "anything"}))


def test_a_search_is_on_record_with_what_was_asked(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    client.get("/", {"q": "user.id:mallory", "f": "event.outcome:failure"})
    (recorded,) = audit_log(trail, "search.run")
    assert recorded["user"]["id"] == "alice"
    assert recorded["labels"]["search"] == "q=user.id%3Amallory&f=event.outcome%3Afailure"


def test_it_makes_one_request_to_the_engine_one_more_for_the_ends_of_tokens_and_waits_for_no_record(
    client: Client, alice: User, trail: Trail, wire: list[str]
) -> None:
    write(trail, use("t"), event(user__id="ann"))
    client.force_login(alice)
    client.get("/")  # the demonstration's badge is seen to once
    for query, requests in (("user.id:ann", 1), ("token.id:t", 2)):
        wire.clear()
        client.get("/", {"q": query})
        assert wire == ["POST /_msearch"] * requests


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"q": "user.id:"}, "is followed by nothing"),
        ({"q": "usr.id:x"}, "did you mean user.id?"),
        ({"q": "(a"}, "This opening parenthesis is never closed."),
        ({"q": "source.ip:house"}, "holds addresses"),
        ({"q": "user.id:$who"}, "$who has no value; fill it in."),
        ({"f": "nothing:x"}, "There is no field"),
        ({"f": "source.ip:house"}, "holds addresses"),
        ({"from": "yesterday"}, "is not a time"),
        ({"from": "9999-12-31"}, "outside of what the trail can hold"),
        ({"from": "now", "to": "now-1d"}, "after it ends"),
        ({"sort": "message:asc"}, "cannot be sorted"),
        ({"columns": "nothing"}, "to show as a column"),
        ({"after": "%%%"}, "does not say which page"),
        ({"after": "WzFd"}, "refused this search"),
    ],
)
def test_what_cannot_be_understood_gets_a_sentence_and_keeps_what_was_typed(
    client: Client, alice: User, trail: Trail, query: dict[str, str], sentence: str
) -> None:
    write(trail, use("t"))
    client.force_login(alice)
    response = client.get("/", {"q": "mallory"} | query)
    assertContains(response, sentence, status_code=400)
    assertContains(response, f">{query.get('q', 'mallory')}</textarea>", status_code=400)
    assert events_on(response) == []


def test_a_bearer_secret_is_refused_and_stands_nowhere(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    for query in ({"q": f"token.id:{SECRET}"}, {"q": "token.id:$t", "p.t": SECRET}, {"f": f"user.id:{SECRET}"}):
        assertContains(client.get("/", query), "treat the token as leaked", status_code=400)
    assert audit_log(trail) == []


def test_what_is_hidden_is_not_in_the_hits_the_count_or_the_facets(
    client: Client, case: Case, alice: User, charlie: User, lea: User, trail: Trail
) -> None:
    of_the_case = {document["event"]["id"] for document in audit_log(trail)}
    assert len(of_the_case) == 3
    client.force_login(charlie)
    for query in ("event.dataset:console", case.public_id, "case.open", "alice", "resource.type:case"):
        response = client.get("/", {"q": query})
        assert not of_the_case & set(events_on(response))
        assertNotContains(response, f':{case.public_id}"')  # among the filters that facets offer
        assertNotContains(response, 'value="-event.action:case.open"')
        assertNotContains(response, "of <b>3</b> events")
    for insider in (alice, lea):
        client.force_login(insider)
        assert set(events_on(client.get("/", {"q": f"resource.id:{case.public_id}"}))) == of_the_case


def test_nobody_sees_what_others_searched_for(client: Client, alice: User, charlie: User, trail: Trail) -> None:
    client.force_login(alice)
    client.get("/", {"q": "user.id:suspect"})
    assert len(audit_log(trail, "search.run")) == 1
    client.force_login(charlie)
    assertContains(client.get("/", {"q": "event.action:search.run"}), "No event matches")
    client.force_login(alice)
    assertContains(client.get("/", {"q": "event.action:search.run"}), "of <b>1</b> event")


def test_a_stranger_is_not_told_which_case_an_address_speaks_of(client: Client, case: Case, charlie: User) -> None:
    client.force_login(charlie)
    assertNotContains(client.get("/", {"case": case.public_id}), case.title)


def test_a_reader_finds_events_and_cannot_pin_or_run(client: Client, rae: User, trail: Trail) -> None:
    write(trail, use("t", id="e"))
    client.force_login(rae)
    response = client.get("/", {"q": "token.id:t"})
    assert events_on(response) == ["e"]
    assertNotContains(response, "pin-form")
    assertNotContains(response, "Run in background")


def test_what_an_intruder_wrote_is_shown_and_never_run(client: Client, alice: User, trail: Trail) -> None:
    evil = '"><script>alert(1)</script>'
    for number, name in enumerate(("user.id", "user.name", "resource.id", "event.action", "user_agent.original")):
        write(trail, event(**{name.replace(".", "__"): evil, "id": f"evil {number} {evil}"}))
    write(trail, event(id="rtl", user__id="\u202egnp.exe", message="x" * 1_000_000))
    client.force_login(alice)
    response = client.get(
        "/", {"q": "", "columns": "user.id,user.name,resource.id,event.action,user_agent.original,message"}
    )
    assert len(events_on(response)) == 6
    assertNotContains(response, "<script>alert(1)")
    assertContains(response, "&lt;script&gt;alert(1)&lt;/script&gt;")
    assertContains(response, "⟨U+202E⟩gnp.exe")


@pytest.mark.parametrize("event_id", ["a/b", "/", "a b?c#d%2F", "line\nbreak", "…/../x", "ä+;=&"])
def test_every_event_has_an_address_whatever_its_id(client: Client, alice: User, trail: Trail, event_id: str) -> None:
    write(trail, use("t", id=event_id))
    client.force_login(alice)
    response = client.get("/", {"q": "token.id:t"})
    assert events_on(response) == [event_id]
    opener = re.search(r'href="([^"]*)" data-open', text_of(response))
    assert opener is not None
    assertContains(client.get(unescape(opener[1])), "Digest")


def test_an_empty_trail_is_said_to_match_nothing(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assertContains(client.get("/"), "No event matches")


def test_a_trail_that_is_down_is_no_empty_result(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    response = client.get("/", {"q": "mallory"})
    assertContains(response, "The trail (OpenSearch) does not answer.", status_code=503)
    assertNotContains(response, "No event matches", status_code=503)
    part = client.get("/", {"q": "mallory"}, headers={"HX-Request": "true", "HX-Target": "explore"})
    assertContains(part, "does not answer", status_code=503)
    assertContains(part, ">mallory</textarea>", status_code=503)


def test_a_trail_that_is_down_is_no_fault_of_the_query(
    client: Client, alice: User, trail: Trail, no_trail: None
) -> None:
    client.force_login(alice)
    response = client.get("/", {"q": "mallory"})
    assertContains(response, "coverage--none", status_code=503)
    assertNotContains(response, "aria-invalid", status_code=503)
    assertContains(client.get("/", {"q": "("}), 'aria-invalid="true"', status_code=400)


def test_an_answer_in_part_is_at_least_so_much_wherever_it_says_how_much(
    client: Client, alice: User, trail: Trail
) -> None:
    write(trail, use("t", id="e"))
    properties = {"event": {"properties": {"outcome": {"type": "match_only_text"}}}}
    trail.client.indices.create(index=f"{trail.prefix}-events-strange", body={"mappings": {"properties": properties}})
    client.force_login(alice)
    headers = {"HX-Request": "true", "HX-Target": "explore"}
    for response in (client.get("/", {"q": "token.id:t"}), client.get("/", {"q": "token.id:t"}, headers=headers)):
        assertContains(response, "1 of 2 shards did not answer")
        assertContains(response, "<title>Search: at least 1 event, in part only · Audit Console</title>")
        assertContains(response, "of at least <b>1</b> event")
        assertContains(response, "at least 1, a bar is")  # the histogram's words
        assertContains(response, '<b class="coverage__word">Part of the trail</b>')
        assertContains(response, "results--part")  # before the counts of facets and of the legend
        assert events_on(response) == ["e"]
    assertContains(response, "At least 1 events match.")  # what is read out
    assertContains(client.get("/", {"q": "nothing"}), "there may be events that match")
    assertNotContains(client.get("/", {"q": "nothing"}), "No event matches")


def test_a_page_whose_search_takes_long_is_shown_first_and_searches_on(
    client: Client, alice: User, trail: Trail, settings: Settings
) -> None:
    write(trail, *(use("t", id=f"e{n}", at=f"2026-{n % 8 + 1:02d}-01T00:00:00Z") for n in range(200)))
    client.force_login(alice)
    settings.PAGE_SECONDS = 0
    asked = {"q": "user_agent.original:*abc*def* OR token.id:t", "from": "2026-01-01"}
    response = client.get("/", asked)
    assert events_on(response) == []
    assertNotContains(response, "No event matches")
    assertContains(response, 'hx-trigger="load"')
    assert audit_log(trail, "search.run") == []  # nothing of the trail was shown
    going_on = link(response, "Search on and wait") or ""
    assert len(events_on(client.get(f"/{going_on}"))) == 50
    part = client.get("/", asked, headers={"HX-Request": "true", "HX-Target": "explore"})
    assert len(events_on(part)) == 50
    assert len(audit_log(trail, "search.run")) == 1  # the same within a minute is one event


def test_a_queue_that_is_down_is_no_matter_to_a_search(
    client: Client, alice: User, trail: Trail, settings: Settings
) -> None:
    write(trail, use("t", id="e"))
    client.force_login(alice)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    assert events_on(client.get("/", {"q": "token.id:t"})) == ["e"]


def test_anonymous_goes_to_sign_in_and_comes_back(client: Client, trail: Trail, db: None) -> None:
    assert at_sign_in(client.get("/?q=mallory"), "/?q=mallory")
    response = client.get("/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/?q=mallory"})
    assert response["HX-Redirect"] == f"/accounts/login/?next={quote('/?q=mallory')}"


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post("/").status_code == 405


def test_a_page_parses_its_query_once(
    client: Client, alice: User, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(trail, use("t", user__id="ann"))
    client.force_login(alice)
    parsed: list[str] = []
    whole = parser._Parser.parse_whole

    def counted(self: parser._Parser) -> parser.Clause | None:
        parsed.append(self.text)
        return whole(self)

    monkeypatch.setattr(parser._Parser, "parse_whole", counted)
    text = 'user.id:$who AND NOT message:"parsed once"'
    response = client.get("/", {"q": text, "p.who": "ann", "f": "token.id:t"})
    assert (response.status_code, len(events_on(response))) == (200, 1)
    assert parsed == [text]


def test_what_is_pinned_from_a_page_names_its_search_by_absolute_times(
    client: Client, case: Case, alice: User, trail: Trail
) -> None:
    write(trail, use("t", id="e1"))
    client.force_login(alice)
    page = client.get("/", {"q": "token.id:t", "from": "now-50y", "case": case.public_id})
    shown = re.search(r'<input type="hidden" name="search" value="([^"]*)"', text_of(page))
    assert shown is not None
    search = Search.from_query(QueryDict(unescape(shown[1])))
    assert "now" not in str(search.to_query())
    assert (search.text, search.start is None, search.ingested_until is None) == ("token.id:t", False, False)
    client.post("/evidence/pin/", {"case": case.public_id, "event": "e1", "reason": "hm", "search": unescape(shown[1])})
    assert Evidence.objects.get().search == search.to_json()


def test_a_query_with_a_slip_is_one_link_away_from_what_was_meant(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    page = client.get("/", {"q": "usr.id:ada", "from": "now-7d", "f": ["-user.id:x", "token.id:t"]})
    assertContains(page, "Use user.id</a>", status_code=400)
    address = "?q=user.id%3Aada&amp;from=now-7d&amp;f=-user.id%3Ax&amp;f=token.id%3At"
    assertContains(page, f'href="{address}"', status_code=400)
    assertNotContains(client.get("/", {"q": "((a"}), "data-repair", status_code=400)


def test_the_bars_are_days_of_the_zone_that_one_looks_in_and_uneven_ones_say_their_ends(
    client: Client, alice: User, trail: Trail
) -> None:
    write(trail, *(use("t", id=f"e{day}", at=f"2026-03-{day:02d}T20:30:00Z") for day in range(1, 31)))
    client.force_login(alice)
    page = client.get("/", {"q": "token.id:t", "tz": "Asia/Tokyo", "wait": "1"})
    assertContains(page, 'data-begin="2026-03-01T15:00:00.000Z" data-seconds="86400"')
    assertNotContains(page, "data-bounds")
    turned = client.get("/", {"q": "token.id:t", "tz": "Europe/Berlin", "wait": "1"})
    assertContains(turned, "2026-03-27T23:00:00Z 2026-03-28T23:00:00Z 2026-03-29T22:00:00Z")
