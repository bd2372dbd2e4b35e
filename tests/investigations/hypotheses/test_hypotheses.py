"""What may have happened, and what speaks for it and against it."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core.errors import Conflict
from investigations.hypotheses import services as hypotheses
from investigations.hypotheses.evidence_numbers import read_numbers, write_numbers
from investigations.models import Case, Hypothesis
from tests.support.factories.cases import close_case, open_case, pin
from tests.support.factories.events import use
from tests.support.pages import at_sign_in, audit_log, hidden_fields
from trail.connection import Trail

WORDS = {
    "statement": "One intruder, <one> address",
    "state": "supported",
    "supporting": "E1 to E3",
    "contradicting": "E4",
    "answer": "All of **E1** to E3 came from there",
}


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/hypotheses/"


@pytest.fixture
def supposed(case: Case, alice: User, trail: Trail) -> Hypothesis:
    """A hypothesis in a case with four events."""
    pin(trail, case, alice, *(use("t") for _ in range(4)))
    return hypotheses.add_hypothesis(case=case, statement="One intruder", by=alice)


def test_a_member_adds_one_and_everybody_of_the_case_reads_it(
    client: Client, case: Case, bob: User, rae: User, page: str, trail: Trail
) -> None:
    client.force_login(bob)
    assertRedirects(client.post(page, {"statement": "The <runner> was taken over"}), page)
    client.force_login(rae)
    shown = client.get(page)
    assertContains(shown, "The &lt;runner&gt; was taken over")
    assertContains(shown, "nothing speaks for or against it yet")
    assertNotContains(shown, "Add the hypothesis")
    assertContains(client.get(f"/cases/{case.public_id}/"), "The &lt;runner&gt; was taken over")
    (recorded,) = audit_log(trail, "case.hypothesis.add")
    assert recorded["labels"] == {"hypothesis": "1", "state": "open"}
    assert "runner" not in str(recorded["labels"])


def test_it_is_answered_with_what_speaks_for_it_and_against_it(
    client: Client, case: Case, bob: User, page: str, supposed: Hypothesis, trail: Trail
) -> None:
    client.force_login(bob)
    assertRedirects(client.post(f"{page}1/", hidden_fields(client.get(f"{page}1/")) | WORDS), page)
    shown = client.get(page)
    for part in ("state--supported", "E1 to E3</a>; against", "<strong>", f"/cases/{case.public_id}/?at=E4#E4"):
        assertContains(shown, part)
    assert hypotheses.read_words(hypotheses.list_hypotheses(case).get())["supporting"] == "E1 to E3"
    (recorded,) = audit_log(trail, "case.hypothesis.change")
    assert recorded["labels"] == {"hypothesis": "1", "state": "supported"}


def test_of_two_who_change_it_at_once_the_second_sees_both(
    alice: User, bob: User, page: str, supposed: Hypothesis
) -> None:
    first, second = Client(), Client()
    first.force_login(alice)
    second.force_login(bob)
    shown = hidden_fields(second.get(f"{page}1/"))
    first.post(f"{page}1/", hidden_fields(first.get(f"{page}1/")) | WORDS)
    response = second.post(f"{page}1/", shown | WORDS | {"answer": "Not so", "supporting": ""})
    for text in ("All of **E1** to E3 came from there", "Not so"):
        assertContains(response, text, status_code=409)
    assert Hypothesis.objects.get().answer == WORDS["answer"]
    with pytest.raises(Conflict):
        hypotheses.change_hypothesis(hypothesis=supposed, revision=1, by=bob, **(WORDS | {"answer": "Late"}))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"supporting": "E9"}, "This case has no E9."),
        ({"supporting": "E1 or E2"}, "E1 or E2 is no evidence"),
        ({"contradicting": "E2"}, "E2 cannot speak for it and against it."),
    ],
)
def test_what_is_no_evidence_of_the_case_is_refused_and_nothing_is_lost(
    client: Client, bob: User, page: str, supposed: Hypothesis, wrong: dict[str, str], sentence: str
) -> None:
    client.force_login(bob)
    response = client.post(f"{page}1/", WORDS | wrong | {"revision": "1"})
    assertContains(response, sentence, status_code=400)
    assertContains(response, "All of **E1** to E3", status_code=400)
    assert Hypothesis.objects.get().state == "open"


def test_saving_without_a_change_records_none(bob: User, supposed: Hypothesis, trail: Trail) -> None:
    words = {name: str(word) for name, word in hypotheses.read_words(supposed).items() if name != "revision"}
    hypotheses.change_hypothesis(hypothesis=supposed, revision=1, by=bob, **words)
    assert audit_log(trail, "case.hypothesis.change") == []


def test_the_list_of_cases_finds_it(client: Client, case: Case, alice: User, supposed: Hypothesis) -> None:
    open_case(alice, title="Another matter")
    client.force_login(alice)
    assert list(client.get("/cases/", {"q": "one intruder"}).context["cases"]) == [case]


def test_a_closed_case_a_trail_that_is_down_and_who_may_not(
    client: Client, case: Case, alice: User, charlie: User, rae: User, page: str, supposed: Hypothesis
) -> None:
    for person, status in ((charlie, 404), (rae, 403)):
        client.force_login(person)
        assert [client.post(address, WORDS).status_code for address in (page, f"{page}1/")] == [status, status]
    close_case(case, alice)
    client.force_login(alice)
    for address in (page, f"{page}1/"):
        response = client.post(address, WORDS | {"revision": "1"})
        assertContains(response, "This case is closed; reopen it to change it.", status_code=400)
    assert client.get(f"{page}2/").status_code == 404
    client.logout()
    assert at_sign_in(client.get(page), page)
    assert Hypothesis.objects.count() == 1


def test_a_trail_that_is_down_changes_nothing(client: Client, alice: User, page: str, no_trail: None) -> None:
    client.force_login(alice)
    assertContains(client.post(page, {"statement": "lost"}), "Nothing was changed.", status_code=503)
    assert not Hypothesis.objects.exists()


@given(st.sets(st.integers(1, 500)))
def test_numbers_are_read_as_they_are_written(numbers: set[int]) -> None:
    assert read_numbers(write_numbers(numbers)) == sorted(numbers)


@pytest.mark.parametrize(
    ("text", "numbers"), [("", []), ("E3, e1", [1, 3]), ("1-3;7", [1, 2, 3, 7]), ("E2 – E3\nE3", [2, 3]), (" , ", [])]
)
def test_people_write_numbers_in_many_ways(text: str, numbers: list[int]) -> None:
    assert read_numbers(text) == numbers


@pytest.mark.parametrize("text", ["E0", "E", "x", "E3 to E1", "E1 to E99999999", "E1 E2", "\u0661"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_numbers(text)


def test_a_list_reads_the_numbers_of_evidence_and_not_its_copies(
    case: Case, alice: User, trail: Trail, supposed: Hypothesis
) -> None:
    words = hypotheses.read_words(supposed) | {"supporting": "E1"}
    hypotheses.change_hypothesis(hypothesis=supposed, by=alice, **words)
    with CaptureQueriesContext(connection) as queries:
        (hypothesis,) = hypotheses.list_hypotheses(case)
        assert hypotheses.list_numbers(hypothesis, speaks_for=True) == [1]
    assert len(queries) == 3
    assert not any("frozen" in query["sql"] for query in queries)
