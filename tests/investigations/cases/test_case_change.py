"""Changing a case's title, severity and description."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from core.errors import Conflict, Refused
from investigations.cases import services as cases
from investigations.models import Case
from tests.support.concurrency import at_once
from tests.support.factories.cases import close_case
from tests.support.pages import at_sign_in, audit_log, hidden_fields
from trail.connection import Trail

WORDS = {"title": "A better title", "severity": "critical", "description": "", "revision": "1"}


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/change/"


def test_a_member_changes_it_and_that_is_on_record(
    client: Client, case: Case, bob: User, page: str, trail: Trail
) -> None:
    client.force_login(bob)
    assertContains(client.get(page), case.title)
    assertRedirects(client.post(page, WORDS), f"/cases/{case.public_id}/")
    case.refresh_from_db()
    assert (case.title, case.severity) == ("A better title", "critical")
    (recorded,) = audit_log(trail, "case.change")
    assert recorded["labels"] == {"changed": "title,severity", "severity": "critical"}
    assert case.activities.first().summary == "changed the title and the severity"


def test_saving_without_a_change_records_none(client: Client, case: Case, alice: User, page: str, trail: Trail) -> None:
    client.force_login(alice)
    client.post(page, {"title": case.title, "severity": case.severity, "description": case.description})
    assert audit_log(trail, "case.change") == []


def test_a_closed_case_keeps_its_words_and_what_was_typed(client: Client, case: Case, alice: User, page: str) -> None:
    close_case(case, alice)
    client.force_login(alice)
    response = client.post(page, WORDS)
    assertContains(response, "This case is closed; reopen it to change it.", status_code=400)
    assertContains(response, "A better title", status_code=400)
    assert Case.objects.get().title == case.title


def test_of_two_people_who_change_it_from_the_same_page_the_second_sees_both_texts_and_loses_neither(
    case: Case, alice: User, bob: User, page: str, trail: Trail
) -> None:
    hers, his = Client(), Client()
    hers.force_login(alice)
    his.force_login(bob)
    shown = hidden_fields(his.get(page))
    before = {"title": case.title, "severity": case.severity, "description": case.description}
    hers.post(page, before | hidden_fields(hers.get(page)) | {"description": "What alice learnt."})
    response = his.post(page, before | shown | {"description": "What bob learnt.", "title": "Bob's title"})
    assertContains(response, "Somebody changed this meanwhile", status_code=409)
    assertContains(response, "What alice learnt.", status_code=409)
    assertContains(response, "What bob learnt.", status_code=409)
    assertContains(response, "Bob&#x27;s title", status_code=409)
    case.refresh_from_db()
    assert (case.title, case.description) == (before["title"], "What alice learnt.")
    both = before | {"description": "What alice learnt. What bob learnt.", "title": "Bob's title"}
    assertRedirects(his.post(page, both | hidden_fields(response)), f"/cases/{case.public_id}/")
    case.refresh_from_db()
    assert (case.title, case.description) == ("Bob's title", "What alice learnt. What bob learnt.")
    assert [record["user"]["id"] for record in audit_log(trail, "case.change")] == ["alice", "bob"]


def test_a_change_does_not_bring_back_what_a_page_opened_before_has_in_mind(
    case: Case, alice: User, trail: Trail
) -> None:
    stale = Case.objects.get(pk=case.pk)
    close_case(case, alice)
    cases.reopen(case=case, by=alice)
    cases.change(case=case, by=alice, revision=case.revision, severity="low")
    with pytest.raises(Conflict):
        cases.change(case=stale, by=alice, revision=stale.revision, title="Late")
    assert Case.objects.values_list("title", "severity").get() == (case.title, "low")


@pytest.mark.django_db(transaction=True)
def test_of_changes_made_at_once_one_wins(transactional_db: None, case: Case, alice: User, bob: User) -> None:
    def change(by: User) -> str:
        try:
            return ",".join(cases.change(case=Case.objects.get(), by=by, revision=1, description=by.name))
        except Conflict:
            return "conflict"

    assert sorted(at_once(lambda: change(alice), lambda: change(bob))) == ["conflict", "description"]


def test_what_is_wrong_is_said(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assertContains(client.post(page, WORDS | {"title": ""}), "This field is required.", status_code=400)


def test_a_trail_that_is_down_changes_nothing(
    client: Client, case: Case, alice: User, page: str, no_trail: None
) -> None:
    client.force_login(alice)
    assertContains(client.post(page, WORDS), "Nothing was changed.", status_code=503)
    assert Case.objects.get().title == case.title


def test_a_stranger_gets_404(client: Client, charlie: User, page: str) -> None:
    client.force_login(charlie)
    assert [client.get(page).status_code, client.post(page, WORDS).status_code] == [404, 404]


def test_a_reader_gets_403(client: Client, case: Case, rae: User, page: str) -> None:
    client.force_login(rae)
    assert [client.get(page).status_code, client.post(page, WORDS).status_code] == [403, 403]
    assert Case.objects.get().title == case.title


def test_a_case_that_is_not_there_is_404(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assert client.get("/cases/nosuchcase/change/").status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, page: str) -> None:
    assert at_sign_in(client.get(page), page)
    assert at_sign_in(client.post(page, WORDS))


def test_other_methods_are_refused(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assert client.delete(page).status_code == 405


def test_it_is_assigned_to_one_of_those_who_may_write(
    client: Client, case: Case, alice: User, bob: User, page: str
) -> None:
    client.force_login(alice)
    words = {"title": case.title, "severity": case.severity, "description": case.description}
    client.post(page, words | {"assignee": "bob", "revision": "1"})
    case.refresh_from_db()
    assert case.assignee == bob
    assertContains(client.post(page, words | {"assignee": "rae", "revision": "2"}), "not one of", status_code=400)
    with pytest.raises(Refused, match="charlie may not write to this case"):
        cases.change(case=case, by=alice, revision=2, assignee="charlie")
    client.post(page, words | {"assignee": "", "revision": "2"})
    assert Case.objects.get().assignee is None
