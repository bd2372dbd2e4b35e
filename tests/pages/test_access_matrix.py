"""Who may do what: every address by every person, in every relation to its case, by every method, asked for real."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pytest
from django.contrib.auth.backends import ModelBackend
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, get_resolver, path
from pytest_django import Settings

from accounts.decorators import signed_in
from accounts.models import User
from investigations import access
from investigations.api.routes import ROUTES
from investigations.models import Case
from tests.support.pages import at_sign_in, bytes_of
from tests.support.views import walk_own_views
from tests.support.world import World

OURS = ("investigations", "operations", "accounts", "auditconsole")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# Who asks: people of the cast, each in a relation of their own to alice's case.
PEOPLE = {
    "anonymous": "no account",
    "alice": "analyst, leads the case, and started what is asked for",
    "bob": "analyst, a member of the case",
    "rae": "viewer, reads the case",
    "charlie": "analyst, a stranger",
    "dora": "viewer, a stranger",
    "erik": "analyst, a member who has been let out, and started a run and an export of the case before",
    "frank": "analyst, a member whose account was deactivated while a session of his lived on",
    "lea": "lead, who sees every case",
    "ada": "admin, a stranger to every case",
}
SIGNED_IN = PEOPLE.keys() - {"anonymous", "frank"}
IN_CASE = {"alice", "bob", "rae", "lea"}
# Who may, by the word that stands in a row.
AUDIENCES: dict[str, set[str]] = {
    "signed in": set(SIGNED_IN),
    "investigators": SIGNED_IN - {"rae", "dora"},
    "who sees the case": IN_CASE,
    "who writes to the case": IN_CASE - {"rae"},
    "who leads the case": {"alice", "lea"},
    "the owner": {"alice"},
    "the owner and curators": {"alice", "lea", "ada"},
    "leads and admins": {"lea", "ada"},
    "who uploaded": {"ada"},
    "admins": {"ada"},
    "programs": set(),
    "nobody": set(),
}
TO_CASE = {"who sees the case", "who writes to the case", "who leads the case"}
NO, ALL, WORK = "nobody", "signed in", "investigators"
READ, WRITE, LEAD = "who sees the case", "who writes to the case", "who leads the case"
OWN, RESOLVE, ADMIN = "the owner", "leads and admins", "admins"


@dataclass(frozen=True, slots=True)
class Row:
    """Who may read (GET and HEAD) an address, and who may POST to it these words; every other method is nobody's. To
    read an address that takes a form alone is to be led to where the form is."""

    view: str
    about: str
    read: str
    write: str
    words: tuple[tuple[str, str], ...] = ()


ROWS = [
    *(Row(view, "", ALL, NO) for view in (
        "home", "jump", "jump_options", "search", "search_lifeline", "notice_count", "search_rows", "search_column", "search_columns", "search_fields", "search_value", "search_newer", "search_begin", "search_complete", "search_lifetime", "search_progress", "search_history",
        "field_statistics", "search_facets", "question_first_use", "question_tokens_issued", "question_before_revocation", "compare", "secret", "case_list",
        "query_list", "log_consistency", "incident_list", "status", "profile", "words")),
    *(Row(view, "", NO, ALL) for view in ("table_remember", "search_pin", "search_cancel", "secret_known", "snippet_keep", "case_leave", "view_settings")),
    *(Row(view, "", ALL, ALL) for view in ("search_filter", "snippet_list", "indicators", "link_make", "notice_list")),
    Row("watched_writers", "", ALL, RESOLVE),
    Row("integrity", "", ALL, ADMIN, (("to_open", "yes"),)),
    *(Row(view, about, ALL, NO) for view, about in (
        ("event_detail", "event"), ("event_row", "event"), ("event_standing", "event"), ("event_known", "event"), ("event_proof", "event"),
        ("token_detail", "token"), ("token_lineage", "token"), ("token_compromise", "token"), ("token_radius", "token"), ("entity_detail", "user"),
        ("entity_values", "values"), ("query_detail", "query"), ("link_open", "link"), ("link_about", "link"))),
    *(Row(view, "list", OWN, NO) for view in ("indicators_result", "indicators_file")),
    Row("search_forget", "past", NO, OWN),
    *(Row(view, "", WORK, WORK) for view in ("case_new", "note_new", "detection_new", "evidence_pin", "absence_pin", "run_start", "pin_batch_new", "result_set_pin", "evidence_pin_each")),
    *(Row(view, "", WORK, NO) for view in ("run_list", "export_list", "detection_list")),
    Row("case_detail", "case", READ, NO),
    Row("timeline_entry", "evidence", READ, NO),
    Row("evidence_filter", "case", READ, READ),
    Row("evidence_complete", "case", READ, NO),
    Row("evidence_facets", "case", READ, NO),
    Row("case_timelines", "", ALL, NO),
    Row("case_activity", "case", READ, NO),
    Row("case_change", "case", WRITE, WRITE),
    Row("case_work", "case", NO, READ),
    Row("case_notes", "case", READ, WRITE, (("text", "It was the deploy token."),)),
    Row("note_detail", "note", READ, WRITE, (("text", "It was the deploy token."),)),
    Row("entity_list", "case", READ, WRITE, (("field", "token.id"), ("value", "t"), ("word", "cleared"))),
    Row("hypothesis_list", "case", READ, WRITE, (("statement", "It was the runner"),)),
    Row("hypothesis_detail", "hypothesis", WRITE, WRITE, (("statement", "It was the runner"), ("state", "refuted"))),
    Row("task_list", "case", READ, WRITE, (("title", "Rotate it"),)),
    Row("task_detail", "task", WRITE, WRITE, (("title", "Rotate it"),)),
    Row("task_state", "task", NO, WRITE, (("state", "done"),)),
    *(Row(view, about, readers, WRITE, (("title", "A call"), ("kind", "call"), ("starts", "2026-03-01"), ("reason", "x")))
      for view, about, readers in (("manual_event_list", "case", READ), ("manual_event_detail", "manual event", READ),
                                   ("manual_event_change", "manual event", WRITE))),
    Row("clock_skew_list", "case", READ, WRITE, (("field", "host.name"), ("value", "h"), ("length", "1 s"), ("direction", "ahead"), ("reason", "x"))),
    Row("clock_skew_withdraw", "clock skew", NO, WRITE),
    Row("attachment_list", "case", READ, WRITE),
    Row("attachment_download", "attachment", READ, NO),
    Row("attachment_remove", "attachment", NO, WRITE, (("reason", "A secret"),)),
    Row("case_live", "case", READ, NO),
    Row("case_people", "case", READ, LEAD, (("user", "charlie"), ("level", "member"))),
    Row("case_status", "case", NO, LEAD, (("status", "contained"),)),
    Row("case_restriction", "case", NO, LEAD, (("restricted", "yes"),)),
    *(Row(view, about, ADMIN, ADMIN if view != "case_template_list" else NO) for view, about in (
        ("case_template_list", ""), ("case_template_new", ""), ("case_template_detail", "template"))),
    *(Row(view, about, ADMIN, ADMIN if view != "report_template_list" else NO) for view, about in (
        ("report_template_list", ""), ("report_template_new", ""), ("report_template_detail", "report template"))),
    Row("case_report_template", "case", NO, WRITE, (("template", "court"),)),
    Row("case_glass", "", RESOLVE, RESOLVE, (("number", "C-2026-0001"), ("reason", "Their lead is ill"))),
    Row("case_by_number", "number", READ, NO),
    Row("case_close", "case", LEAD, LEAD, (("disposition", "benign"), ("reason", "done"))),
    Row("case_import_list", "", RESOLVE, RESOLVE),
    Row("case_import_detail", "import", "who uploaded", "who uploaded", (("fingerprint", "12"), ("note", "By telephone"))),
    *(Row(view, "import", NO, "who uploaded") for view in ("case_import_carry_out", "case_import_cancel", "case_import_drop")),
    Row("redaction_list", "", WORK, WORK, (("name", "No people"), ("user.id", "mask"))),
    Row("redaction_retire", "redaction", NO, RESOLVE),
    Row("foreign_key_revoke", "foreign key", NO, RESOLVE),
    Row("case_bulk", "", NO, WORK, (("severity", "high"),)),
    Row("case_merge", "case", LEAD, LEAD, (("number", "C-2026-0001"), ("reason", "One incident"))),
    Row("evidence_detail", "evidence", READ, WRITE, (("reason", "A mistake"),)),
    Row("case_report", "case", READ, WRITE, (("title", "It"),)),
    Row("case_report_file", "case", NO, WRITE, (("format", "markdown"),)),
    Row("evidence_annotate", "evidence", WRITE, WRITE, (("relevance", "key"),)),
    Row("evidence_change", "case", NO, WRITE, (("act", "annotate"), ("evidence", "1:1"), ("relevance", "key"))),
    Row("pin_batch_detail", "batch", READ, WRITE),
    Row("case_custody", "case", READ, NO),
    Row("case_verify", "case", NO, WRITE),
    Row("export_case", "case", NO, WRITE, (("format", "csv"),)),
    *(Row("run_detail", about, readers, writers) for about, readers, writers in (
        ("run", READ, WRITE), ("own run", OWN, OWN), ("former run", READ, WRITE))),
    *(Row("export_run", about, NO, writers, (("format", "csv"),)) for about, writers in (
        ("run", WRITE), ("own run", OWN), ("former run", WRITE))),
    *(Row(view, about, readers, NO) for view in ("export_detail", "export_download", "export_digest") for about, readers in (
        ("export", READ), ("own export", OWN), ("former export", READ))),
    *(Row(view, about, readers, writers) for view, readers in (("export_cancel", NO), ("export_remove", NO)) for about, writers in (
        ("export", WRITE), ("own export", OWN), ("former export", WRITE))),
    Row("detection_detail", "detection", WORK, "the owner and curators"),
    Row("finding_detail", "finding", WORK, WORK),
    *(Row("incident_detail", "incident", ALL, who, (("action", action), (f"{action}-text", "It was the disk."))) for action, who in (
        ("acknowledge", WORK), ("note", WORK), ("resolve", RESOLVE))),
    Row("rejected_list", "", RESOLVE, NO),
    Row("rejected_group", "", RESOLVE, ADMIN),
    Row("rejected_detail", "rejected", RESOLVE, ADMIN),
    Row("mapping_list", "", ADMIN, ADMIN),
    Row("writer_list", "", ADMIN, NO),
    Row("writer_new", "", ADMIN, ADMIN, (("name", "billing"),)),
    Row("writer_detail", "key", ADMIN, NO),
    Row("writer_rotate", "key", ADMIN, ADMIN),
    Row("writer_revoke", "key", NO, ADMIN),
]  # fmt: skip
# For programs with a key, and for people who are signed in: 401 instead of the page to sign in.
ROWS_FOR_READERS = [
    *(Row(view, "", ALL, NO) for view in ("api_document", "api_coverage", "api_search", "log_checkpoint")),
    Row("metrics", "", RESOLVE, NO),
    *(Row(f"api_{route.name}", "identifier", ALL, NO) for route in ROUTES if "{" in route.path),
    Row("api_indicators", "", NO, "programs"),
]
# Programs come with a key alone, and people without an account by a link: tests of their own say who may.
ELSEWHERE = {
    "healthz", "readyz",
    "ingest_events", "ingest_bulk", "ingest_bulk_index", "ingest_version", "ingest_cat_health", "ingest_health", "log_cosignatures", "log_entries",
    "log_tile", "api_nowhere", "first_admin", "account_signup", "account_reset_password", "account_email",
    "password_link", "admin_password_link",
}  # fmt: skip


def sign_in(world: World) -> dict[str, Client]:
    """A browser for each; frank's account is deactivated while he is signed in."""
    browsers = {name: Client(raise_request_exception=False) for name in PEOPLE}
    for name, user in world.people.items():
        browsers[name].force_login(user)
    User.objects.filter(username="frank").update(is_active=False)
    return browsers


