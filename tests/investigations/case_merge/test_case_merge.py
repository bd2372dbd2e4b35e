"""Merging a case into another."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core.errors import Refused
from investigations.case_merge import services
from investigations.case_merge.contents import renumber
from investigations.case_merge.services import merge_cases
from investigations.case_tasks import services as tasks
from investigations.case_verification import services as verification
from investigations.cases import restriction
from investigations.cases import services as cases
from investigations.clock_skews import services as clock_skews
from investigations.entities import services as entities
from investigations.evidence import absences
from investigations.evidence import services as evidence
from investigations.hypotheses import services as hypotheses
from investigations.manual_events import services as manual_events
from investigations.manual_events.services import ManualEventWords
from investigations.models import Case, Evidence, ManualEvent, Membership, Mention
from investigations.notes import services as notes
from tests.support.factories.cases import close_case, open_case, pin
from tests.support.factories.events import use
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail
from trail.search.spec import Search

WHY = "The same token"


@pytest.fixture
def other(alice: User, charlie: User, trail: Trail) -> Case:
    """alice's other case, with something of every kind in it, which is merged into `case`."""
    other = open_case(alice, title="The same again", members=(charlie,))
    pin(trail, other, alice, use("t", id="e1"), use("t", id="e2"), use("t", id="e3"))
    absences.pin(case=other, search=Search(text="user.id:nobody"), reason="never", by=alice)
    return other


def _merge(case: Case, other: Case, alice: User) -> dict[str, int]:
    counts = merge_cases(source=other, target=case, reason=WHY, by=alice)
    case.refresh_from_db()
    other.refresh_from_db()
    return counts


def _pinned(case: Case) -> dict[str, Evidence]:
    return {each.event_id: each for each in case.evidence.not_withdrawn()}


def test_its_events_are_pinned_once_each_with_reason_digest_and_custody(
    case: Case, other: Case, alice: User, trail: Trail
) -> None:
    (before,) = evidence.pin(case=case, event_ids=["e2"], reason="Known here", by=alice).new
    evidence.withdraw(evidence=_pinned(other)["e3"], reason="A slip", by=alice)
    here, there = _pinned(case), _pinned(other)
    assert _merge(case, other, alice)["evidence"] == 1
    merged = _pinned(case)
    assert merged.keys() == {"e1", "e2"}
    assert (merged["e2"].pk, merged["e2"].reason) == (before.pk, here["e2"].reason)
    copy, original = merged["e1"], there["e1"]
    assert copy.reason == f"From {other.number} {original.label}, pinned there by Alice: It matters"
    assert (bytes(copy.frozen), copy.digest, copy.leaf) == (bytes(original.frozen), original.digest, original.leaf)
    (entry,) = copy.custody.all()
    (_, record) = audit_log(trail, "case.merge")
    assert (entry.action, entry.detail) == ("pin", f"from {other.number} {original.label}")
    assert entry.event_id == record["event"]["id"]
    assert record["labels"]["evidence"] == f"e1={original.digest}"
    assert record["resource"] == {"type": "case", "id": case.public_id}
    assert {"t", "192.0.2.7"} <= set(case.entities.values_list("value", flat=True))


def test_what_was_pinned_anew_is_verified_as_intact(case: Case, other: Case, alice: User) -> None:
    _merge(case, other, alice)
    verification.verify_case(verification.start(case=case, by=alice).pk)
    last = case.verifications.latest("pk")
    assert (last.state, last.done, last.differing) == ("finished", 3, 0)


def test_it_is_on_record_once_in_each_case(case: Case, other: Case, alice: User, trail: Trail) -> None:
    before = len(audit_log(trail))
    _merge(case, other, alice)
    first, second = audit_log(trail)[before:]
    assert first["labels"] == {"disposition": "duplicate", "into": case.public_id}
    assert (first["resource"]["id"], second["resource"]["id"]) == (other.public_id, case.public_id)
    assert other.activities.all()[0].summary == f"merged the case into {case.number}"
    assert case.activities.all()[0].summary == f"merged {other.number} into the case: {WHY}"


def test_nothing_of_the_other_case_is_lost(case: Case, other: Case, alice: User) -> None:
    notes.write_note(case=other, text="hm", by=alice)
    tasks.add_task(case=other, title="Rotate it", by=alice)
    held = [
        list(each.values_list("pk", flat=True)) for each in (other.evidence, other.notes, other.tasks, other.custody)
    ]
    _merge(case, other, alice)
    assert held == [
        list(each.values_list("pk", flat=True)) for each in (other.evidence, other.notes, other.tasks, other.custody)
    ]
    assert (other.status, other.disposition, other.closing_reason) == ("closed", "duplicate", WHY)
    assert other.merged_into == case


