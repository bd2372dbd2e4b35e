"""Pinning that there is no such event: asked anew, frozen, asked again, exported and proved."""

import csv
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

import orjson
import pytest
import rfc8785
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations.evidence import services as evidence
from investigations.exports import services as exports
from investigations.hypotheses import services as hypotheses
from investigations.models import Case, Evidence
from operations.models import Incident
from tests.investigations.exports.test_export_bundle import downloaded
from tests.support.factories.cases import close_case, export, open_case, pin
from tests.support.factories.events import event, use, write
from tests.support.factories.incidents import Kind, incident
from tests.support.offline_verifier import verify
from tests.support.pages import audit_log
from trail.connection import Trail

PAGE = "/evidence/absence/"
QUERY = urlencode({"f": "user.id:mallory", "from": "2026-10-01T00:00:00Z", "to": "2026-11-01T00:00:00Z"})


@pytest.fixture
def words(case: Case, trail: Trail) -> dict[str, str]:
    """What the empty search page sends, in a trail where something else is."""
    write(trail, use("t", id="e1", user__id="ann", at="2026-10-05T00:00:00Z"))
    return {"case": case.public_id, "search": QUERY, "reason": "Never seen before the leak"}


@pytest.fixture
def pinned(client: Client, bob: User, words: dict[str, str]) -> Evidence:
    client.force_login(bob)
    client.post(PAGE, words)
    return Evidence.objects.get()


def page_of(one: Evidence) -> str:
    return f"/cases/{one.case.public_id}/evidence/{one.number}/"


def test_an_empty_search_offers_to_pin_it_to_who_may_pin(client: Client, bob: User, rae: User, case: Case) -> None:
    for person, offered in ((bob, True), (rae, False)):
        client.force_login(person)
        assert ("Pin that nothing was found" in client.get(f"/?{QUERY}").content.decode()) == offered
    write_and_search = client.get("/")
    assertNotContains(write_and_search, "Pin that nothing was found")


@pytest.mark.parametrize("page", ["/tokens/nobodys/", "/users/nobody/"])
def test_an_answer_of_never_offers_it_too(client: Client, bob: User, case: Case, page: str) -> None:
    client.force_login(bob)
    assertContains(client.get(page), "Pin that nothing was found")


def test_it_freezes_the_query_its_range_and_what_was_searched(
    client: Client, bob: User, words: dict[str, str], trail: Trail
) -> None:
    client.force_login(bob)
    assertRedirects(client.post(PAGE, words), f"/cases/{words['case']}/evidence/1/")
    one = Evidence.objects.get()
    told = one.document
    assert (told["query"]["words"], told["range"]["words"]) == (
        "user.id: mallory",
        "from 2026-10-01T00:00:00Z to 2026-11-01T00:00:00Z",
    )
    assert (told["counted"], told["provisional"], told["asked_by"]["id"]) == (0, False, "bob")
    events = audit_log(trail, "case.open") + audit_log(trail, "case.member.add")
    assert told["coverage"]["events"] == 1 + len(events)
    assert told["coverage"]["failed"] == 0
    assert told["coverage"]["ingested_until"] <= told["asked_at"]
    assert sha256(rfc8785.dumps(told)).hexdigest() == sha256(bytes(one.frozen)).hexdigest() == one.digest
    # What it says of the range is known at the range's end.
    assert (one.event_timestamp, one.event_place) == ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00.000000000")
    (recorded,) = audit_log(trail, "case.evidence.pin")
    assert (recorded["event"]["id"], recorded["labels"]["absence"]) == (one.event_id, one.digest)


def test_a_range_without_an_end_stands_at_the_moment_of_asking(
    client: Client, bob: User, words: dict[str, str]
) -> None:
    client.force_login(bob)
    for number, more in enumerate(("", "&to=2200-01-01T00:00:00Z"), 1):
        client.post(PAGE, words | {"search": f"q=nothing-like-this{more}"})
        one = Evidence.objects.get(number=number)
        assert one.event_timestamp == one.document["asked_at"]


def test_a_time_of_which_the_trail_holds_nothing_is_no_absence_that_counts(
    client: Client, bob: User, words: dict[str, str]
) -> None:
    client.force_login(bob)
    for times, said in (
        ("to=2026-10-05T00:00:00Z", "earliest event is of 2026-10-05T00:00:00.000Z"),
        ("from=2200-01-01", "not yet come"),
    ):
        assertContains(client.post(PAGE, words | {"search": f"f=user.id:ann&{times}"}), said, status_code=400)
    client.post(PAGE, words | {"search": "f=user.id:ann&to=2026-10-05T00:00:00Z", "provisional": "on"})
    assert Evidence.objects.get().document["provisional"]


def test_what_is_not_asked_is_not_said(client: Client, bob: User, words: dict[str, str]) -> None:
    client.force_login(bob)
    client.post(
        PAGE,
        words | {"search": "f=~user.id:ann&f=-^user.id:bob&f=source.ip(network):10.0.0.0/8&until=2026-01-01T00:00:00Z"},
    )
    told = Evidence.objects.get().document["query"]
    assert told["words"] == "not user.id: bob; source.ip: in 10.0.0.0/8"
    assert told["url"] == {"f": ["^-user.id:bob", "source.ip(network):10.0.0.0/8"]}


