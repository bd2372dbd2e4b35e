"""The relevance and the tags of evidence."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from investigations.hypotheses import services as hypotheses
from investigations.models import Case, Evidence
from tests.support.factories.cases import close_case, open_case, pin
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail

KEY = {"relevance": "key", "tags": "Exfil,  first seen", "revision": "1"}


@pytest.fixture
def copy(case: Case, alice: User, trail: Trail) -> Evidence:
    return pin(trail, case, alice, use("t", id="e1"))[0]


@pytest.fixture
def page(copy: Evidence) -> str:
    return f"/cases/{copy.case.public_id}/evidence/{copy.number}/annotate/"


def test_it_is_said_how_relevant_it_is_and_the_copy_stays(
    client: Client, bob: User, copy: Evidence, page: str, trail: Trail
) -> None:
    client.force_login(bob)
    assertRedirects(client.post(page, KEY), page.replace("annotate/", ""))
    changed = Evidence.objects.get()
    assert (changed.relevance, [tag.name for tag in changed.tags.all()], changed.revision) == (
        "key",
        ["exfil", "first seen"],
        2,
    )
    assert (changed.digest, bytes(changed.frozen)) == (copy.digest, bytes(copy.frozen))
    (recorded,) = audit_log(trail, "case.evidence.annotate")
    assert recorded["labels"] == {"event": "e1", "changed": "relevance,tags", "relevance": "key"}
    assertContains(client.get(page.replace("annotate/", "")), "first seen")


def test_of_two_who_change_it_at_once_the_second_sees_both(
    client: Client, alice: User, bob: User, copy: Evidence, page: str
) -> None:
    client.force_login(alice)
    client.post(page, KEY)
    client.force_login(bob)
    response = client.post(page, KEY | {"relevance": "context"})
    assertContains(response, "As it stands now", status_code=409)
    copy.refresh_from_db()
    assert copy.relevance == "key"
    assert client.post(page, KEY | {"relevance": "context", "revision": "2"}).status_code == 302
    copy.refresh_from_db()
    assert copy.relevance == "context"


def test_what_changes_nothing_leaves_no_custody(client: Client, alice: User, copy: Evidence, page: str) -> None:
    client.force_login(alice)
    client.post(page, {"relevance": "", "tags": "", "revision": "1"})
    assert [entry.action for entry in copy.custody.all()] == ["pin"]


def test_a_tag_that_is_too_long_is_refused(client: Client, alice: User, copy: Evidence, page: str) -> None:
    client.force_login(alice)
    assertContains(client.post(page, KEY | {"tags": "x" * 41}), "at most 40 characters", status_code=400)


def test_evidence_of_a_closed_case_is_not_changed(
    client: Client, case: Case, alice: User, copy: Evidence, page: str
) -> None:
    close_case(case, alice)
    client.force_login(alice)
    assert client.post(page, KEY).status_code == 400
    copy.refresh_from_db()
    assert copy.relevance == ""


def test_it_is_said_which_hypothesis_it_speaks_to(
    client: Client, case: Case, alice: User, copy: Evidence, page: str
) -> None:
    hypothesis = hypotheses.add_hypothesis(case=case, statement="It was the runner", by=alice)
    client.force_login(alice)
    assertContains(client.get(page), "H1 It was the runner")
    client.post(page, {"relevance": "", "tags": "", "hypothesis": "1", "speaks": "against", "revision": "1"})
    assert hypotheses.list_numbers(hypothesis, speaks_for=False) == [copy.number]
    assert [entry.detail for entry in copy.custody.all()] == ["", "speaks against hypothesis 1"]
    hypothesis.refresh_from_db()
    assert hypothesis.revision == 2  # whoever changes it from a page that was shown before is told
    client.post(page, {"relevance": "", "tags": "", "hypothesis": "1", "speaks": "for", "revision": "1"})
    assert hypotheses.list_numbers(hypothesis, speaks_for=True) == [copy.number]
    assert hypotheses.list_numbers(hypothesis, speaks_for=False) == []


def test_a_hypothesis_of_another_case_cannot_be_chosen(client: Client, alice: User, copy: Evidence, page: str) -> None:
    hypotheses.add_hypothesis(case=open_case(alice), statement="It was the runner", by=alice)
    client.force_login(alice)
    assert client.post(page, KEY | {"hypothesis": "1"}).status_code == 400


def test_relevance_and_tags_are_said_as_one_pins(client: Client, case: Case, alice: User, trail: Trail) -> None:
    write(trail, use("t", id="e1"), use("t", id="e2"))
    client.force_login(alice)
    words = {"case": case.public_id, "event": ["e1", "e2"], "reason": "It matters", "relevance": "key", "tags": "Exfil"}
    client.post("/evidence/pin/", words)
    assert [(copy.relevance, [tag.name for tag in copy.tags.all()]) for copy in case.evidence.all()] == [
        ("key", ["exfil"])
    ] * 2
    assert client.post("/evidence/pin/", words | {"relevance": "odd"}).status_code == 400


def test_a_timeline_shows_what_has_a_relevance_or_a_tag(
    client: Client, case: Case, alice: User, trail: Trail, copy: Evidence, page: str
) -> None:
    pin(trail, case, alice, use("t", id="e2"))
    client.force_login(alice)
    client.post(page, KEY)
    at = f"/cases/{case.public_id}/"
    for query, shown in (
        ("relevance=key", 1),
        ("tag=exfil", 1),
        ("relevance=context", 0),
        ("relevance=odd", 2),
        ("", 2),
    ):
        response = client.get(f"{at}?{query}")
        assert response.context["shown"] == shown, query
    assertContains(client.get(f"{at}?tag=exfil"), "1 of 2 shown")


def test_a_stranger_gets_404(client: Client, charlie: User, page: str) -> None:
    client.force_login(charlie)
    assert [client.get(page).status_code, client.post(page, KEY).status_code] == [404, 404]


def test_a_reader_gets_403(client: Client, rae: User, page: str) -> None:
    client.force_login(rae)
    assert client.post(page, KEY).status_code == 403


def test_anonymous_goes_to_sign_in(client: Client, page: str) -> None:
    assert at_sign_in(client.post(page, KEY))


def test_evidence_that_is_not_there_is_404(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assert client.get(page.replace("/1/", "/99/")).status_code == 404
