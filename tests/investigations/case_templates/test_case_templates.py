"""The templates of cases: what a case of a kind begins with."""

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core.errors import Conflict
from investigations.case_templates import services as case_templates
from investigations.models import Case, CaseTemplate
from tests.support.factories.cases import saved_query
from tests.support.pages import audit_log, hidden_fields
from trail.connection import Trail

WORDS = {
    "name": "Leaked <token>",
    "severity": "high",
    "summary": "What leaked:",
    "tags": "Leak, token",
    "tasks": "Revoke it\r\n\r\n  Rotate   the secrets ",
}


@pytest.fixture
def template(trail: Trail, ada: User) -> CaseTemplate:
    saved_query("failures", "event.outcome:failure")
    words = {"name": "Leaked <token>", "severity": "high", "summary": "What leaked:", "tags": "leak", "retired": False}
    return case_templates.make_template(slug="leaked", by=ada, queries=["failures"], tasks="Revoke it\nRotate", **words)


def test_an_admin_makes_one_on_record(client: Client, ada: User, trail: Trail) -> None:
    saved_query("failures", "event.outcome:failure")
    client.force_login(ada)
    assertRedirects(client.post("/cases/templates/new/", WORDS | {"queries": ["failures"]}), "/cases/templates/")
    made = CaseTemplate.objects.get()
    assert (made.slug, made.tags, made.task_titles) == (
        "leaked-token",
        "leak, token",
        ["Revoke it", "Rotate the secrets"],
    )
    (record,) = audit_log(trail, "case.template.save")
    assert (record["user"]["id"], record["labels"]["queries"]) == ("ada", "failures")
    assertContains(client.get("/cases/templates/"), "Leaked &lt;token&gt;")


def test_a_case_opened_from_it_has_its_words_tasks_and_queries(
    client: Client, alice: User, template: CaseTemplate, trail: Trail
) -> None:
    client.force_login(alice)
    shown = client.get("/cases/new/?template=leaked")
    for text in ("What leaked:", "Revoke it", 'value="leak"', '<option value="high" selected>'):
        assertContains(shown, text)
    client.post("/cases/new/?template=leaked", {"title": "A leak", "severity": "low", "tags": "leak"})
    case = Case.objects.get()
    assert (case.template, case.severity) == (template, "low")
    assert [(task.number, task.title) for task in case.tasks.all()] == [(1, "Revoke it"), (2, "Rotate")]
    page = client.get(f"/cases/{case.public_id}/")
    assertContains(page, f"/queries/failures/?case={case.public_id}")
    assertContains(page, "Leaked &lt;token&gt;")
    (record,) = audit_log(trail, "case.open")
    assert record["labels"]["template"] == "leaked"


def test_a_case_without_one_has_no_tasks(client: Client, alice: User, template: CaseTemplate) -> None:
    client.force_login(alice)
    client.post("/cases/new/", {"title": "Something else", "severity": "low"})
    case = Case.objects.get()
    assert (case.template, case.tasks.count()) == (None, 0)


def test_of_a_retired_one_no_case_is_opened_and_those_it_has_keep_it(
    client: Client, alice: User, ada: User, template: CaseTemplate
) -> None:
    client.force_login(alice)
    client.post("/cases/new/?template=leaked", {"title": "A leak", "severity": "low"})
    words = case_templates.read_words(template) | {"retired": True}
    case_templates.change_template(template=template, by=ada, **words)
    assertNotContains(client.get("/cases/new/"), "Leaked")
    client.post("/cases/new/?template=leaked", {"title": "Another", "severity": "low"})
    assert [case.template for case in Case.objects.order_by("pk")] == [template, None]


def test_a_change_leaves_the_cases_as_they_are(client: Client, alice: User, ada: User, template: CaseTemplate) -> None:
    client.force_login(alice)
    client.post("/cases/new/?template=leaked", {"title": "A leak", "severity": "low"})
    case_templates.change_template(
        template=template, by=ada, **(case_templates.read_words(template) | {"tasks": "Nothing"})
    )
    assert [task.title for task in Case.objects.get().tasks.all()] == ["Revoke it", "Rotate"]


def test_of_two_who_change_it_at_once_the_second_sees_both_texts(
    client: Client, ada: User, template: CaseTemplate
) -> None:
    client.force_login(ada)
    page = f"/cases/templates/{template.slug}/"
    shown = hidden_fields(client.get(page))
    first = case_templates.read_words(template) | {"tasks": "Tell the others"}
    case_templates.change_template(template=template, by=ada, **first)
    answer = client.post(page, WORDS | shown)
    assertContains(answer, "Tell the others", status_code=409)
    assertContains(answer, "Rotate the secrets", status_code=409)
    template.refresh_from_db()
    assert template.tasks == "Tell the others"
    with pytest.raises(Conflict):
        case_templates.change_template(template=template, by=ada, **(first | {"tasks": "Mine"}))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"name": "leaked <TOKEN>"}, "There is a template of this name already."),
        ({"tasks": "\n".join(map(str, range(51)))}, "at most 50 tasks"),
        ({"tasks": "x" * 201}, "at most 200 characters"),
        ({"tags": "x" * 41}, "at most 40 characters"),
        ({"queries": ["nowhere"]}, "nowhere is not one of the available choices"),
    ],
)
def test_what_is_wrong_is_said_and_stays_in_the_form(
    client: Client, ada: User, template: CaseTemplate, words: dict[str, str], sentence: str
) -> None:
    client.force_login(ada)
    answer = client.post("/cases/templates/new/", WORDS | {"name": "Another", "summary": "Typed for long"} | words)
    assertContains(answer, sentence, status_code=400)
    assertContains(answer, "Typed for long", status_code=400)
    assert CaseTemplate.objects.count() == 1


@pytest.mark.parametrize("name", ["New", "漢字"])
def test_each_has_an_address_whatever_its_name(client: Client, ada: User, trail: Trail, name: str) -> None:
    client.force_login(ada)
    client.post("/cases/templates/new/", WORDS | {"name": name})
    assertContains(client.get(f"/cases/templates/{CaseTemplate.objects.get().slug}/"), name)


def test_those_that_come_with_the_console_are_added_once_with_their_queries(db: None) -> None:
    for _ in range(2):
        call_command("starter_library", verbosity=0)
    leaked = CaseTemplate.objects.get(slug="leaked-token")
    assert case_templates.list_queries(leaked) == [
        "everything-a-token-did",
        "token-from-elsewhere",
        "used-after-revocation",
    ]
    assert CaseTemplate.objects.count() == 3
