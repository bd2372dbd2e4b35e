"""Every address of the console, from the URL table itself: who may come in, by which method, under which policy."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django import Settings

from accounts.models import User
from investigations.api.table import ROUTES
from investigations.models import Case
from investigations.services import indicators
from tests.factories.cases import export, open_case, pin, run, saved_query
from tests.factories.events import use
from tests.factories.incidents import incident, rejected
from tests.factories.keys import writer_key
from tests.factories.searches import finding, link, past
from tests.functional.reading import at_sign_in, bytes_of
from trail.connection import Trail
from trail.indicators import parse

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# What each address is about; a new view has to be entered here.
ABOUT = {
    "search_rows": "", "search_newer": "", "table_remember": "", "event_row": "event", "event_standing": "event",
    "search_begin": "", "search_complete": "", "search_filter": "", "search_pin": "", "snippet_list": "", "snippet_keep": "",
    "search": "", "field_statistics": "", "search_lifetime": "", "secret": "", "secret_known": "", "event_detail": "event", "question_first_use": "", "question_tokens_issued": "",
    "question_before_revocation": "", "token_detail": "token", "token_lineage": "token", "token_compromise": "token",
    "token_radius": "token", "case_list": "", "case_new": "", "case_detail": "case", "case_change": "case",
    "case_status": "case", "case_notes": "case", "case_people": "case", "case_activity": "case", "export_case": "case",
    "evidence_detail": "evidence", "evidence_pin": "", "absence_pin": "", "indicators": "", "indicators_result": "list", "indicators_file": "list", "query_list": "", "query_detail": "query", "run_list": "",
    "run_start": "", "run_detail": "run", "export_run": "run", "export_list": "", "export_detail": "export",
    "export_cancel": "export", "export_download": "export", "status": "", "profile": "",
    "event_known": "event", "entity_detail": "user", "entity_values": "values",
    "event_proof": "event", "integrity": "", "log_consistency": "",
    "incident_list": "", "incident_detail": "incident", "rejected_list": "", "rejected_group": "",
    "rejected_detail": "rejected", "mapping_list": "", "watched_writers": "",
    "writer_list": "", "writer_new": "", "writer_detail": "key", "writer_rotate": "key", "writer_revoke": "key",
    "search_progress": "", "search_cancel": "", "search_history": "", "search_forget": "past", "link_make": "",
    "link_open": "link", "link_about": "link", "note_new": "", "compare": "",
    "detection_list": "", "detection_new": "", "detection_detail": "detection", "finding_detail": "finding",
}  # fmt: skip
# Addresses for programs, who come with a key and get JSON.
KEYED = {
    "ingest_events": [], "ingest_bulk": [], "ingest_bulk_index": ["logs"], "ingest_version": [], "ingest_cat_health": [],
    "ingest_health": [], "log_cosignatures": [],
}  # fmt: skip
FOR_ADMINS = {
    "rejected_list",
    "rejected_group",
    "rejected_detail",
    "mapping_list",
    "writer_list",
    "writer_new",
    "writer_detail",
    "writer_rotate",
    "writer_revoke",
}
# The log as other tools read it: for programs with a key, and for people who are signed in.
FOR_READERS = {"metrics", "log_checkpoint", "log_tile", "api_document", "api_nowhere"} | {
    f"api_{route.name}" for route in ROUTES
}
# Addresses for those who have no account yet.
OPEN = {"first_admin", "account_signup", "account_reset_password", "account_email"}
OF_A_CASE = ("case", "evidence", "run", "export")


@dataclass
class World:
    """A case with something of every kind in it, and its addresses."""

    ids: dict[str, list[object]]

    def address(self, name: str) -> str:
        return reverse(name, args=self.ids[ABOUT[name]])


@pytest.fixture
def world(case: Case, alice: User, ada: User, trail: Trail) -> World:
    (evidence,) = pin(trail, case, alice, use("t", id="e1"))
    saved_query("failures", "event.outcome:failure")
    made = run(alice, case=case)
    return World({
        "": [], "event": ["e1"], "token": ["t"], "user": ["user", "mallory"], "values": ["user", "mallory", "source.ip"], "case": [case.public_id], "evidence": [case.public_id, evidence.number],
        "query": ["failures"], "incident": [incident().public_id], "rejected": [rejected().public_id], "run": [made.public_id], "export": [export(alice, case=case).public_id],
        "past": [past(alice).public_id], "link": [link(alice).public_id],
        "detection": [finding(alice).detection.public_id], "finding": [finding(alice).public_id],
        "key": [writer_key(ada)[0].public_id],
        "list": [indicators.keep(indicators.ask(parse("nobody"), by=alice), by=alice)],
    })  # fmt: skip


def _ours(patterns: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _ours(one.url_patterns)
        elif one.callback.__module__.split(".")[0] in ("investigations", "operations", "accounts"):
            yield one


def _answers(client: Client, address: str) -> list[HttpResponseBase]:
    return [client.get(address), client.post(address)]


def test_no_view_is_forgotten_here() -> None:
    names = {one.name for one in _ours(get_resolver().url_patterns) if not (one.name or "").startswith("admin")}
    assert names == ABOUT.keys() | OPEN | KEYED.keys() | FOR_READERS


def test_no_address_for_programs_lets_anybody_in_without_a_key(client: Client, alice: User) -> None:
    for person in (None, alice):
        if person:
            client.force_login(person)
        for name, arguments in KEYED.items():
            for answer in (
                client.get(reverse(name, args=arguments)),
                client.post(reverse(name, args=arguments), b"{}", content_type="application/json"),
            ):
                assert (answer.status_code, answer["Content-Type"]) == (401, "application/json"), name
                assert answer["WWW-Authenticate"].startswith("Bearer"), name


def test_no_address_lets_anonymous_in(client: Client, world: World) -> None:
    for name in ABOUT:
        answers = _answers(client, world.address(name))
        assert all(at_sign_in(one) or one.status_code == 405 for one in answers), name
        assert any(at_sign_in(one) for one in answers), name


def test_htmx_without_a_session_takes_the_whole_page_to_sign_in(client: Client, world: World) -> None:
    for name in ABOUT:
        for method in (client.get, client.post):
            response = method(world.address(name), headers={"HX-Request": "true"})
            if response.status_code != 405:
                assert response.status_code == 204, name
                assert response["HX-Redirect"].startswith("/accounts/login/"), name


def test_no_address_of_a_case_tells_a_stranger_that_it_is_there(
    client: Client, world: World, charlie: User, ada: User
) -> None:
    for stranger in (charlie, ada):
        client.force_login(stranger)
        for name in (name for name, about in ABOUT.items() if about in OF_A_CASE):
            missing = reverse(name, args=["nosuchthing", *world.ids[ABOUT[name]][1:]])
            here = [(one.status_code, bytes_of(one)) for one in _answers(client, world.address(name))]
            assert here == [(one.status_code, bytes_of(one)) for one in _answers(client, missing)], name
            assert {status for status, _ in here} <= {404, 405}, name


def test_somebody_let_out_of_a_case_is_a_stranger(client: Client, world: World, bob: User) -> None:
    Case.objects.get().memberships.filter(user=bob).delete()
    client.force_login(bob)
    for name in (name for name, about in ABOUT.items() if about in OF_A_CASE):
        assert {one.status_code for one in _answers(client, world.address(name))} <= {404, 405}, name


def test_every_answer_carries_the_strict_policy(client: Client, world: World, alice: User, charlie: User) -> None:
    for person in (None, alice, charlie):
        if person:
            client.force_login(person)
        for name in ABOUT:
            for answer in _answers(client, world.address(name)):
                assert sorted(answer["Content-Security-Policy"].split("; ")) == sorted(POLICY.split("; ")), name
                assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff"), name
                assert b"<script>" not in bytes_of(answer), name


def test_no_page_holds_script_or_style_of_its_own(client: Client, world: World, alice: User) -> None:
    client.force_login(alice)
    for name in ABOUT:
        content = bytes_of(client.get(world.address(name))).lower()
        for inline in (
            b"<script>",
            b"<style",
            b" style=",
            b"javascript:",
            b" onclick=",
            b" onload=",
            b"http://",
            b"https://",
        ):
            assert inline not in content, (name, inline)


def test_every_address_that_changes_something_wants_the_token(world: World, alice: User) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(alice)
    answers = {name: careful.post(world.address(name)).status_code for name in ABOUT}
    assert set(answers.values()) == {403}, answers


def test_no_other_method_is_answered(client: Client, world: World, alice: User) -> None:
    client.force_login(alice)
    for name in ABOUT:
        for method in (client.put, client.delete, client.patch):
            assert method(world.address(name)).status_code == 405, name


def test_a_trail_that_is_down_is_never_a_stack_trace_nor_a_change(
    client: Client, world: World, alice: User, settings: Settings
) -> None:
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    client.force_login(alice)
    before = list(Case.objects.values())
    for name in ABOUT:
        for answer in _answers(client, world.address(name)):
            assert answer.status_code in ((403, 405) if name in FOR_ADMINS else (200, 302, 400, 405, 409, 503)), name
    assert list(Case.objects.values()) == before


def test_a_lead_sees_what_is_in_every_case(client: Client, world: World, lea: User) -> None:
    client.force_login(lea)
    for name in (name for name, about in ABOUT.items() if about in OF_A_CASE):
        answer = client.get(world.address(name))
        assert (answer.status_code, bytes_of(answer) != b"") in ((200, True), (405, False)), name


def test_a_case_of_ones_own_opens_no_other(client: Client, world: World, charlie: User) -> None:
    own = open_case(charlie)
    client.force_login(charlie)
    assert client.get(reverse("evidence_detail", args=[own.public_id, 1])).status_code == 404
