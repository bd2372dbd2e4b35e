"""The timelines of several cases as one."""

import pytest
from django.test import Client
from django.utils.http import urlencode
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations.cases import restriction
from investigations.evidence import services as evidence
from investigations.manual_events import services as manual_events
from investigations.manual_events.services import ManualEventWords
from investigations.models import Case, ManualEvent
from tests.support.factories.cases import open_case, pin
from tests.support.factories.events import use
from tests.support.pages import at_sign_in, audit_log, text_of
from trail.connection import Trail


@pytest.fixture
def others(alice: User, case: Case, trail: Trail) -> list[Case]:
    """Two cases beside the first; the days of what is pinned to the three take turns."""
    cases = [case, open_case(alice, title="Second"), open_case(alice, title="Third")]
    for number, each in enumerate(cases):
        at = "2026-10-{:02}T12:00:00Z"
        pin(trail, each, alice, *(use(f"tok_{number}", at=at.format(1 + number + 3 * day)) for day in range(3)))
    return cases


def _address(cases: list[Case], **words: str) -> str:
    return f"/cases/timelines/?{urlencode({'case': [each.number for each in cases], **words}, doseq=True)}"


def test_they_stand_in_one_order_and_each_row_says_of_which_case_it_is(
    client: Client, alice: User, others: list[Case], trail: Trail
) -> None:
    client.force_login(alice)
    page = client.get(_address(others))
    shown = [
        (item.evidence.case.number, item.evidence.number)
        for row in page.context["timeline_rows"]
        for item in row.entry.items
    ]
    assert shown == [(case.number, number) for number in (1, 2, 3) for case in others]
    for case in others:
        assertContains(page, f'id="{case.number}-E2"', 1)
    assert [lane.name for lane in page.context["picture"].lanes] == [case.number for case in others]
    assert {record["resource"]["id"] for record in audit_log(trail, "case.read")} == {each.public_id for each in others}


def test_its_pages_and_places_name_the_case(client: Client, alice: User, others: list[Case]) -> None:
    client.force_login(alice)
    page = client.get(_address(others, after=f"{others[1].number}-E2"))
    first = page.context["timeline_rows"][0].entry.first.evidence
    assert (first.case, first.number) == (others[2], 2)
    assertContains(page, f"before={others[2].number}-E2")


def test_an_event_that_several_cases_have_is_shown_of_each_wherever_a_page_ends(
    client: Client, alice: User, others: list[Case], trail: Trail
) -> None:
    """The page ends between the two pieces of evidence that are the same event."""
    second, third = others[1:]
    events = [event.event_id for event in third.evidence.all()]
    evidence.pin(case=second, event_ids=events, reason="Here too", by=alice)
    client.force_login(alice)

    def read(**words: str) -> list[str]:
        entries = client.get(_address(others[1:], **words)).context["entries"]
        return [f"{item.evidence.case.number}-{item.evidence.label}" for each in entries for item in each.items]

    whole = read()
    assert len(whole) == len(set(whole)) == 9
    for place, label in enumerate(whole):
        assert read(after=label) == whole[place + 1 :]
        assert read(before=label) == whole[:place]
        assert read(at=label) == whole[place:]


def test_one_case_that_somebody_may_not_see_is_as_one_that_there_is_not(
    client: Client, alice: User, bob: User, lea: User, others: list[Case]
) -> None:
    restriction.restrict(case=others[1], by=alice)
    for person in (bob, lea):
        client.force_login(person)
        assert client.get(_address(others)).status_code == 404
        assertNotContains(client.get("/cases/?status=all"), "Second")
    client.force_login(alice)
    for numbers in (["C-2020-9999"], [others[0].number, "x"], [f"C-2020-{number:04}" for number in range(11)]):
        assert client.get("/cases/timelines/", {"case": numbers}).status_code == 404
    assertRedirects(client.get("/cases/timelines/"), "/cases/")
    client.logout()
    assert at_sign_in(client.get(_address(others)), _address(others))


