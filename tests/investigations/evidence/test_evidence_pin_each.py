"""Pinning several events at once, each with its own reason, relevance, tags and question."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core.errors import Refused
from investigations.evidence import services as evidence
from investigations.evidence.services import PinWords
from investigations.hypotheses import services as hypotheses
from investigations.models import Case, CustodyEntry, Hypothesis
from tests.support.factories.cases import open_case
from tests.support.factories.events import use, write
from tests.support.pages import audit_log
from trail.connection import Trail

PAGE, PIN = "/evidence/pin/each/", "/evidence/pin/"


@pytest.fixture
def hypothesis(case: Case, alice: User, trail: Trail) -> Hypothesis:
    write(trail, *(use("t", id=f"e{n}", user__id="ann", at=f"2026-11-0{n}T00:00:00Z") for n in (1, 2, 3)))
    return hypotheses.add_hypothesis(case=case, statement="It was the runner", by=alice)


@pytest.fixture
def first(case: Case, hypothesis: Hypothesis) -> dict[str, object]:
    """As the bar of chosen rows sends it."""
    return {
        "case": case.public_id,
        "event": ["e1", "e2"],
        "reason": "Same token",
        "relevance": "key",
        "tags": "leak",
        "question": f"{hypothesis.pk} for",
        "back": "/?q=token.id%3At",
        "search": "q=token.id%3At&until=2026-11-26T09%3A00%3A00.000000Z",
    }


@pytest.fixture
def rows(first: dict[str, object], hypothesis: Hypothesis) -> dict[str, object]:
    """The same after the words of the second event were changed."""
    head = {name: first[name] for name in ("case", "back", "search")}
    common = {"reason": "Same token", "relevance": "key", "tags": "leak", "question": f"{hypothesis.pk} for"}
    own = {"reason": "From elsewhere", "relevance": "context", "tags": "", "question": f"{hypothesis.pk} against"}
    each = ({"event": "e1", "chosen": "on", **common}, {"event": "e2", "chosen": "on", **own})
    fields = {f"form-{n}-{name}": value for n, words in enumerate(each) for name, value in words.items()}
    return {**head, **fields, "form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "2"}


def test_each_event_stands_there_with_its_sentence_and_the_common_words(
    client: Client, bob: User, first: dict[str, object]
) -> None:
    client.force_login(bob)
    page = client.post(PAGE, first)
    assertContains(page, "Pin 2 events, each with its own reason")
    assertContains(page, "User ann presented token t", count=2)
    assertContains(page, "Same token", count=2)
    assertContains(page, 'value="leak"', count=2)
    assertContains(page, "against H1 It was the runner", count=2)
    part = client.post(PAGE, first, headers={"HX-Request": "true", "HX-Target": "pin-form"})
    assert (part["HX-Retarget"], part["HX-Reselect"]) == ("#main", "#main")


def test_each_event_is_pinned_with_its_own_words_on_one_record(
    client: Client, bob: User, case: Case, rows: dict[str, object], hypothesis: Hypothesis, trail: Trail
) -> None:
    client.force_login(bob)
    assertRedirects(client.post(PAGE, rows), "/?q=token.id%3At")
    pinned = list(case.evidence.order_by("number"))
    assert [(each.event_id, each.reason, each.relevance) for each in pinned] == [
        ("e1", "Same token", "key"),
        ("e2", "From elsewhere", "context"),
    ]
    assert [[tag.name for tag in each.tags.all()] for each in pinned] == [["leak"], []]
    assert all(each.search["q"] == ["token.id:t"] for each in pinned)
    assert hypotheses.list_numbers(hypothesis, speaks_for=True) == [1]
    assert hypotheses.list_numbers(hypothesis, speaks_for=False) == [2]
    (record,) = audit_log(trail, "case.evidence.pin")
    assert record["labels"]["hypotheses"] == "speaks for hypothesis 1; speaks against hypothesis 1"
    details = CustodyEntry.objects.filter(action="pin").order_by("evidence__number").values_list("detail", flat=True)
    assert list(details) == ["speaks for hypothesis 1", "speaks against hypothesis 1"]


def test_what_is_not_ticked_is_left_out(client: Client, bob: User, case: Case, rows: dict[str, object]) -> None:
    client.force_login(bob)
    client.post(PAGE, {name: value for name, value in rows.items() if name != "form-0-chosen"})
    assert [each.event_id for each in case.evidence.all()] == ["e2"]


def test_nothing_that_was_typed_is_lost_on_a_refusal(
    client: Client, bob: User, case: Case, rows: dict[str, object]
) -> None:
    client.force_login(bob)
    page = client.post(PAGE, rows | {"form-0-reason": " ", "form-0-tags": "exfiltration"})
    assert page.status_code == 400
    for text in ("Say why", "exfiltration", "From elsewhere", "against H1 It was the runner"):
        assertContains(page, text, status_code=400)
    assertContains(page, "selected", status_code=400)
    gone = client.post(PAGE, rows | {"form-1-event": "nobody"})
    assertContains(gone, "The trail shows no event nobody; nothing was pinned.", status_code=400)
    assertContains(gone, "From elsewhere", status_code=400)
    assert not case.evidence.exists()


def test_the_pin_form_names_the_question_too(
    client: Client, bob: User, case: Case, first: dict[str, object], hypothesis: Hypothesis
) -> None:
    client.force_login(bob)
    assertContains(client.get("/", {"q": "token.id:t", "from": "now-100y", "wait": "1"}), "for H1 It was the runner")
    client.post(PIN, first)
    assert hypotheses.list_numbers(hypothesis, speaks_for=True) == [1, 2]
    hypothesis.refresh_from_db()
    assert (hypothesis.revision, hypothesis.changed_by_name) == (2, "Bob")


def test_a_question_of_another_case_is_refused_and_others_cases_are_not_offered(
    client: Client, alice: User, bob: User, charlie: User, case: Case, first: dict[str, object]
) -> None:
    own = hypotheses.add_hypothesis(case=open_case(bob, title="Other"), statement="Another one", by=bob)
    strange = hypotheses.add_hypothesis(case=open_case(charlie, title="Strange"), statement="A secret", by=charlie)
    client.force_login(bob)
    page = client.post(PIN, first | {"question": f"{own.pk} for"})
    assertContains(page, "This question is of another case.", status_code=400)
    assertContains(page, "Another one", status_code=400)
    assertNotContains(page, "A secret", status_code=400)
    assertContains(client.post(PIN, first | {"question": f"{strange.pk} for"}), "valid choice", status_code=400)
    with pytest.raises(Refused):
        evidence.pin_each(case=case, words={"e1": PinWords("x", hypothesis=own)}, by=alice)
    assert not case.evidence.exists()


def test_who_may_not_write_to_the_case_pins_nothing(
    client: Client, rae: User, charlie: User, rows: dict[str, object]
) -> None:
    client.force_login(rae)
    assert client.post(PAGE, rows).status_code == 403
    client.force_login(charlie)
    assert client.post(PAGE, rows).status_code == 404
