"""Pinning events to a case."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations.cases import services as cases
from investigations.models import Case, Evidence
from tests.support.factories.cases import close_case, open_case, pin, run
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, audit_log, events_on, hidden_fields
from trail.canonical_form import compute_digest
from trail.connection import Trail
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search
from trail.times import format_datetime

PAGE = "/evidence/pin/"
SHOWN = "q=token.id%3At&from=2026-11-01T00%3A00%3A00.000000Z&until=2026-11-26T09%3A00%3A00.000000Z"


@pytest.fixture
def words(case: Case, trail: Trail) -> dict[str, object]:
    """A pin of three events, as the search page sends it."""
    write(trail, *(use("t", id=f"e{n}", at=f"2026-11-0{n}T00:00:00Z") for n in (1, 2, 3)))
    return {
        "case": case.public_id,
        "event": ["e3", "e1", "e2"],
        "reason": "Same token, other country",
        "back": "/?q=token.id%3At",
        "search": SHOWN,
    }


def test_it_freezes_each_event_with_its_digest_who_why_and_how_it_was_found(
    client: Client, case: Case, bob: User, words: dict[str, object]
) -> None:
    client.force_login(bob)
    assertRedirects(client.post(PAGE, words), "/?q=token.id%3At")
    pinned = list(case.evidence.in_time_order())
    assert [(one.label, one.event_id) for one in pinned] == [("E1", "e1"), ("E2", "e2"), ("E3", "e3")]
    for one in pinned:
        assert one.digest == compute_digest(one.document)
        assert (one.pinned_by_name, one.reason) == ("Bob", "Same token, other country")
        assert one.search == {
            "q": ["token.id:t"],
            "from": ["2026-11-01T00:00:00.000000Z"],
            "until": ["2026-11-26T09:00:00.000000Z"],
        }
        assert one.document["source"]["ip"] == "192.0.2.7"


def test_it_is_on_record_with_the_digests(
    client: Client, case: Case, bob: User, words: dict[str, object], trail: Trail
) -> None:
    client.force_login(bob)
    client.post(PAGE, words)
    (recorded,) = audit_log(trail, "case.evidence.pin")
    assert (recorded["user"]["id"], recorded["resource"]["id"]) == ("bob", case.public_id)
    assert recorded["labels"]["evidence"] == " ".join(f"{e.event_id}={e.digest}" for e in case.evidence.in_time_order())
    assert "other country" not in str(recorded)
    assert case.activities.first().summary == "pinned E1, E2, E3"


def test_it_keeps_the_search_that_the_page_showed_absolute_in_time(
    client: Client, case: Case, bob: User, trail: Trail
) -> None:
    now = datetime.now(UTC)
    write(trail, use("t", id="e1", at=format_datetime(now - timedelta(hours=1))))
    client.force_login(bob)
    page = client.get("/", {"q": "token.id:t", "from": "now-24h"})
    assert events_on(page) == ["e1"]
    words = hidden_fields(page) | {"case": case.public_id, "event": "e1", "reason": "why"}
    client.post(PAGE, words | {"back": "/cases/"})
    search = Search.from_json(case.evidence.get().search)
    assert search.text == "token.id:t"
    assert abs(datetime.fromisoformat(search.start or "") - (now - timedelta(hours=24))) < timedelta(hours=1)
    write(trail, use("t", id="e2", at=format_datetime(now - timedelta(hours=1))))
    assert [hit.event_id for hit in execute.read_page(trail, search, WHOLE_TRAIL).hits] == ["e1"]


def test_a_search_of_a_program_that_says_now_is_kept_absolute(
    client: Client, case: Case, bob: User, words: dict[str, object]
) -> None:
    client.force_login(bob)
    client.post(PAGE, words | {"search": "q=token.id%3At&from=now-7d"})
    (start,) = {evidence.search["from"][0] for evidence in case.evidence.all()}
    assert not start.startswith("now")


def test_what_was_pinned_before_stays_as_it_was(
    client: Client, case: Case, alice: User, bob: User, words: dict[str, object]
) -> None:
    client.force_login(bob)
    client.post(PAGE, words | {"event": ["e2"], "reason": "First"})
    client.force_login(alice)
    response = client.post(PAGE, words, follow=True)
    assertContains(response, "Pinned 2 to “Leaked deploy token”. 1 had been pinned before and stayed as they were.")
    assert case.evidence.get(event_id="e2").reason == "First"
    assert case.evidence.count() == 3


def test_htmx_gets_the_form_back_with_what_was_done(client: Client, bob: User, words: dict[str, object]) -> None:
    client.force_login(bob)
    response = client.post(PAGE, words, headers={"HX-Request": "true", "HX-Target": "pin-form"})
    assertContains(response, "Pinned 3 to “Leaked deploy token”.")
    assertNotContains(response, "<html")


def test_a_pin_from_a_run_says_so(client: Client, case: Case, bob: User, words: dict[str, object]) -> None:
    made = run(bob, text="token.id:t", case=case)
    client.force_login(bob)
    back = f"/runs/{made.public_id}/"
    assertRedirects(client.post(PAGE, words | {"run": made.public_id, "back": back}), back)
    assert {one.run for one in case.evidence.all()} == {made}


def test_a_run_of_somebody_else_is_not_there(
    client: Client, case: Case, bob: User, charlie: User, words: dict[str, object]
) -> None:
    client.force_login(bob)
    assert client.post(PAGE, words | {"run": run(charlie).public_id}).status_code == 404
    assert not Evidence.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"reason": " "}, "Say why: the reason stands beside the evidence for ever."),
        ({"event": []}, "Choose at least one event to pin."),
        ({"event": ["e1", "nobody"]}, "The trail shows no event nobody; nothing was pinned."),
        ({"event": [f"x{n}" for n in range(501)]}, "Pin at most 500 events at once; 501 are chosen."),
        ({"event": [""]}, "Select a valid choice."),
        ({"event": ["x" * 513]}, "Select a valid choice."),
        ({"reason": "x" * 2001}, "at most 2000 characters"),
        ({"case": ""}, "This field is required."),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_what_is_wrong_is_said_and_nothing_is_pinned_or_lost(
    client: Client, bob: User, words: dict[str, object], wrong: dict[str, object], sentence: str, htmx: bool
) -> None:
    client.force_login(bob)
    response = client.post(PAGE, words | wrong, headers={"HX-Request": "true"} if htmx else {})
    assertContains(response, sentence, status_code=400)
    assertContains(response, str((words | wrong)["reason"]).strip(), status_code=400)
    assert not Evidence.objects.exists()


def test_ticked_events_come_back_ticked(client: Client, bob: User, words: dict[str, object]) -> None:
    client.force_login(bob)
    response = client.post(PAGE, words | {"reason": ""})
    for event_id in ("e1", "e2", "e3"):
        assertContains(response, f'value="{event_id}" form="pin-form" checked', status_code=400)


def test_a_closed_case_takes_nothing(client: Client, case: Case, alice: User, words: dict[str, object]) -> None:
    close_case(case, alice)
    client.force_login(alice)
    response = client.post(PAGE, words)
    assertContains(response, "This case is closed; reopen it to change it.", status_code=400)
    assertContains(response, "Same token, other country", status_code=400)
    assert not Evidence.objects.exists()


def test_what_a_person_cannot_find_they_cannot_pin(client: Client, case: Case, charlie: User, trail: Trail) -> None:
    own = open_case(charlie)
    hidden = audit_log(trail, "case.open")[0]["event"]["id"]
    client.force_login(charlie)
    response = client.post(PAGE, {"case": own.public_id, "event": [hidden], "reason": "curious"})
    assertContains(response, f"The trail shows no event {hidden}", status_code=400)
    assert not Evidence.objects.exists()


def test_it_never_leads_to_another_site(client: Client, case: Case, bob: User, words: dict[str, object]) -> None:
    client.force_login(bob)
    for back in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", ""):
        assertRedirects(client.post(PAGE, words | {"back": back}), f"/cases/{case.public_id}/")


def test_a_trail_that_is_down_pins_nothing(client: Client, bob: User, words: dict[str, object], no_trail: None) -> None:
    client.force_login(bob)
    assertContains(client.post(PAGE, words), "does not answer. Nothing was changed.", status_code=503)
    assert not Evidence.objects.exists()


def test_a_stranger_gets_404(client: Client, charlie: User, words: dict[str, object]) -> None:
    client.force_login(charlie)
    assert client.post(PAGE, words).status_code == 404
    assert not Evidence.objects.exists()


def test_a_reader_gets_403(
    client: Client, case: Case, alice: User, charlie: User, rae: User, words: dict[str, object]
) -> None:
    cases.add_member(case=case, user=charlie, level="reader", by=alice)
    for reader in (rae, charlie):
        client.force_login(reader)
        assert client.post(PAGE, words).status_code == 403
    assert not Evidence.objects.exists()


def test_a_case_that_is_not_there_is_404(client: Client, bob: User, words: dict[str, object]) -> None:
    client.force_login(bob)
    assert client.post(PAGE, words | {"case": "nosuchcase"}).status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, words: dict[str, object]) -> None:
    assert at_sign_in(client.post(PAGE, words))
    assert not Evidence.objects.exists()


def test_a_link_does_not_do_it(client: Client, bob: User) -> None:
    client.force_login(bob)
    assertRedirects(client.get(PAGE), "/", fetch_redirect_response=False)
    assert not Evidence.objects.exists()


def test_evidence_is_frozen(case: Case, alice: User, trail: Trail) -> None:
    (one,) = pin(trail, case, alice, use("t"))
    one.frozen = b"{}"
    with pytest.raises(TypeError, match="frozen"):
        one.save()
    with pytest.raises(TypeError, match="frozen"):
        one.save(update_fields=["frozen"])
    with pytest.raises(TypeError, match="kept for ever"):
        one.delete()