def find_contradictions(world: World, rows: Iterable[Row], *, anonymous: Callable[..., bool]) -> Iterator[str]:
    """What was answered otherwise than a row says, as sentences."""
    browsers = sign_in(world)
    for row in rows:
        address = world.address(row.view, row.about)
        for name, browser in browsers.items():
            for method in METHODS:
                answer = ask(browser, method, address, dict(row.words))
                who = {"GET": row.read, "HEAD": row.read, "POST": row.write}.get(method, NO)
                if not is_as_said(answer, who, name, anonymous, row.write):
                    yield f"{method} {row.view} ({row.about}) by {name}, {PEOPLE[name]}: {answer.status_code}; may: {who}"


def ask(browser: Client, method: str, address: str, words: dict[str, str]) -> HttpResponse:
    """The answer. What it changed in the database is undone, so that everybody meets the same world."""
    with transaction.atomic():
        answer = browser.generic(method, address) if method != "POST" else browser.post(address, words)
        bytes_of(answer)
        transaction.set_rollback(True)
    return answer  # type: ignore[return-value]


def is_as_said(answer: HttpResponse, who: str, name: str, anonymous: Callable[..., bool], write: str) -> bool:
    """Whether who may was let in, and who may not was refused in the way that tells them nothing; of a method that
    nobody may use, who may not write is told the one or the other."""
    status = answer.status_code
    if name not in SIGNED_IN:
        return anonymous(answer) or (who == NO and status == 405)
    if name in AUDIENCES[who]:
        return status in (200, 302, 400, 409) and not at_sign_in(answer)
    if who == NO:
        return status == 405 or (status == 403 and name not in AUDIENCES[write])
    if who in TO_CASE and name not in IN_CASE:
        return status == 404 or (status == 403 and name == "dora")  # a viewer may not, whichever case it is
    return status in (403, 404)