def test_what_was_found_meanwhile_is_no_absence(client: Client, bob: User, words: dict[str, str], trail: Trail) -> None:
    """The page it was pinned from is never believed; what was acknowledged a moment ago is found."""
    from trail.writing.writer import write as write_only

    trail.client.indices.put_settings(index=trail.events, body={"index.refresh_interval": "-1"})
    write_only(trail, [use("t", user__id="mallory", at="2026-10-09T00:00:00Z")])
    client.force_login(bob)
    response = client.post(PAGE, words)
    assertContains(response, "There is one such event now", status_code=400)
    assertContains(response, "Never seen before the leak", status_code=400)
    assert not Evidence.objects.exists()


def test_what_only_the_person_may_find_is_no_absence_either(
    client: Client, bob: User, words: dict[str, str], trail: Trail
) -> None:
    client.force_login(bob)
    client.get("/?q=token.id:t")
    assert audit_log(trail, "search.run")
    response = client.post(PAGE, words | {"search": "q=event.action:search.run AND user.id:bob"})
    assertContains(response, "such event", status_code=400)


def test_one_that_is_in_doubt_is_pinned_only_as_provisional(client: Client, bob: User, words: dict[str, str]) -> None:
    standing = incident(Kind.GAP, "billing", "Writer billing: 3–5 never arrived.")
    client.force_login(bob)
    response = client.post(PAGE, words)
    assertContains(response, "3–5 never arrived", status_code=400)
    assertContains(response, f"/incidents/{standing.public_id}/", status_code=400)
    assert not Evidence.objects.exists()
    assertContains(client.post(PAGE, words | {"provisional": "on"}, follow=True), "Provisional")
    (doubt,) = Evidence.objects.get().document["coverage"]["doubts"]
    assert doubt["sentence"] == "Events never arrived: Writer billing: 3–5 never arrived."
    assertContains(client.get(f"/cases/{words['case']}/"), "Provisional")
    Incident.objects.update(over_at="2026-12-01T00:00:00Z")
    assertContains(client.get(page_of(Evidence.objects.get())), "3–5 never arrived")


WRONG = (
        ({"reason": ""}, "Say why"),
        ({"search": "q=user.id:("}, "absence"),
        ({"search": "q=(("}, "absence"),
        ({"search": "q=@timestamp:>now-7d"}, "it must ask the same for ever"),
        ({"case": ""}, "This field is required"),
        ({"search": "q=fm2_lJPECAAAAAAAAAAAxBAAAAAAAAAAAAAAAAAAAAAA"}, "looks like a token itself"),
)  # fmt: skip


def test_what_is_wrong_is_said_and_nothing_is_pinned(client: Client, bob: User, words: dict[str, str]) -> None:
    client.force_login(bob)
    for change, said in WRONG:
        response = client.post(PAGE, words | change)
        assertContains(response, said, status_code=400)
        assertNotContains(response, "fm2_", status_code=400)
    assert not Evidence.objects.exists()


def test_who_reads_or_is_a_stranger_pins_nothing(
    client: Client, rae: User, charlie: User, words: dict[str, str]
) -> None:
    for person, status in ((rae, 403), (charlie, 404)):
        client.force_login(person)
        assert client.post(PAGE, words).status_code == status
    close_case(Case.objects.get(), Case.objects.get().opened_by)
    client.force_login(Case.objects.get().opened_by)
    assertContains(client.post(PAGE, words), "This case is closed", status_code=400)


def test_a_trail_that_is_down_pins_nothing_and_loses_nothing(
    client: Client, bob: User, words: dict[str, str], no_trail: None
) -> None:
    client.force_login(bob)
    assertContains(client.post(PAGE, words), "Never seen before the leak", status_code=503)
    assert not Evidence.objects.exists()


def test_its_page_asks_again_and_counts_what_came_later(
    client: Client, rae: User, pinned: Evidence, trail: Trail
) -> None:
    client.force_login(rae)
    response = client.get(page_of(pinned))
    assertContains(response, "still nothing")
    assertNotContains(response, "arrived later")
    write(trail, *(use("t", user__id="mallory", at=f"2026-10-0{n}T00:00:00Z") for n in (1, 2, 3)))
    response = client.get(page_of(pinned))
    assertContains(response, "still nothing")
    assertContains(response, "Events that arrived later with such times: <b>3</b>")


def test_a_statement_that_was_tampered_with_is_an_incident(client: Client, bob: User, pinned: Evidence) -> None:
    changed = pinned.document | {"counted": 7}
    Evidence.objects.filter(pk=pinned.pk).update(frozen=orjson.dumps(changed))
    client.force_login(bob)
    assertContains(client.get(page_of(pinned)), "no longer has the digest it was pinned with")
    Evidence.objects.filter(pk=pinned.pk).update(
        frozen=rfc8785.dumps(changed), digest=sha256(rfc8785.dumps(changed)).hexdigest()
    )
    assertContains(client.get(page_of(pinned)), "names another digest")


