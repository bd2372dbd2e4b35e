"""Who is in a case."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core.errors import Refused
from investigations.cases import services as cases
from investigations.models import Case
from tests.support.concurrency import at_once
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/people/"


def _people(case: Case) -> dict[str, str]:
    return {one.user.username: one.level for one in case.memberships.select_related("user")}


def test_everybody_of_the_case_sees_who_is_in_it(client: Client, rae: User, page: str) -> None:
    client.force_login(rae)
    response = client.get(page)
    for text in ("alice", "Leads the case", "bob", "Member", "rae", "Reads only"):
        assertContains(response, text)
    assertNotContains(response, "Remove")


def test_who_leads_it_adds_changes_and_removes_people_on_record(
    client: Client, case: Case, alice: User, charlie: User, page: str, trail: Trail
) -> None:
    client.force_login(alice)
    assertRedirects(client.post(page, {"username": "Charlie", "level": "member"}), page)
    assert _people(case)["charlie"] == "member"
    client.post(page, {"username": "charlie", "level": "reader"})
    assert _people(case)["charlie"] == "reader"
    client.post(page, {"username": "charlie", "level": "reader", "action": "remove"})
    assert "charlie" not in _people(case)
    recorded = [one for one in audit_log(trail, "case.member.*") if one["labels"]["member"] == "charlie"]
    assert [one["event"]["action"] for one in recorded] == [
        "case.member.add",
        "case.member.change",
        "case.member.remove",
    ]


def test_a_lead_lets_somebody_into_any_case(client: Client, case: Case, lea: User, charlie: User, page: str) -> None:
    client.force_login(lea)
    client.post(page, {"username": "charlie", "level": "lead"})
    assert _people(case)["charlie"] == "lead"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"username": "nobody", "level": "member"}, "There is nobody named nobody here."),
        ({"username": "rae", "level": "member"}, "rae is a viewer and can only read cases"),
        ({"username": "alice", "level": "member"}, "alice is the only lead of this case"),
        ({"username": "alice", "level": "lead", "action": "remove"}, "alice is the only lead of this case"),
        ({"username": "bob", "level": "owner"}, "owner is not one of the available choices"),
        ({"username": "", "level": "member"}, "This field is required."),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    client: Client, case: Case, alice: User, page: str, words: dict[str, str], sentence: str
) -> None:
    client.force_login(alice)
    assertContains(client.post(page, words), sentence, status_code=400)
    assert _people(case) == {"alice": "lead", "bob": "member", "rae": "reader"}


def test_somebody_shut_out_of_the_console_can_be_let_out_of_the_case(
    client: Client, case: Case, alice: User, bob: User, page: str
) -> None:
    bob.is_active = False
    bob.save()
    client.force_login(alice)
    client.post(page, {"username": "bob", "level": "member", "action": "remove"})
    assert "bob" not in _people(case)


@pytest.mark.django_db(transaction=True)
def test_of_two_leads_who_remove_each_other_at_once_one_stays(
    transactional_db: None, case: Case, alice: User, bob: User, charlie: User
) -> None:
    for user in (bob, charlie):
        cases.add_member(case=case, user=user, level="lead", by=alice)

    def remove(user: User, by: User) -> str:
        try:
            cases.remove_member(case=case, user=user, by=by)
        except Refused as refused:
            return refused.sentence
        return ""

    answers = at_once(lambda: remove(alice, bob), lambda: remove(bob, alice))
    assert sorted(answers) == ["", "You do not lead this case any more."]
    assert len({"alice", "bob"} & set(_people(case))) == 1


@pytest.mark.django_db(transaction=True)
def test_somebody_added_by_two_leads_at_once_is_in_it_once(
    transactional_db: None, case: Case, alice: User, bob: User, charlie: User
) -> None:
    cases.add_member(case=case, user=bob, level="lead", by=alice)
    at_once(*[lambda by=by: cases.add_member(case=case, user=charlie, level="reader", by=by) for by in (alice, bob)])
    assert _people(case)["charlie"] == "reader"


@pytest.mark.parametrize("person", ["bob", "rae"])
def test_members_and_readers_get_403(
    client: Client, case: Case, charlie: User, page: str, person: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(person))
    assert client.post(page, {"username": "charlie", "level": "member"}).status_code == 403
    assert "charlie" not in _people(case)


def test_a_stranger_gets_404_and_is_told_no_names(client: Client, charlie: User, page: str) -> None:
    client.force_login(charlie)
    assert client.get(page).status_code == 404
    assert client.post(page, {"username": "charlie", "level": "lead"}).status_code == 404


def test_a_trail_that_is_down_changes_nothing(
    client: Client, case: Case, alice: User, charlie: User, page: str, no_trail: None
) -> None:
    client.force_login(alice)
    assertContains(
        client.post(page, {"username": "charlie", "level": "member"}), "Nothing was changed.", status_code=503
    )
    assert "charlie" not in _people(case)


def test_a_case_that_is_not_there_is_404(client: Client, alice: User, trail: Trail) -> None:
    client.force_login(alice)
    assert client.get("/cases/nosuchcase/people/").status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, page: str) -> None:
    assert at_sign_in(client.get(page), page)
    assert at_sign_in(client.post(page, {"username": "charlie", "level": "lead"}))


def test_other_methods_are_refused(client: Client, alice: User, page: str) -> None:
    client.force_login(alice)
    assert client.delete(page).status_code == 405