def test_notes_name_their_author_and_tell_nobody_again(case: Case, other: Case, alice: User, charlie: User) -> None:
    there = _pinned(other)
    notes.write_note(case=other, text=f"@alice look at {there['e3'].label} and E4", by=charlie)
    told = Mention.objects.count()
    _merge(case, other, alice)
    (note,) = case.notes.all()
    head, text = note.text.split("\n\n")
    assert head.startswith(f"Note 1 of {other.number}, by Charlie, ")
    assert text == f"@alice look at {_pinned(case)['e3'].label} and {other.number}-E4"
    assert Mention.objects.count() == told


def test_open_tasks_come_with_whose_they_are(case: Case, other: Case, alice: User) -> None:
    tasks.add_task(case=case, title="Here", by=alice)
    tasks.add_task(case=other, title="Rotate it", by=alice, assignee="charlie")
    settled = tasks.add_task(case=other, title="Ask them", by=alice)
    tasks.set_task_state(task=settled, state="done", by=alice)
    _merge(case, other, alice)
    assert list(case.tasks.values_list("number", "title", "assignee__username")) == [
        (1, "Here", None),
        (2, "Rotate it", "charlie"),
    ]


def test_hypotheses_come_with_their_evidence_as_it_is_numbered_here(
    case: Case, other: Case, alice: User, trail: Trail
) -> None:
    pin(trail, case, alice, use("t", id="mine"))
    made = hypotheses.add_hypothesis(case=other, statement="It was the runner", by=alice)
    words = {"statement": made.statement, "state": "supported", "answer": "See E1"}
    hypotheses.change_hypothesis(
        hypothesis=made, revision=1, by=alice, supporting="E1, E4", contradicting="E2", **words
    )
    _merge(case, other, alice)
    (copy,) = case.hypotheses.all()
    assert (copy.statement, copy.state) == ("It was the runner", "supported")
    assert copy.answer == f"See E2\n\n{other.number}-E4 speaks for it."
    assert hypotheses.list_numbers(copy, speaks_for=True) == [2]
    assert hypotheses.list_numbers(copy, speaks_for=False) == [3]


def test_what_was_entered_by_hand_comes_with_who_entered_it(
    case: Case, other: Case, alice: User, charlie: User
) -> None:
    def enter(into: Case, title: str, by: User) -> ManualEvent:
        words = ManualEventWords(kind="call", title=title, starts="2026-03-01T09:00:00Z", phase="detected")
        return manual_events.add_manual_event(case=into, words=words, by=by)

    enter(case, "Known here", alice)
    enter(other, f"They called about {_pinned(other)['e1'].label}", charlie)
    manual_events.withdraw_manual_event(event=enter(other, "A slip", alice), reason="no", by=alice)
    assert _merge(case, other, alice)["manual_events"] == 1
    (_, copy) = case.manual_events.order_by("number")
    assert (copy.label, copy.title, copy.phase) == ("M2", f"They called about {_pinned(case)['e1'].label}", "detected")
    assert (copy.created_by_name, copy.versions.get().by_name) == ("Charlie", "Alice")


def test_clock_skews_come_where_there_is_none(case: Case, other: Case, alice: User) -> None:
    for into, value, offset in ((case, "auth", 1), (other, "auth", 2), (other, "scanner", 3)):
        clock_skews.add_clock_skew(case=into, field="service.name", value=value, offset=offset, reason="NTP", by=alice)
    _merge(case, other, alice)
    assert dict(case.clock_skews.values_list("value", "offset")) == {"auth": 1, "scanner": 3}


def test_verdicts_come_where_there_is_none(case: Case, other: Case, alice: User, charlie: User) -> None:
    for value, word in (("t", "compromised"), ("user", "victim")):
        field = "token.id" if value == "t" else "user.id"
        entities.judge_entity(case=other, field=field, value=value, word=word, reason="seen", by=charlie)
    entities.judge_entity(case=case, field="user.id", value="user", word="cleared", reason="", by=alice)
    _merge(case, other, alice)
    judged = {each.entity.value: each for each in reversed(_verdicts(case))}
    assert (judged["t"].word, judged["t"].reason) == ("compromised", f"Charlie in {other.number}: seen")
    assert judged["user"].word == "cleared"


