"""What is to be done in a case."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core.errors import Conflict, Refused
from investigations.case_tasks import services as tasks
from investigations.cases import services as cases
from investigations.models import Case, CaseTask
from tests.support.concurrency import at_once
from tests.support.factories.cases import close_case, open_case
from tests.support.pages import at_sign_in, audit_log, hidden_fields
from trail.connection import Trail

TOMORROW = timezone.now().date() + timedelta(days=1)
WORDS = {"title": "Rotate <five> secrets", "assignee": "bob", "due": TOMORROW.isoformat()}


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/tasks/"


@pytest.fixture
def task(case: Case, alice: User) -> CaseTask:
    return tasks.add_task(case=case, title="Look at the machines", by=alice)


def test_a_member_adds_one_and_everybody_of_the_case_reads_it(
    client: Client, alice: User, rae: User, page: str, trail: Trail
) -> None:
    client.force_login(alice)
    assertRedirects(client.post(page, WORDS), page)
    client.force_login(rae)
    shown = client.get(page)
    assertContains(shown, "Rotate &lt;five&gt; secrets")
    assertContains(shown, "Bob, due ")
    assertNotContains(shown, "Add the task")
    assertNotContains(shown, '<button class="task__box"')
    (recorded,) = audit_log(trail, "case.task.add")
    assert recorded["labels"] == {"task": "1", "state": "open", "assignee": "bob"}
    assert "secrets" not in str(recorded)


def test_who_does_it_says_so_where_they_are_and_it_is_on_record(
    client: Client, case: Case, bob: User, page: str, task: CaseTask, trail: Trail
) -> None:
    client.force_login(bob)
    back = f"/cases/{case.public_id}/"
    for state, back_to in (("done", back), ("done", back), ("open", "https://evil.example/"), ("dropped", "")):
        response = client.post(f"{page}1/state/", {"state": state, "back": back_to})
        assertRedirects(response, back if back_to == back else page)
        task.refresh_from_db()
        assert (task.state, task.settled_by_name) == (state, "" if state == "open" else "Bob")
    assertContains(client.get(page), "not needed, Bob")
    recorded = [document["labels"]["state"] for document in audit_log(trail, "case.task.settle")]
    assert recorded == ["done", "open", "dropped"]
    assertContains(client.post(f"{page}1/state/", {"state": "forgotten"}, follow=True), "open, done or not needed")


def test_it_is_changed_and_of_two_at_once_the_second_sees_both(
    bob: User, alice: User, page: str, task: CaseTask
) -> None:
    first, second = Client(), Client()
    first.force_login(alice)
    second.force_login(bob)
    shown = hidden_fields(second.get(f"{page}1/"))
    first.post(f"{page}1/", hidden_fields(first.get(f"{page}1/")) | WORDS)
    response = second.post(f"{page}1/", shown | {"title": "Look at twelve machines"})
    assertContains(response, "Rotate &lt;five&gt; secrets", status_code=409)
    assertContains(response, "Look at twelve machines", status_code=409)
    task.refresh_from_db()
    assert (task.title, task.assignee, task.due) == (WORDS["title"], bob, TOMORROW)
    with pytest.raises(Conflict):
        tasks.change_task(task=task, title="Late", assignee="", due=None, revision=1, by=bob)


def test_it_is_given_only_to_who_may_write(client: Client, case: Case, alice: User, page: str) -> None:
    client.force_login(alice)
    assertContains(client.post(page, WORDS | {"assignee": "rae"}), "Rotate", status_code=400)
    with pytest.raises(Refused, match="rae may not write"):
        tasks.add_task(case=case, title="Read", assignee="rae", by=alice)
    assertContains(client.post(page, WORDS | {"due": "2026-13-01"}), "Enter a valid date", status_code=400)
    assert not CaseTask.objects.exists()


def test_what_is_due_first_stands_first_and_what_is_late_says_so(
    client: Client, case: Case, alice: User, page: str
) -> None:
    today = timezone.now().date()
    done = tasks.add_task(case=case, title="Done", by=alice, due=date(2020, 1, 1))
    tasks.set_task_state(task=done, state="done", by=alice)
    for title, due in (("Some day", None), ("Soon", today + timedelta(days=3)), ("Late", today - timedelta(days=1))):
        tasks.add_task(case=case, title=title, due=due, by=alice)
    client.force_login(alice)
    shown = client.get(page)
    assert [task.title for task in shown.context["tasks"]] == ["Late", "Soon", "Some day", "Done"]
    assertContains(shown, "overdue since", count=1)


def test_a_persons_tasks_are_on_their_home_page_while_the_case_is_worked_on(
    client: Client, case: Case, alice: User, bob: User, task: CaseTask
) -> None:
    mine = tasks.add_task(case=case, title="Ask the runner's owner", assignee="bob", by=alice)
    client.force_login(bob)
    assertContains(client.get("/home/"), "Ask the runner&#x27;s owner")
    assertNotContains(client.get("/home/"), task.title)
    close_case(case, alice)
    assertNotContains(client.get("/home/"), "Ask the runner")
    cases.reopen(case=case, by=alice)
    tasks.set_task_state(task=mine, state="done", by=bob)
    assertNotContains(client.get("/home/"), "Ask the runner")


def test_the_list_of_cases_finds_what_is_to_be_done(client: Client, case: Case, alice: User, task: CaseTask) -> None:
    open_case(alice, title="Another matter")
    client.force_login(alice)
    assert list(client.get("/cases/", {"q": "the machines"}).context["cases"]) == [case]


def test_a_closed_case_takes_none_and_keeps_what_was_typed(
    client: Client, case: Case, alice: User, page: str, task: CaseTask
) -> None:
    close_case(case, alice)
    client.force_login(alice)
    response = client.post(page, WORDS)
    assertContains(response, "This case is closed; reopen it to change it.", status_code=400)
    assertContains(response, "Rotate", status_code=400)
    assertContains(client.post(f"{page}1/", WORDS | {"revision": "1"}), "This case is closed", status_code=400)
    assertContains(client.post(f"{page}1/state/", {"state": "done"}, follow=True), "This case is closed")
    task.refresh_from_db()
    assert task.is_open


def test_a_trail_that_is_down_changes_nothing(
    client: Client, alice: User, page: str, task: CaseTask, no_trail: None
) -> None:
    client.force_login(alice)
    assertContains(client.post(page, WORDS), "Nothing was changed.", status_code=503)
    assert client.post(f"{page}1/state/", {"state": "done"}).status_code == 503
    assert CaseTask.objects.get().is_open


def test_strangers_readers_and_the_anonymous(
    client: Client, charlie: User, rae: User, page: str, task: CaseTask
) -> None:
    client.force_login(charlie)
    for address in (page, f"{page}1/", f"{page}1/state/"):
        assert client.post(address, {"state": "done", **WORDS}).status_code == 404
    client.force_login(rae)
    for address in (page, f"{page}1/", f"{page}1/state/"):
        assert client.post(address, {"state": "done", **WORDS}).status_code == 403
    client.logout()
    assert at_sign_in(client.get(page), page)
    assert CaseTask.objects.get().is_open


def test_tasks_of_other_cases_are_404(client: Client, alice: User, page: str, task: CaseTask) -> None:
    other = open_case(alice, title="Another matter")
    client.force_login(alice)
    assert client.get(f"/cases/{other.public_id}/tasks/1/").status_code == 404
    assert client.get(f"{page}2/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_tasks_that_are_added_at_once_are_numbered_apart(case: Case, alice: User, bob: User, trail: Trail) -> None:
    at_once(*(lambda by=by: tasks.add_task(case=case, title="At once", by=by) for by in (alice, bob, alice)))
    assert sorted(CaseTask.objects.values_list("number", flat=True)) == [1, 2, 3]
