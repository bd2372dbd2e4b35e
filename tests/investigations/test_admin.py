"""The library, as an admin keeps it in Django's admin."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from investigations.models import Run, SavedQuery
from investigations.runs import services as runs
from tests.support.factories.events import use, write
from tests.support.pages import audit_log, events_on, hidden_fields, link
from trail.connection import Trail
from trail.search.spec import Search

LIST = "/admin/investigations/savedquery/"
WORDS = {
    "name": "By user", "slug": "by-user", "group": "People", "description": "What somebody did",
    "text": "user.id:$user", "start": "now-30d", "parameters": "user | User id | user | root",
}  # fmt: skip

SHOWN = WORDS | {"shown_revision": "1"}  # as the form of a query that was saved once sends it


@pytest.fixture
def query(client: Client, ada: User, trail: Trail) -> SavedQuery:
    """A query that ada has saved; she stays signed in."""
    client.force_login(ada)
    client.post(f"{LIST}add/", WORDS)
    return SavedQuery.objects.get()


def _change(query: SavedQuery) -> str:
    return f"{LIST}{query.pk}/change/"


def test_what_an_admin_adds_an_analyst_runs(client: Client, query: SavedQuery, alice: User, trail: Trail) -> None:
    write(trail, use("t", id="e1", user__id="mallory"))
    client.force_login(alice)
    assertContains(client.get("/queries/"), "By user")
    asked = {"run": "1", "p.user": "mallory", "start": "2026-01-01"}
    assert events_on(client.get("/queries/by-user/", asked, follow=True)) == ["e1"]


def test_it_is_kept_as_a_version_with_its_blanks_and_its_author(query: SavedQuery) -> None:
    version = query.current
    assert version is not None
    assert (version.number, version.created_by_name) == (1, "Ada")
    assert version.search == {"q": ["user.id:$user"], "from": ["now-30d"]}
    (blank,) = version.parameters.all()
    assert (blank.name, blank.label, blank.kind, blank.default) == ("user", "User id", "user", "root")


def test_what_is_asked_anew_is_a_new_version_and_what_was_run_stays(
    client: Client, query: SavedQuery, ada: User, trail: Trail
) -> None:
    first = query.current
    made = runs.start(search=Search(text="user.id:x"), title="Before", by=ada, version=first)
    assertRedirects(client.post(_change(query), SHOWN | {"text": "user.id:$user AND event.outcome:failure"}), LIST)
    assert [version.text for version in query.versions.order_by("number")] == [
        "user.id:$user",
        "user.id:$user AND event.outcome:failure",
    ]
    assert Run.objects.get(pk=made.pk).version == first


def test_another_blank_is_a_new_version(client: Client, query: SavedQuery) -> None:
    client.post(_change(query), SHOWN | {"parameters": "user | Who | user"})
    assert query.versions.count() == 2


def test_another_name_is_the_same_version_and_on_record(client: Client, query: SavedQuery, trail: Trail) -> None:
    client.post(_change(query), SHOWN | {"name": "By person"})
    query.refresh_from_db()
    assert (query.name, query.versions.count()) == ("By person", 1)
    assert [one["event"]["action"] for one in audit_log(trail, "query.*")] == ["query.save", "query.save"]


def test_saving_what_is_there_changes_and_records_nothing(client: Client, query: SavedQuery, trail: Trail) -> None:
    page = client.get(_change(query))
    kept = page.context["adminform"].form.initial
    assert {name: kept[name] for name in ("text", "start", "parameters")} == {
        name: WORDS[name] for name in ("text", "start", "parameters")
    }
    client.post(_change(query), SHOWN)
    assert query.versions.count() == 1
    assert len(audit_log(trail, "query.*")) == 1


def test_a_retired_query_leaves_the_library_and_stays_on_record(
    client: Client, query: SavedQuery, trail: Trail
) -> None:
    client.post(_change(query), SHOWN | {"retired": "on"})
    assertContains(client.get("/queries/"), "The library is empty")
    assert audit_log(trail, "query.retire")[0]["resource"]["id"] == "by-user"
    assert client.get("/queries/by-user/").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"text": "user.id:$user AND ("}, "(at character 20)"),
        ({"text": "usr.id:$user"}, "did you mean user.id?"),
        ({"text": "event.outcome:failure"}, "The query names none, the parameters $user; they must be the same."),
        ({"parameters": ""}, "The query names $user, the parameters none; they must be the same."),
        ({"parameters": "user | User id | number of shoes"}, "Line 1: write name | label | kind | default"),
        ({"parameters": "user | U | user\nuser | U | user"}, "they must be the same"),
        ({"start": "yesterday"}, "is not a time"),
        ({"name": ""}, "This field is required."),
        ({"slug": "not a slug"}, "Enter a valid"),
    ],
)
def test_what_is_wrong_is_said_and_stays_in_the_form(
    client: Client, ada: User, trail: Trail, wrong: dict[str, str], sentence: str
) -> None:
    client.force_login(ada)
    response = client.post(f"{LIST}add/", WORDS | wrong)
    assertContains(response, sentence)
    assertContains(response, "What somebody did")
    assert not SavedQuery.objects.exists()


def test_without_a_record_nothing_is_saved(client: Client, ada: User, trail: Trail, no_trail: None) -> None:
    client.force_login(ada)
    assertContains(client.post(f"{LIST}add/", WORDS), "Nothing was changed.", status_code=503)
    assert not SavedQuery.objects.exists()


def test_nothing_of_the_library_is_deleted(client: Client, query: SavedQuery) -> None:
    assert client.post(f"{LIST}{query.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(LIST, {"action": "delete_selected", "_selected_action": query.pk, "post": "yes"})
    assert SavedQuery.objects.exists()


@pytest.mark.parametrize("name", ["rae", "alice", "lea"])
def test_nobody_else_gets_in(client: Client, name: str, trail: Trail, request: pytest.FixtureRequest) -> None:
    client.force_login(request.getfixturevalue(name))
    assert client.get(f"{LIST}add/").status_code in (302, 403)
    client.post(f"{LIST}add/", WORDS)
    assert not SavedQuery.objects.exists()


def test_cases_and_evidence_are_not_in_the_admin(client: Client, ada: User) -> None:
    client.force_login(ada)
    offered = {model["model"].__name__ for app in client.get("/admin/").context["app_list"] for model in app["models"]}
    assert offered == {"User", "SavedQuery"}
    assert {client.get(page).status_code for page in ("/admin/auth/group/", "/admin/account/emailaddress/")} == {403}
    for name in ("case", "evidence", "note", "run", "export", "activity", "membership"):
        assert client.get(f"/admin/investigations/{name}/").status_code == 404


def test_a_search_becomes_a_saved_query_whole_with_its_form_filled_in(client: Client, ada: User, trail: Trail) -> None:
    client.force_login(ada)
    asked = {
        "q": "user.id:$who",
        "p.who": "mallory",
        "f": ["-event.outcome:success", "source.ip(network):10.0.0.0/8"],
        "from": "now-30d",
        "to": "2026-12-01",
        "sort": "user.id:asc",
        "columns": "user.id",
        "stack": "event.action",
    }
    address = link(client.get("/", asked), "Save it in the library") or ""
    form = client.get(address)
    values = {name: form.context["adminform"].form[name].value() for name in ("text", "start", "parameters", "rest")}
    client.post(f"{LIST}add/", {"name": "Whole", "slug": "whole", "group": "G", **values})
    version = SavedQuery.objects.get().current
    assert version is not None
    assert Search.from_json(version.search).to_query() == {
        name: value if isinstance(value, list) else [value] for name, value in asked.items() if name != "p.who"
    }
    assert version.parameters.get().default == "mallory"
    again = client.get(_change(SavedQuery.objects.get())).context["adminform"].form
    assert again["rest"].value() == values["rest"]
    wrong = client.post(f"{LIST}add/", {"name": "W", "slug": "w", "group": "G", **values, "rest": "until=now"})
    assertContains(wrong, "Line 1: write one of f, to, sort, columns, stack")


def test_of_two_admins_who_change_it_from_the_same_page_the_second_sees_both_and_loses_neither(
    client: Client, query: SavedQuery, trail: Trail
) -> None:
    first = {"name": "By person", "text": "user.id:$user AND event.outcome:failure"}
    assertRedirects(client.post(_change(query), SHOWN | first), LIST)
    response = client.post(_change(query), SHOWN | {"name": "By somebody", "text": "user.id:$user AND source.ip:*"})
    for text in (
        "Somebody changed this meanwhile",
        "Name is now: By person",
        "event.outcome:failure",
        "By somebody",
        "source.ip:*",
    ):
        assertContains(response, text)
    query.refresh_from_db()
    assert (query.name, query.versions.count()) == ("By person", 2)
    assertRedirects(client.post(_change(query), SHOWN | hidden_fields(response) | {"name": "By both"}), LIST)
    query.refresh_from_db()
    assert query.name == "By both"
