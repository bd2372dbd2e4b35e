"""Every address of the console, from the URL table itself: who may come in, by which method, under which policy."""

from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from core import access_spool
from investigations.api.routes import ROUTES
from investigations.models import Case
from tests.support.factories.cases import open_case
from tests.support.pages import bytes_of, text_of, without_csrf_token
from tests.support.views import walk_own_views
from tests.support.world import World

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# What each address is about; a new view has to be entered here.
ABOUT = {
    "search_column": "", "search_columns": "", "search_fields": "", "search_value": "",
    "search_rows": "", "search_newer": "", "table_remember": "", "event_row": "event", "event_standing": "event",
    "search_begin": "", "search_complete": "", "search_filter": "", "search_pin": "", "snippet_list": "", "snippet_keep": "",
    "search": "", "home": "", "notice_list": "", "notice_count": "", "jump": "", "jump_options": "", "field_statistics": "", "search_facets": "", "search_lifetime": "", "search_lifeline": "", "secret": "", "secret_known": "", "event_detail": "event", "question_first_use": "", "question_tokens_issued": "",
    "question_before_revocation": "", "token_detail": "token", "token_lineage": "token", "token_compromise": "token",
    "token_radius": "token", "case_list": "", "case_new": "", "case_detail": "case", "case_change": "case",
    "case_import_list": "", "case_import_detail": "import", "case_import_carry_out": "import", "case_import_cancel": "import", "case_import_drop": "import", "redaction_list": "", "redaction_retire": "redaction", "foreign_key_revoke": "foreign key",
    "manual_event_list": "case", "manual_event_detail": "manual event", "manual_event_change": "manual event",
    "report_template_list": "", "report_template_new": "", "report_template_detail": "report template", "case_report_template": "case",
    "clock_skew_list": "case", "clock_skew_withdraw": "clock skew",
    "case_status": "case", "case_bulk": "", "case_merge": "case", "case_template_detail": "template", "case_template_new": "", "case_template_list": "", "attachment_remove": "attachment", "attachment_download": "attachment", "attachment_list": "case", "case_glass": "", "case_live": "case", "case_restriction": "case", "case_close": "case", "case_by_number": "number", "case_work": "case", "case_leave": "", "view_settings": "", "case_notes": "case", "note_detail": "note", "task_list": "case", "entity_list": "case", "hypothesis_list": "case", "hypothesis_detail": "hypothesis", "task_detail": "task", "task_state": "task", "case_people": "case", "case_activity": "case", "case_report": "case", "case_report_file": "case", "export_case": "case",
    "pin_batch_new": "", "result_set_pin": "", "evidence_pin_each": "", "pin_batch_detail": "batch",
    "timeline_entry": "evidence", "case_timelines": "", "evidence_change": "case",
    "evidence_filter": "case", "evidence_complete": "case", "evidence_facets": "case",
    "evidence_detail": "evidence", "evidence_annotate": "evidence", "case_custody": "case", "case_verify": "case", "evidence_pin": "", "absence_pin": "", "indicators": "", "indicators_result": "list", "indicators_file": "list", "query_list": "", "query_detail": "query", "run_list": "",
    "run_start": "", "run_detail": "run", "export_run": "run", "export_list": "", "export_digest": "export", "export_detail": "export",
    "export_cancel": "export", "export_remove": "export", "export_download": "export", "status": "", "profile": "",
    "event_known": "event", "entity_detail": "user", "entity_values": "values",
    "event_proof": "event", "integrity": "", "log_consistency": "",
    "incident_list": "", "incident_detail": "incident", "rejected_list": "", "rejected_group": "",
    "rejected_detail": "rejected", "mapping_list": "", "watched_writers": "",
    "writer_list": "", "writer_new": "", "writer_detail": "key", "writer_rotate": "key", "writer_revoke": "key",
    "search_progress": "", "search_cancel": "", "search_history": "", "search_forget": "past", "link_make": "",
    "link_open": "link", "link_about": "link", "note_new": "", "compare": "",
    "detection_list": "", "detection_new": "", "detection_detail": "detection", "finding_detail": "finding",
}  # fmt: skip
# Opening these leaves no record of its own: their views say why.
NOT_RECORDED = {
    "search_newer",
    "search_progress",
    "search_column",
    "search_columns",
    "search_fields",
    "search_value",
    "notice_count",
    "case_live",
}
# Addresses for programs, who come with a key and get JSON.
KEYED = {
    "ingest_events": [], "ingest_bulk": [], "ingest_bulk_index": ["logs"], "ingest_version": [], "ingest_cat_health": [],
    "ingest_health": [], "log_cosignatures": [], "log_entries": ["000"],
}  # fmt: skip
FOR_ADMINS = {
    "case_import_list",
    "case_import_detail",
    "case_import_carry_out",
    "case_import_cancel",
    "case_import_drop",
    "foreign_key_revoke",
    "report_template_list",
    "report_template_new",
    "report_template_detail",
    "case_template_list",
    "case_template_new",
    "case_template_detail",
    "case_glass",
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
# Addresses for those who have no account yet, and for probes.
OPEN = {
    "first_admin",
    "password_link",
    "account_signup",
    "account_reset_password",
    "account_email",
    "healthz",
    "readyz",
}
OF_A_CASE = ("case", "evidence", "run", "export")


def address_of(world: World, name: str) -> str:
    return world.address(name, ABOUT[name])


def _answers(client: Client, address: str) -> list[HttpResponseBase]:
    answers = [client.get(address), client.post(address)]
    for answer in answers:
        bytes_of(answer)  # a file is closed by being read
    return answers


def test_no_view_is_forgotten_here() -> None:
    names = {
        one.name
        for one in walk_own_views("investigations", "operations", "accounts")
        if not (one.name or "").startswith("admin")
    }
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


def test_htmx_without_a_session_takes_the_whole_page_to_sign_in(client: Client, world: World) -> None:
    for name in ABOUT:
        for method in (client.get, client.post):
            response = method(address_of(world, name), headers={"HX-Request": "true"})
            if response.status_code != 405:
                assert response.status_code == 204, name
                assert response["HX-Redirect"].startswith("/accounts/login/"), name


def test_no_address_of_a_case_tells_a_stranger_that_it_is_there(
    client: Client, world: World, charlie: User, ada: User
) -> None:
    for stranger in (charlie, ada):
        client.force_login(stranger)
        for name in (name for name, about in ABOUT.items() if about in OF_A_CASE):
            missing = reverse(name, args=["nosuchthing", *world.values[ABOUT[name]][1:]])
            here = [
                (one.status_code, without_csrf_token(text_of(one))) for one in _answers(client, address_of(world, name))
            ]
            assert here == [(one.status_code, without_csrf_token(text_of(one))) for one in _answers(client, missing)], (
                name
            )
            assert {status for status, _ in here} <= {404, 405}, name


def test_every_answer_carries_the_strict_policy(client: Client, world: World, alice: User, charlie: User) -> None:
    for person in (None, alice, charlie):
        if person:
            client.force_login(person)
        for name in ABOUT:
            for answer in _answers(client, address_of(world, name)):
                assert sorted(answer["Content-Security-Policy"].split("; ")) == sorted(POLICY.split("; ")), name
                assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff"), name
                assert "no-store" in answer["Cache-Control"], name
                assert b"<script>" not in bytes_of(answer), name


def test_no_page_holds_script_or_style_of_its_own(client: Client, world: World, alice: User) -> None:
    client.force_login(alice)
    for name in ABOUT:
        content = bytes_of(client.get(address_of(world, name))).lower()
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
    answers = {name: careful.post(address_of(world, name)).status_code for name in ABOUT}
    assert set(answers.values()) == {403}, answers


def test_a_trail_that_is_down_is_never_a_stack_trace_nor_a_change(
    client: Client, world: World, alice: User, settings: Settings
) -> None:
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    client.force_login(alice)
    before = list(Case.objects.values())
    for name in ABOUT:
        for answer in _answers(client, address_of(world, name)):
            bytes_of(answer)
            assert answer.status_code in ((403, 405) if name in FOR_ADMINS else (200, 302, 400, 403, 405, 409, 503)), (
                name
            )
    assert list(Case.objects.values()) == before


def test_every_address_that_is_opened_leaves_a_record_or_says_why_not(
    client: Client, world: World, ada: User, lea: User
) -> None:
    """A view that says nothing of it is on record all the same; who exempts one has to say so here too."""
    exempt = set()
    for name in ABOUT:
        client.force_login(ada if name in FOR_ADMINS else lea)
        address = address_of(world, name)
        before = access_spool.count_waiting()
        response = client.get(address)
        bytes_of(response)
        bytes_of(response)
        if access_spool.count_waiting() == before:
            assert response.resolver_match.func.not_recorded_because, name  # type: ignore[attr-defined]
            exempt.add(name)
    assert exempt == NOT_RECORDED


def test_every_refusal_is_on_record(client: Client, world: World, charlie: User, rae: User) -> None:
    for person in (charlie, rae):
        client.force_login(person)
        for name in ABOUT:
            for method in (client.get, client.post):
                before = access_spool.count_waiting()
                response = method(address_of(world, name))
                bytes_of(response)
                bytes_of(response)
                if response.status_code in (403, 404, 429):
                    assert access_spool.count_waiting() > before, name


def test_a_case_of_ones_own_opens_no_other(client: Client, world: World, charlie: User) -> None:
    own = open_case(charlie)
    client.force_login(charlie)
    assert client.get(reverse("evidence_detail", args=[own.public_id, 1])).status_code == 404