def _verdicts(case: Case) -> list[entities.Verdict]:
    return [verdict for entity in case.entities.all() for verdict in entity.verdicts.select_related("entity")]


def test_people_and_tags_are_added_and_nobody_is_lowered(
    case: Case, other: Case, alice: User, bob: User, rae: User, lea: User
) -> None:
    cases.change(case=other, by=alice, revision=1, tags="runner, leak")
    cases.change(case=case, by=alice, revision=1, tags="leak")
    cases.add_member(case=other, user=bob, level=Membership.Level.READER, by=alice)
    cases.add_member(case=other, user=lea, level=Membership.Level.LEAD, by=alice)
    _merge(case, other, alice)
    levels = dict(case.memberships.values_list("user__username", "level"))
    assert levels == {"alice": "lead", "bob": "member", "rae": "reader", "charlie": "member", "lea": "lead"}
    assert [tag.name for tag in case.tags.all()] == ["leak", "runner"]
    assert case.revision == 3


@pytest.mark.parametrize("both", [True, False])
def test_a_restricted_case_is_merged_into_a_restricted_one_alone(
    case: Case, other: Case, alice: User, both: bool
) -> None:
    restriction.restrict(case=other, by=alice)
    if both:
        restriction.restrict(case=case, by=alice)
        _merge(case, other, alice)
        assert other.merged_into == case
        return
    with pytest.raises(Refused, match="people would see what is hidden"):
        _merge(case, other, alice)
    assert not case.evidence.exists()


def test_who_sees_the_other_case_is_not_told_of_a_restricted_one(
    client: Client, case: Case, other: Case, alice: User, lea: User, trail: Trail
) -> None:
    restriction.restrict(case=case, by=alice)
    _merge(case, other, alice)
    client.force_login(lea)
    for page in ("", "activity/"):
        shown = client.get(f"/cases/{other.public_id}/{page}")
        assertContains(shown, "Merged into a case that you may not see")
        assertNotContains(shown, case.number)
        assertNotContains(shown, case.public_id)
    assert case.public_id not in str(audit_log(trail, "case.merge")[0])


def test_who_sees_the_case_that_stays_is_not_told_of_a_restricted_one(
    client: Client, case: Case, other: Case, alice: User, bob: User, trail: Trail
) -> None:
    cases.add_member(case=case, user=bob, level="member", by=alice)
    notes.write_note(case=other, text="See E99", by=alice)
    for each in (case, other):
        restriction.restrict(case=each, by=alice)
    case.memberships.filter(user=bob).exists() or cases.add_member(case=case, user=bob, level="member", by=alice)
    other.memberships.filter(user=bob).delete()
    _merge(case, other, alice)
    for membership in case.memberships.exclude(user__in=[alice, bob]):
        membership.delete()
    client.force_login(bob)
    for page in ("", "activity/", "notes/", "custody/", "report/", "evidence/1/"):
        shown = client.get(f"/cases/{case.public_id}/{page}")
        assert shown.status_code == 200, page
        assertNotContains(shown, other.number)
        assertNotContains(shown, other.public_id)
    assertContains(client.get(f"/cases/{case.public_id}/report/"), "A case that is not named here was merged")
    assert other.public_id not in str(audit_log(trail, "case.merge")[-1])


def test_a_report_says_which_cases_were_merged(client: Client, case: Case, other: Case, alice: User) -> None:
    _merge(case, other, alice)
    client.force_login(alice)
    assertContains(client.get(f"/cases/{case.public_id}/report/"), f"{other.number} was merged into this case by Alice")
    assertContains(client.get(f"/cases/{other.public_id}/report/"), f"This case was merged into {case.number} by Alice")


def test_it_is_refused_in_a_sentence(
    case: Case, other: Case, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match="into itself"):
        _merge(case, case, alice)
    with pytest.raises(Refused, match="Say why"):
        merge_cases(source=other, target=case, reason=" ", by=alice)
    with pytest.raises(Refused, match="Only who leads both"):
        merge_cases(source=other, target=case, reason=WHY, by=bob)
    with monkeypatch.context() as lower:
        lower.setattr(services, "MOST_EVIDENCE", 3)
        with pytest.raises(Refused, match="holds 4 pieces of evidence"):
            _merge(case, other, alice)
    close_case(case, alice)
    with pytest.raises(Refused, match=f"{case.number} is closed"):
        _merge(case, other, alice)
    assert other.is_open
    assert not case.evidence.exists()