def test_it_is_withdrawn_like_other_evidence(client: Client, bob: User, pinned: Evidence, trail: Trail) -> None:
    client.force_login(bob)
    assertRedirects(client.post(page_of(pinned), {"reason": "Wrong user"}), f"/cases/{pinned.case.public_id}/")
    response = client.get(f"/cases/{pinned.case.public_id}/")
    assertContains(response, "No event: user.id: mallory")
    (recorded,) = audit_log(trail, "case.evidence.withdraw")
    assert recorded["labels"]["digest"] == pinned.digest


def test_it_stands_in_the_timeline_and_in_both_plain_exports(
    client: Client, bob: User, case: Case, pinned: Evidence, trail: Trail
) -> None:
    pin(trail, case, bob, use("t", id="late", at="2026-11-02T00:00:00Z"))
    evidence.pin(case=case, event_ids=["e1"], reason="before", by=bob)
    response = client.get(f"/cases/{case.public_id}/").content.decode()
    places = [response.index(f">{label}<") for label in ("E3", "E1", "E2")]
    assert places == sorted(places)
    made = {
        format: exports.build_path(export(bob, format=format, case=case)).read_text() for format in ("csv", "jsonl")
    }
    rows = list(csv.DictReader(made["csv"].splitlines()))
    assert [row["evidence"] for row in rows] == ["E3", "E1", "E2"]
    assert (rows[1]["@timestamp"], rows[1]["sha256"]) == ("2026-11-01T00:00:00Z", pinned.digest)
    lines = [json.loads(line) for line in made["jsonl"].splitlines()]
    for told in (json.loads(rows[1]["statement"]), lines[1]["statement"]):
        assert sha256(rfc8785.dumps(told)).hexdigest() == pinned.digest
    assert "event" not in lines[1]


def test_a_bundle_proves_when_it_was_put_on_record_and_how_large_the_log_was(
    client: Client,
    bob: User,
    case: Case,
    words: dict[str, str],
    trail: Trail,
    seal: Callable[[], object],
    tmp_path: Path,
) -> None:
    trail.client.indices.refresh(index=trail.events)
    seal()
    client.force_login(bob)
    client.post(PAGE, words)
    client.post(PAGE, words | {"reason": "Asked once more of the same log"})
    pin(trail, case, bob, event(id="other", at="2026-10-01T00:00:00Z"))
    seal()
    content = downloaded(client, f"/cases/{case.public_id}/export/", bob)
    status, said = verify(content, tmp_path / "away")
    assert (status, said.startswith("3 of 3 events proved")) == (0, True), said
    assert "2 of them put on record that nothing was found" in said
    lines = [json.loads(line) for line in content.splitlines()]
    line = next(line for line in lines if "statement" in line)
    assert line["about"]["evidence"]["number"] == "E1"
    assert 0 < line["statement"]["checkpoint"]["size"] <= line["index"]
    assert lines[-1]["end"]["checkpoints"] == 2
    changed = content.replace(b'"words":"user.id: mallory"', b'"words":"user.id: ann"')
    assert verify(changed, tmp_path / "away")[0] == 1
    response = client.get(page_of(Evidence.objects.get(number=1)))
    assertContains(response, "The record of it is sealed as leaf")


def test_what_is_thought_of_it_is_said_at_once(
    client: Client, bob: User, alice: User, case: Case, words: dict[str, str], trail: Trail
) -> None:
    question = hypotheses.add_hypothesis(case=case, statement="Nobody else had it", by=alice)
    client.force_login(bob)
    page = client.get(f"/?{QUERY}")
    for label in ("Relevance", "Tags", "Question"):
        assertContains(page, f">{label}</label>")
    thoughts = {"relevance": "key", "tags": "leak, before", "question": f"{question.pk} for"}
    client.post(PAGE, words | thoughts)
    one = Evidence.objects.get()
    assert (one.relevance, [tag.name for tag in one.tags.all()]) == ("key", ["before", "leak"])
    assert [(link.evidence_id, link.speaks_for) for link in question.evidence_links.all()] == [(one.pk, True)]
    assert one.custody.get().detail == "speaks for hypothesis 1"
    (record,) = audit_log(trail, "case.evidence.pin")
    assert record["labels"]["hypotheses"] == "speaks for hypothesis 1"


def test_a_question_of_another_case_is_refused_and_nothing_is_pinned(
    client: Client, bob: User, alice: User, words: dict[str, str]
) -> None:
    other = open_case(bob, title="Other")
    question = hypotheses.add_hypothesis(case=other, statement="Hm", by=bob)
    client.force_login(bob)
    answer = client.post(PAGE, words | {"question": f"{question.pk} against"})
    assertContains(answer, "This question is of another case.", status_code=400)
    assert not Evidence.objects.exists()