def at_key(answer: HttpResponse) -> bool:
    """Whether the answer asks for a key."""
    return answer.status_code == 401 and answer["WWW-Authenticate"].startswith("Bearer")


def find_missing_rows() -> set[str]:
    """Addresses of ours that stand in no row."""
    views = {pattern.name or str(pattern.pattern) for pattern in walk_own_views(*OURS)}
    return views - {row.view for row in [*ROWS, *ROWS_FOR_READERS]} - ELSEWHERE


def test_every_address_has_a_row() -> None:
    assert find_missing_rows() == set()


@pytest.mark.timeout(1200)  # some six thousand requests
def test_everybody_may_what_the_rows_say_and_nothing_else(world: World) -> None:
    wrong = list(find_contradictions(world, ROWS, anonymous=at_sign_in))
    assert not wrong, "\n".join(wrong)


@pytest.mark.timeout(600)
def test_to_a_lead_who_is_not_in_it_a_restricted_case_does_not_exist(world: World) -> None:
    Case.objects.update(is_restricted=True)
    browser = Client(raise_request_exception=False)
    browser.force_login(world.people["lea"])
    answers = {
        f"{method} {row.view} ({row.about})": ask(browser, method, world.address(row.view, row.about), dict(row.words))
        for row in ROWS
        for method, who in (("GET", row.read), ("POST", row.write))
        if who in TO_CASE
    }
    assert {asked: answer.status_code for asked, answer in answers.items() if answer.status_code != 404} == {}
    told = [asked for asked, answer in answers.items() if Case.objects.get().title in bytes_of(answer).decode()]
    assert told == []