def test_a_copy_that_was_tampered_with_is_not_pinned_anew(case: Case, other: Case, alice: User) -> None:
    Evidence.objects.filter(case=other, event_id="e2").update(frozen=b'{"event":{"id":"e2"}}')
    with pytest.raises(Refused, match="is not what was pinned"):
        _merge(case, other, alice)
    assert not case.evidence.exists()


def test_a_merged_case_is_not_reopened_and_not_merged_again(case: Case, other: Case, alice: User) -> None:
    _merge(case, other, alice)
    with pytest.raises(Refused, match="merged into another"):
        cases.reopen(case=other, by=alice)
    with pytest.raises(Refused, match="is closed"):
        _merge(case, other, alice)
    assert case.evidence.count() == 3


def test_a_trail_that_does_not_answer_merges_nothing(
    client: Client, case: Case, other: Case, alice: User, trail: Trail
) -> None:
    client.force_login(alice)
    trail.client.indices.put_settings(index=trail.events, body={"index.blocks.write": True})
    try:
        client.post(f"/cases/{other.public_id}/merge/", {"number": case.number, "reason": WHY})
    finally:
        trail.client.indices.put_settings(index=trail.events, body={"index.blocks.write": None})
    other.refresh_from_db()
    assert other.is_open
    assert not case.evidence.exists()
    assert not case.memberships.filter(user__username="charlie").exists()


def test_both_pages_lead_to_each_other_and_both_numbers_stay_good(
    client: Client, case: Case, other: Case, alice: User
) -> None:
    client.force_login(alice)
    page = f"/cases/{other.public_id}/"
    assertContains(client.get(page), f'href="{page}merge/"')
    assertContains(client.get(f"{page}merge/"), f"Merge {other.number}")
    answer = client.post(f"{page}merge/", {"number": case.number.lower(), "reason": WHY})
    assertRedirects(answer, f"/cases/{case.public_id}/", fetch_redirect_response=False)
    assertContains(client.get(f"/cases/{case.public_id}/"), f'Merged into this case: <a href="{page}"')
    assertContains(client.get(page), f'Merged into <a href="/cases/{case.public_id}/"')
    assertNotContains(client.get(page), "Reopen case")
    assertRedirects(client.get(f"/cases/{other.number}/"), page, fetch_redirect_response=False)
    answer = client.post(f"{page}status/", {"status": "open"}, follow=True)
    assertContains(answer, "This case was merged into another one")


def test_who_works_in_the_merged_case_works_in_the_other_one_from_then_on(
    client: Client, case: Case, other: Case, alice: User
) -> None:
    client.force_login(alice)
    client.post(f"/cases/{other.public_id}/work/")
    client.post(f"/cases/{other.public_id}/merge/", {"number": case.number, "reason": WHY})
    assert client.session["working_case"] == case.public_id


def test_one_that_one_does_not_lead_is_refused_in_the_words_of_none(
    client: Client, case: Case, other: Case, alice: User, charlie: User
) -> None:
    hidden = open_case(charlie)
    client.force_login(alice)
    for number in (hidden.number, "C-1999-0001"):
        answer = client.post(f"/cases/{other.public_id}/merge/", {"number": number, "reason": WHY})
        assertContains(answer, f"There is no case {number} that you lead.", status_code=400)
    answer = client.post(f"/cases/{other.public_id}/merge/", {"number": "seven", "reason": WHY})
    assertContains(answer, "reads like C-2026-0042", status_code=400)


def test_who_does_not_lead_it_may_not_and_a_stranger_sees_nothing(
    client: Client, case: Case, bob: User, charlie: User
) -> None:
    page = f"/cases/{case.public_id}/merge/"
    assert at_sign_in(client.get(page))
    for person, status in ((bob, 403), (charlie, 404)):
        client.force_login(person)
        assert [client.get(page).status_code, client.post(page).status_code] == [status, status]


@pytest.mark.parametrize(
    ("text", "renumbered"),
    [
        ("E1 and (E2).", "E5 and (C-2026-0007-E2)."),
        ("E10, AE1, C-2026-0001-E1", "C-2026-0007-E10, AE1, C-2026-0001-E1"),
        ("e1 E1-x", "e1 E1-x"),
    ],
)
def test_texts_name_evidence_as_it_is_numbered_here(text: str, renumbered: str) -> None:
    assert renumber(text, Case(number="C-2026-0007"), {1: 5}) == renumbered
