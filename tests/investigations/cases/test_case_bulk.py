"""Changing many cases at once."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core.errors import Refused
from investigations.cases import bulk
from investigations.cases import services as cases
from investigations.cases.bulk import BulkChange, change_cases
from investigations.models import Case, Membership
from tests.support.factories.cases import close_case, open_case
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail

PAGE = "/cases/bulk/"


def _choose(*chosen: Case) -> dict[str, object]:
    for case in chosen:
        case.refresh_from_db()
    return {"case": [f"{case.public_id}:{case.revision}" for case in chosen], "back": "/cases/?status=all"}


def _tags(case: Case) -> list[str]:
    return [tag.name for tag in case.tags.all()]


def test_the_chosen_ones_are_changed_and_each_is_on_record(
    client: Client, alice: User, bob: User, trail: Trail
) -> None:
    first, second = (open_case(alice, title=title, members=(bob,)) for title in ("First", "Second"))
    untouched = open_case(alice)
    cases.change(case=first, by=alice, revision=1, tags="old, leak")
    before = len(audit_log(trail))
    client.force_login(alice)
    words = {
        "severity": "critical",
        "assignee": "user:bob",
        "add_tag": "Runner",
        "remove_tag": "old",
        "contained": "yes",
    }
    answer = client.post(PAGE, _choose(first, second) | words, follow=True)
    assertRedirects(answer, "/cases/?status=all")
    assertContains(answer, f"Changed 2 cases, {first.number}, {second.number}.")
    for case, tags in ((first, ["leak", "runner"]), (second, ["runner"])):
        case.refresh_from_db()
        assert (case.severity, case.assignee, case.status, _tags(case)) == ("critical", bob, "contained", tags)
    untouched.refresh_from_db()
    assert (untouched.severity, untouched.status) == ("medium", "open")
    recorded = audit_log(trail)[before:]
    assert [one["event"]["action"] for one in recorded] == ["case.change", "case.contain"] * 2


def test_it_says_which_were_not_changed_and_why(
    client: Client, alice: User, bob: User, charlie: User, trail: Trail
) -> None:
    changed, closed, read, taken, led = (open_case(bob, title=f"Case {n}", members=(charlie,)) for n in range(5))
    for case in (changed, closed, taken, led):
        level = Membership.Level.MEMBER if case is led else Membership.Level.LEAD
        cases.add_member(case=case, user=alice, level=level, by=bob)
    cases.add_member(case=read, user=alice, level=Membership.Level.READER, by=bob)
    cases.remove_member(case=taken, user=charlie, by=bob)
    close_case(closed, bob)
    client.force_login(alice)
    words = {"assignee": "user:charlie", "contained": "yes"}
    answer = client.post(PAGE, _choose(changed, closed, read, taken, led) | words, follow=True)
    for sentence in (
        f"Changed 1 case, {changed.number}.",
        f"Not changed (closed): 1 case, {closed.number}.",
        f"Not changed (you may only read it): 1 case, {read.number}.",
        f"Not changed (charlie may not write to this case; add them as a member first): 1 case, {taken.number}.",
        f"Not changed (you do not lead it): 1 case, {led.number}.",
    ):
        assertContains(answer, sentence)
    led.refresh_from_db()
    assert led.assignee == bob


def test_what_somebody_changed_meanwhile_is_left_to_them(client: Client, case: Case, alice: User, bob: User) -> None:
    chosen = _choose(case)
    cases.change(case=case, by=bob, revision=1, severity="low")
    client.force_login(alice)
    answer = client.post(PAGE, chosen | {"severity": "critical"}, follow=True)
    assertContains(answer, f"Not changed (somebody changed it meanwhile): 1 case, {case.number}.")
    case.refresh_from_db()
    assert case.severity == "low"


def test_what_is_so_already_is_said_and_leaves_no_record(client: Client, case: Case, alice: User, trail: Trail) -> None:
    before = len(audit_log(trail, "case.change"))
    client.force_login(alice)
    answer = client.post(PAGE, _choose(case) | {"severity": case.severity, "assignee": "user:alice"}, follow=True)
    assertContains(answer, f"So already: 1 case, {case.number}.")
    assert len(audit_log(trail, "case.change")) == before
    client.post(PAGE, _choose(case) | {"assignee": "nobody"})
    case.refresh_from_db()
    assert case.assignee is None


def test_nothing_is_told_of_a_case_that_one_may_not_see(client: Client, case: Case, charlie: User) -> None:
    client.force_login(charlie)
    answer = client.post(PAGE, _choose(case) | {"severity": "low"}, follow=True)
    assertContains(answer, "None of the chosen cases is there.")
    assertNotContains(answer, case.number)
    case.refresh_from_db()
    assert case.severity == "medium"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({}, "Say what is to be changed"),
        ({"case": [], "severity": "low"}, "Choose at least one case."),
        ({"case": ["x", "y:z", ":1"], "severity": "low"}, "Choose at least one case."),
        ({"case": [f"c{n}:1" for n in range(101)], "severity": "low"}, "at most 100 cases at once; 101 are chosen"),
        ({"severity": "terrible"}, "Nothing was changed"),
        ({"add_tag": "x" * 41}, "Nothing was changed"),
    ],
)
def test_what_is_wrong_is_said(
    client: Client, case: Case, alice: User, words: dict[str, object], sentence: str
) -> None:
    client.force_login(alice)
    assertContains(client.post(PAGE, _choose(case) | words, follow=True), sentence)


def test_a_case_has_no_more_tags_than_it_may(case: Case, alice: User) -> None:
    cases.change(case=case, by=alice, revision=1, tags=", ".join(f"t{n}" for n in range(bulk.MOST_TAGS)))
    for change, refused in ((BulkChange(add_tag="one more"), 1), (BulkChange(add_tag="t1", remove_tag="t2"), 0)):
        result = change_cases(revisions={case.public_id: 2}, change=change, by=alice)
        assert len(result.refused) == refused
    assert case.tags.count() == bulk.MOST_TAGS - 1


def test_a_trail_that_does_not_answer_changes_nothing(case: Case, alice: User, no_trail: None) -> None:
    result = change_cases(revisions={case.public_id: 1}, change=BulkChange(severity="low"), by=alice)
    ((reason, numbers),) = result.refused.items()
    assert (reason, numbers) == (bulk.NO_RECORD, [case.number])
    case.refresh_from_db()
    assert case.severity == "medium"


def test_no_change_is_refused(case: Case, alice: User) -> None:
    with pytest.raises(Refused, match="Say what"):
        change_cases(revisions={case.public_id: 1}, change=BulkChange(), by=alice)


def test_the_list_offers_it_to_who_investigates(client: Client, case: Case, alice: User, rae: User) -> None:
    client.force_login(alice)
    shown = client.get("/cases/")
    assertContains(shown, f'name="case" value="{case.public_id}:{case.revision}" form="bulk-form"')
    assertContains(shown, '<option value="user:bob">Bob</option>')
    client.force_login(rae)
    assertNotContains(client.get("/cases/"), "bulk-form")


def test_who_only_reads_may_not_and_nobody_is_led_elsewhere(client: Client, case: Case, alice: User, rae: User) -> None:
    assert at_sign_in(client.post(PAGE))
    client.force_login(rae)
    assert client.post(PAGE, _choose(case) | {"severity": "low"}).status_code == 403
    client.force_login(alice)
    assert client.get(PAGE).status_code == 405
    words = _choose(case) | {"severity": "low", "back": "https://elsewhere.example/"}
    assertRedirects(client.post(PAGE, words), "/cases/")