def test_one_comes_to_them_from_the_list_and_from_what_is_related(
    client: Client, alice: User, others: list[Case]
) -> None:
    client.force_login(alice)
    chosen = [f"{each.public_id}:{each.revision}" for each in others]
    answer = client.post("/cases/bulk/", {"case": chosen, "together": "yes"})
    assertRedirects(answer, _address(others))
    assertContains(client.get("/cases/"), "Timelines together")
    refused = client.post("/cases/bulk/", {"together": "yes"}, follow=True)
    assertContains(refused, "Choose from one to 10 cases")
    page = text_of(client.get(f"/cases/{others[0].public_id}/"))
    assert f"/cases/timelines/?case={others[0].number}&amp;case=" in page


def test_what_was_entered_by_hand_in_each_stands_there_too(client: Client, alice: User, others: list[Case]) -> None:
    for number, case in enumerate(others):
        at = f"2026-10-0{number + 1}T13:00:00Z"
        words = ManualEventWords(kind="call", title="They called", starts=at, phase="detected" if number else "")
        manual_events.add_manual_event(case=case, words=words, by=alice)
    client.force_login(alice)
    page = client.get(_address(others))
    rows = [row.manual.case.number if row.manual else "" for row in page.context["timeline_rows"]]
    assert [number for number in rows if number] == [case.number for case in others]
    assertContains(page, f'id="{others[0].number}-M1"', 1)
    assertContains(page, f"in {others[1].number}</small>", 1)


def test_the_picture_draws_what_was_entered_by_hand_and_the_phases_of_each_case_in_its_own_lane(
    client: Client, alice: User, others: list[Case]
) -> None:
    words = (
        ManualEventWords(kind="call", title="The owner called", starts="2026-10-02T09:00:00.000000000Z"),
        ManualEventWords(kind="decision", title="Cut off", starts="2026-10-04T09:00:00.000000000Z", phase="contained"),
    )
    for each in words:
        manual_events.add_manual_event(case=others[1], words=each, by=alice)
    entered = ManualEventWords(kind="call", title="Hm", starts="2026-10-03T09:00:00.000000000Z", phase="detected")
    manual_events.add_manual_event(case=others[2], words=entered, by=alice)
    client.force_login(alice)
    page = client.get(_address(others))
    lanes = {lane.name: lane for lane in page.context["picture"].lanes}
    second, third = (lanes[f"{case.number} by hand"] for case in others[1:])
    assert f"{others[0].number} by hand" not in lanes
    assert [mark.label.split(",")[0] for mark in second.marks] == ["M1", "M2"]
    assert [line.label.split(",")[0] for line in second.spans] == ["Phase Contained"]
    assert [line.label.split(",")[0] for line in third.spans] == ["Phase Detected"]
    assert page.context["picture"].flags == ()
    assertContains(page, 'class="ll-phase"', 2)
    assertContains(page, "entered by hand")


def test_many_entries_of_one_case_leave_out_nothing_of_another_and_are_said_to_be_more(
    client: Client, alice: User, others: list[Case]
) -> None:
    first, second, _ = others
    made = [
        ManualEvent(
            case=first,
            number=number,
            kind="call",
            title="They called",
            starts=f"2026-10-01T12:{number // 60:02}:{number % 60:02}Z",
            place=f"2026-10-01T12:{number // 60:02}:{number % 60:02}.000000000Z",
            phase="contained" if number == 201 else "detected" if number == 1 else "",
            created_by=alice,
            created_by_name=alice.name,
        )
        for number in range(1, 202)
    ]
    ManualEvent.objects.bulk_create(made)
    words = ManualEventWords(kind="call", title="The owner called", starts="2026-10-05T09:00:00.000000000Z")
    manual_events.add_manual_event(case=second, words=words, by=alice)
    client.force_login(alice)
    lanes = {lane.name: lane for lane in client.get(_address(others)).context["picture"].lanes}
    many, few = (lanes[f"{case.number} by hand"] for case in others[:2])
    assert (many.small, len(many.marks)) == ("the first 200", 200)
    assert [line.label.split(",")[0] for line in many.spans] == ["Phase Detected", "Phase Contained"]
    assert [mark.label.split(",")[0] for mark in few.marks] == ["M1"]
    alone = client.get(f"/cases/{first.public_id}/").context["picture"].lanes
    assert "the first 200" in [lane.small for lane in alone]
