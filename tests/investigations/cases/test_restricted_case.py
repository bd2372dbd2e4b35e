"""A restricted case: who is not in it knows nothing of it, and who breaks the glass is seen to."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core.errors import Refused
from investigations.cases import restriction
from investigations.cases import services as cases
from investigations.exports import services as exports
from investigations.models import Case, Membership
from investigations.notices.services import count_new_notices
from tests.support.factories.cases import export, run
from tests.support.pages import audit_log, bytes_of, events_on
from trail.connection import Trail


@pytest.fixture
def restricted(case: Case, alice: User) -> Case:
    restriction.restrict(case=case, by=alice)
    case.refresh_from_db()
    return case


@pytest.mark.parametrize(
    "page", ["/cases/?status=all", "/cases/?status=all&q=northwind", "/home/", "/jump/options/?q={number}"]
)
def test_no_list_names_it_to_a_lead(client: Client, restricted: Case, alice: User, lea: User, page: str) -> None:
    address = page.format(number=restricted.number)
    client.force_login(lea)
    assertNotContains(client.get(address), restricted.title)
    assertNotContains(client.get(address), restricted.public_id)


def test_it_is_counted_for_its_members_alone(client: Client, restricted: Case, rae: User, lea: User) -> None:
    assert [Case.objects.visible_to(user).count() for user in (rae, lea)] == [1, 0]
    assert Case.objects.writable_by(lea).count() == 0


def test_its_members_see_that_it_is_restricted(client: Client, restricted: Case, rae: User) -> None:
    client.force_login(rae)
    for page in (f"/cases/{restricted.public_id}/", "/cases/"):
        assertContains(client.get(page), ">restricted</span>")


def test_a_lead_finds_none_of_its_records_in_the_trail(
    client: Client, case: Case, restricted: Case, bob: User, lea: User, trail: Trail
) -> None:
    trail.client.indices.refresh(index=trail.events)
    records = {"q": f"resource.id:{restricted.public_id}"}
    client.force_login(bob)
    assert events_on(client.get("/", records))
    client.force_login(lea)
    assert events_on(client.get("/", records)) == []
    event_id = restricted.activities.first().event_id  # type: ignore[union-attr]
    assert client.get(f"/events/{event_id}/").status_code == 404


def test_a_lead_in_it_works_in_it_as_before(client: Client, restricted: Case, alice: User, lea: User) -> None:
    cases.add_member(case=restricted, user=lea, level=Membership.Level.READER, by=alice)
    client.force_login(lea)
    assert client.get(f"/cases/{restricted.public_id}/").status_code == 200
    # A lead's rights over every case end at one that is restricted: here they only read.
    assert client.get(f"/cases/{restricted.public_id}/change/").status_code == 403


def test_a_file_of_a_lead_is_not_handed_out_once_a_case_in_it_is_restricted(
    client: Client, case: Case, alice: User, lea: User, trail: Trail
) -> None:
    trail.client.indices.refresh(index=trail.events)
    taken_out = export(lea, run=run(lea, text=f"resource.id:{case.public_id}"))
    client.force_login(lea)
    page = f"/exports/{taken_out.public_id}/file/"
    assert case.public_id in bytes_of(client.get(page)).decode()
    restriction.restrict(case=case, by=alice)
    assertContains(client.get(page, follow=True), "may hold records of a case that you may not see any more")


def test_a_file_of_a_lead_written_beside_a_restricted_case_holds_none_of_it_and_is_handed_out(
    client: Client, restricted: Case, lea: User, trail: Trail
) -> None:
    trail.client.indices.refresh(index=trail.events)
    taken_out = export(lea, run=run(lea, text=f"resource.id:{restricted.public_id} OR user.id:lea"))
    client.force_login(lea)
    assert restricted.public_id not in bytes_of(client.get(f"/exports/{taken_out.public_id}/file/")).decode()


@pytest.mark.parametrize(
    ("before", "after", "merged"),
    [
        (["*"], ["*", "!a"], ["*"]),
        (["*", "!a", "!b"], ["*", "!b"], ["!b", "*"]),
        (["*", "!a"], ["a"], ["*", "a"]),
        (["*", "!a"], ["b"], ["!a", "*", "b"]),
        (["a"], ["b"], ["a", "b"]),
    ],
)
def test_what_was_seen_before_or_after_may_be_in_the_file(
    before: list[str], after: list[str], merged: list[str]
) -> None:
    assert exports._merge_seen(before, after) == merged


def test_who_opens_a_case_restricts_it_at_once(client: Client, alice: User, lea: User, trail: Trail) -> None:
    client.force_login(alice)
    client.post("/cases/new/", {"title": "One of us", "severity": "high", "restricted": "on"})
    case = Case.objects.get()
    assert case.is_restricted
    assert not Case.objects.visible_to(lea).exists()
    assert [one["labels"]["restricted"] for one in audit_log(trail, "case.open")] == ["true"]


def test_a_member_who_leads_restricts_and_lifts_on_record(
    client: Client, case: Case, alice: User, lea: User, trail: Trail
) -> None:
    client.force_login(alice)
    page = f"/cases/{case.public_id}/restriction/"
    assertRedirects(client.post(page, {"restricted": "yes"}), f"/cases/{case.public_id}/people/")
    client.post(page, {"restricted": "yes"})
    assert not Case.objects.visible_to(lea).exists()
    client.post(page)
    assert Case.objects.visible_to(lea).exists()
    assert [one["event"]["action"] for one in audit_log(trail, "case.restrict*")] == [
        "case.restrict",
        "case.restriction.lift",
    ]


def test_a_lead_who_is_not_in_a_case_cannot_shut_themselves_out(client: Client, case: Case, lea: User) -> None:
    client.force_login(lea)
    response = client.post(f"/cases/{case.public_id}/restriction/", {"restricted": "yes"}, follow=True)
    assertContains(response, "add yourself as a lead first")
    case.refresh_from_db()
    assert not case.is_restricted


def test_who_breaks_the_glass_leads_the_case_and_its_members_are_told(
    client: Client, restricted: Case, alice: User, lea: User, trail: Trail
) -> None:
    client.force_login(lea)
    response = client.post("/cases/break-glass/", {"number": restricted.number.lower(), "reason": "Alice is ill."})
    assertRedirects(response, f"/cases/{restricted.public_id}/")
    assert restricted.memberships.get(user=lea).level == Membership.Level.LEAD
    (record,) = audit_log(trail, "case.glass.break")
    assert (record["user"]["id"], record["labels"]["reason"]) == ("lea", "Alice is ill.")
    assert count_new_notices(lea) == 0
    client.force_login(alice)
    assertContains(client.get("/notices/"), "Lea broke the glass: Alice is ill.")
    assertContains(client.get(f"/cases/{restricted.public_id}/activity/"), "broke the glass: Alice is ill.")


def test_an_admin_may_break_it_and_an_analyst_may_not(restricted: Case, ada: User, charlie: User, trail: Trail) -> None:
    restriction.break_glass(number=restricted.number, reason="The lead has left.", by=ada)
    assert Case.objects.visible_to(ada).exists()
    with pytest.raises(Refused):
        restriction.break_glass(number=restricted.number, reason="I am curious.", by=charlie)
    assert not Case.objects.visible_to(charlie).exists()


@pytest.mark.parametrize("number", ["C-2026-9999", "{open}"])
def test_of_another_number_nothing_is_told(client: Client, case: Case, alice: User, lea: User, number: str) -> None:
    number = number.format(open=case.number)
    client.force_login(lea)
    response = client.post("/cases/break-glass/", {"number": number, "reason": "Which case is it?"})
    assertContains(response, f"There is no restricted case {number} that is closed to you.", status_code=400)
    assertContains(response, "Which case is it?", status_code=400)


def test_glass_is_not_broken_without_a_reason(client: Client, restricted: Case, lea: User) -> None:
    client.force_login(lea)
    assert client.post("/cases/break-glass/", {"number": restricted.number, "reason": " "}).status_code == 400
    assert not restricted.memberships.filter(user=lea).exists()


def test_an_export_of_before_is_handed_out_though_a_restricted_case_was_opened_since(
    client: Client, alice: User, lea: User, trail: Trail
) -> None:
    taken_out = export(lea, run=run(lea, text="user.id:nobody"))
    cases.open_case(title="One of us", by=alice, restricted=True)
    client.force_login(lea)
    answer = client.get(f"/exports/{taken_out.public_id}/file/")
    assert (answer.status_code, len(bytes_of(answer))) == (200, taken_out.size)


def test_who_held_the_case_before_it_was_restricted_changes_it_no_more(case: Case, alice: User, lea: User) -> None:
    before = Case.objects.get(pk=case.pk)
    restriction.restrict(case=case, by=alice)
    with pytest.raises(Refused):
        cases.add_member(case=before, user=lea, level=Membership.Level.LEAD, by=lea)
    for change in (
        lambda: cases.contain(case=before, by=lea),
        lambda: cases.reopen(case=before, by=lea),
        lambda: cases.close(case=before, by=lea, disposition="benign", reason="x"),
    ):
        with pytest.raises(Refused):
            change()


def test_who_breaks_the_glass_cannot_keep_it_from_who_was_there(
    client: Client, restricted: Case, alice: User, lea: User
) -> None:
    case = restriction.break_glass(number=restricted.number, reason="Alice is ill.", by=lea)
    for membership in case.memberships.exclude(user=lea):
        cases.remove_member(case=case, user=membership.user, by=lea)
    client.force_login(alice)
    assertContains(client.get("/notices/"), "Lea broke the glass: Alice is ill.")


def test_glass_that_is_broken_is_not_broken_again_by_the_same_person(restricted: Case, lea: User) -> None:
    restriction.break_glass(number=restricted.number, reason="Alice is ill.", by=lea)
    with pytest.raises(Refused):
        restriction.break_glass(number=restricted.number, reason="Again.", by=lea)


def test_what_was_refused_at_an_address_of_it_is_on_record_as_its_own(
    client: Client, restricted: Case, rae: User, lea: User, trail: Trail
) -> None:
    client.force_login(rae)
    client.post(f"/cases/{restricted.public_id}/export/", {"format": "csv"})
    client.get(f"/cases/{restricted.public_id}/status/")
    refused = [one for one in audit_log(trail, "access.refuse") if restricted.public_id in str(one)]
    assert [one["resource"]["type"] for one in refused] == ["case"] * len(refused)
    assert refused


def test_a_lead_is_not_told_of_a_run_in_it_any_more(
    client: Client, case: Case, alice: User, lea: User, trail: Trail
) -> None:
    run(lea, case=case, title="What of Ada?")
    client.force_login(lea)
    assertContains(client.get("/notices/"), "What of Ada?")
    restriction.restrict(case=case, by=alice)
    assertNotContains(client.get("/notices/"), "What of Ada?")