def test_programs_and_readers_may_what_the_rows_say(world: World, settings: Settings) -> None:
    settings.API_RATE = settings.API_UNDER_WAY = 100_000
    wrong = list(find_contradictions(world, ROWS_FOR_READERS, anonymous=at_key))
    assert not wrong, "\n".join(wrong)


def guard_too_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is signed in sees the writers' keys."""
    view = find_view("writer_list")
    monkeypatch.setattr(view, "callback", signed_in(inspect.unwrap(view.callback)))


def forget_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of incidents asks nobody who they are."""
    monkeypatch.setattr(find_view("incident_list"), "callback", lambda request: HttpResponse("every incident"))


def forget_the_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """A link in a message ends the work in a case."""
    view = find_view("case_leave")
    monkeypatch.setattr(view, "callback", signed_in(inspect.unwrap(view.callback)))


def show_every_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """The door to a case is open."""
    monkeypatch.setattr(access, "get_case", lambda user, public_id: Case.objects.get(public_id=public_id))


def let_readers_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sees a case may change it."""
    monkeypatch.setattr(access, "may_write", lambda user, case: True)


def let_members_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes to a case may choose its people and close it."""
    monkeypatch.setattr(access, "may_lead", access.may_write)


def let_the_starter_keep_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has left a case still sees what they started in it."""
    sees = access.may_see
    monkeypatch.setattr(access, "may_see", lambda user, job: job.started_by_id == user.pk or sees(user, job))


def let_the_deactivated_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session outlives its account."""
    monkeypatch.setattr(ModelBackend, "user_can_authenticate", lambda backend, user: True)


HOLES = {
    guard_too_little: ["GET writer_list"],
    forget_the_session: ["GET incident_list"],
    forget_the_method: ["GET case_leave"],
    show_every_case: ["GET case_detail", "GET case_notes"],
    let_readers_write: ["POST case_notes"],
    let_members_lead: ["POST case_status"],
    let_the_starter_keep_a_job: ["GET export_download", "GET run_detail"],
    let_the_deactivated_stay: ["GET profile"],
}


@pytest.mark.parametrize("plant", HOLES, ids=lambda plant: plant.__name__)
def test_a_hole_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    rows = [row for row in ROWS if any(row.view == hole.split()[1] for hole in HOLES[plant])]
    found = "\n".join(find_contradictions(world, rows, anonymous=at_sign_in))
    assert [hole for hole in HOLES[plant] if hole not in found] == []


def test_an_address_without_a_row_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten = path("cases/all/", find_view("case_list").callback, name="every_case")
    monkeypatch.setattr(get_resolver(), "url_patterns", [*get_resolver().url_patterns, forgotten])
    assert find_missing_rows() == {"every_case"}


def find_view(name: str) -> URLPattern:
    return next(view for view in walk_own_views(*OURS) if view.name == name)
