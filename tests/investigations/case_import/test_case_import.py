"""A case of another console: verified whole, believed by a key that a person accepted, and marked as foreign for ever."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core import record_key
from core.errors import Refused
from core.record_key import read_signer
from investigations import tasks
from investigations.case_import import services
from investigations.case_import.bundle_file import build_path, compute_fingerprint, verify_file
from investigations.case_import.errors import BadCaseBundle
from investigations.case_merge.services import merge_cases
from investigations.case_verification import services as verification
from investigations.entities.services import judge_entity
from investigations.exports import services as exports
from investigations.hypotheses import services as hypotheses
from investigations.models import (
    AcceptedKey,
    Activity,
    Attachment,
    Case,
    CaseEntity,
    CaseImport,
    CaseReport,
    CaseUpload,
    CaseVerification,
    CustodyEntry,
    Evidence,
    EvidenceFact,
    ForeignCase,
    ForeignEvidence,
    Note,
)
from investigations.notes import services as notes
from investigations.proofs import services as proofs
from investigations.reports.content import build_report
from operations.models import Incident
from tests.investigations.exports.test_case_bundle import export_case_bundle, fill, judge
from tests.support.counts_anew import assert_counted_anew
from tests.support.factories.cases import export, open_case, pin
from tests.support.factories.events import use
from tests.support.pages import audit_log
from tests.support.report_text import list_text
from trail.connection import Trail
from trail.integrity.case_archive import CaseArchive, FileDraft

Seal = Callable[[], object]
DAY = 24 * 3_600


@pytest.fixture
def file(case: Case, alice: User, trail: Trail, seal: Seal) -> bytes:
    fill(case, alice, trail, seal)
    return export_case_bundle(case, alice)


def upload(content: bytes, by: User) -> CaseUpload:
    """A bundle that the worker has verified. Raises BadCaseBundle with what it says of another one."""
    made = services.take_upload(name="case.zip", chunks=[content], by=by)
    job = work_on(made)
    if job.state == "failed":
        raise BadCaseBundle(job.problem)
    made.refresh_from_db()
    return made


def work_on(made: CaseUpload) -> CaseImport:
    """As the worker does what was asked last of a bundle."""
    job = made.imports.order_by("-pk")[0]
    tasks.import_case(job.pk)
    job.refresh_from_db()
    return job


def accept(made: CaseUpload, by: User) -> AcceptedKey:
    return services.accept_key(upload=made, fingerprint=compute_fingerprint(made.vkey), note="By telephone", by=by)


def bring_in(content: bytes, by: User) -> Case:
    made = upload(content, by)
    accept(made, by)
    return carry_in(made, by)


def carry_in(made: CaseUpload, by: User) -> Case:
    """Import its case as the worker does. Raises Refused with what it says."""
    services.start_import(upload=made, by=by)
    job = work_on(made)
    if job.state == "failed":
        raise Refused(job.problem)
    return Case.objects.get(foreign__upload=made)


def repack(file: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    """The same bundle with other files in it, signed by the console's own key: what a lying console could make."""
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    about = json.loads(parts.pop("manifest.json"))
    del parts["manifest.note"], about["files"], about["format"]
    change(parts)
    made = CaseArchive()
    return b"".join(
        [part for name, content in parts.items() for part in made.add_bytes(name, content)]
        + list(made.finish(about, read_signer()))
    )


def change_case(file: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    def edit(parts: dict[str, bytes]) -> None:
        told = json.loads(parts["case.json"])
        change(told)
        parts["case.json"] = json.dumps(told).encode()

    return repack(file, edit)


@contextmanager
def nothing_is_written() -> Iterator[None]:
    """Neither rows nor files stay of what is refused."""
    before = count_rows(), list_files()
    yield
    assert (count_rows(), list_files()) == before


def count_rows() -> list[int]:
    models = (Case, Evidence, ForeignCase, Attachment, Note, Activity, CaseEntity, CustodyEntry, EvidenceFact)
    return [CaseUpload.objects.filter(dropped_at=None).count(), *(model._default_manager.count() for model in models)]


def list_files() -> set[Path]:
    """What lies in the folder of imports, from other tests of this process too."""
    return set(find_folder().iterdir()) if find_folder().is_dir() else set()


def find_folder() -> Path:
    return build_path("any").parent


def test_the_same_case_is_there_and_is_foreign(file: bytes, case: Case, lea: User, trail: Trail) -> None:
    here = bring_in(file, lea)
    origin = here.foreign.origin
    assert (here.title, here.severity, here.status) == (case.title, case.severity, case.status)
    assert here.number != case.number
    assert (here.foreign.number, here.foreign.withheld) == (case.number, [2])
    for mine, theirs in zip(
        here.evidence.order_by("number"), case.evidence.not_withdrawn().order_by("number"), strict=True
    ):
        assert (mine.number, mine.digest, mine.reason, mine.document.keys()) == (
            theirs.number,
            theirs.digest,
            theirs.reason,
            theirs.document.keys() - {"raw"},
        )
        assert (mine.leaf, mine.pinned_by, mine.pinned_at) == (None, None, theirs.pinned_at)
        assert mine.pinned_by_name == f"Alice ({origin})"
        acts = list(mine.custody.order_by("pk").values_list("action", "by_name"))
        assert (acts[0], acts[-1]) == (("pin", f"Alice ({origin})"), ("import", "Lea"))
    assert [note.text for note in here.notes.latest_versions()] == ["See E1 and E3"]
    assert here.notes.count() == 2
    (hypothesis,) = here.hypotheses.all()
    assert [link.evidence.number for link in hypothesis.evidence_links.all()] == [1]
    assert here.tasks.get().title == "Rotate it"
    (verdict,) = here.entities.get(value="mallory").verdicts.all()
    assert (verdict.word, verdict.reason, verdict.by) == ("malicious", "=cmd|", None)
    attachment = here.attachments.get()
    assert (attachment.name, attachment.sha256) == ("../letter.pdf", case.attachments.get().sha256)
    assert here.activities.filter(actor=None).count() > 5
    assert "case.import" in [record["event"]["action"] for record in audit_log(trail)]


def test_its_evidence_is_proved_by_the_other_log_and_is_no_incident(file: bytes, lea: User) -> None:
    here = bring_in(file, lea)
    verification.verify_case(verification.start(case=here, by=lea).pk)
    verified = CaseVerification.objects.get(case=here)
    assert (verified.state, verified.done, verified.differing) == ("finished", 3, 0)
    assert {proofs.judge_copy(each).state for each in here.evidence.all()} == {"foreign"}
    assert not Incident.objects.exists()
    proofs.note_leaves()
    assert set(here.evidence.values_list("leaf", flat=True)) == {None}


def test_a_report_tells_what_came_with_a_foreign_case_from_what_was_pinned_into_it_here(
    file: bytes, lea: User, trail: Trail, seal: Seal
) -> None:
    here = bring_in(file, lea)
    choice = CaseReport(case=here, sections=["evidence", "verification"], left_out=[])
    assert "The 2 events of the case have a leaf in that log, and none" in _write_report(choice, lea)
    pin(trail, here, lea, use("tok_here", id="sealed here"))
    seal()
    proofs.note_leaves()
    pin(trail, here, lea, use("tok_here", id="not sealed"))
    text = _write_report(choice, lea)
    assert "Of the 4 events of the case 2 came with it" in text
    assert "2 were pinned here from the trail of this console" in text
    assert "1 of them has a leaf in the log of this console" in text
    leaf = here.evidence.get(event_id="sealed here").leaf
    assert f"event sealed here, leaf {leaf:,} in the log of this console" in text
    assert "event not sealed, not sealed yet in the log of this console" in text
    assert text.count("of the log of the other console") == 2


def _write_report(choice: CaseReport, by: User) -> str:
    return " ".join(list_text(build_report(choice, by, datetime(2026, 11, 28, tzinfo=UTC))))


def test_a_foreign_copy_that_was_changed_here_is_named(file: bytes, lea: User) -> None:
    here = bring_in(file, lea)
    row = ForeignEvidence.objects.filter(evidence__case=here).order_by("pk")[0]
    ForeignEvidence.objects.filter(pk=row.pk).update(leaf=row.leaf + 1)
    verification.verify_case(verification.start(case=here, by=lea).pk)
    (difference,) = CaseVerification.objects.get(case=here).differences
    assert difference["kind"] == "log"
    assert proofs.judge_copy(row.evidence).state == "broken"


def test_the_same_bundle_makes_no_second_case(file: bytes, lea: User, ada: User) -> None:
    here = bring_in(file, lea)
    for by, name in ((lea, here.number), (ada, "a case that you may not see")):
        with pytest.raises(Refused, match=f"imported before, as {name}"):
            upload(file, by)
    assert ForeignCase.objects.count() == 1


def test_without_an_accepted_key_nothing_is_imported(file: bytes, lea: User) -> None:
    made = upload(file, lea)
    with pytest.raises(Refused, match="accepted the key"):
        carry_in(made, lea)
    with pytest.raises(Refused, match="fingerprint is another"):
        services.accept_key(upload=made, fingerprint="00", note="by hand", by=lea)
    services.revoke_key(key=accept(made, lea), by=lea)
    with pytest.raises(Refused, match="revoked"):
        carry_in(made, lea)
    assert Attachment.objects.count() == 1
    assert not ForeignCase.objects.exists()


def test_a_bundle_that_was_tampered_with_is_dropped(file: bytes, lea: User, trail: Trail) -> None:
    changed = file.replace(b"It matters", b"It mutters", 1)
    with nothing_is_written(), pytest.raises(BadCaseBundle, match="checksum"):
        upload(changed, lea)
    (event,) = audit_log(trail, "case.bundle.refuse")
    assert "checksum" in event["labels"]["failed"]


def test_another_key_than_the_manifest_names_does_not_sign(file: bytes, lea: User, monkeypatch: Any) -> None:
    signer = record_key.generate_signer()
    monkeypatch.setattr(f"{__name__}.read_signer", lambda: signer)
    with nothing_is_written(), pytest.raises(BadCaseBundle, match="not signed"):
        upload(repack(file, lambda parts: None), lea)


REFUSED: dict[str, Callable[[dict[str, Any]], object]] = {
    "a title of another type": lambda told: told["case"].update(title=["x"]),
    "a NUL": lambda told: told["case"].update(summary="a\0b"),
    "half a character": lambda told: told["notes"][0]["versions"][0].update(text="\ud800"),
    "a status that there is not": lambda told: told["case"].update(status="burning"),
    "a title that is too long": lambda told: told["case"].update(title="x" * 201),
    "a number that stands twice": lambda told: told["tasks"].append(told["tasks"][0]),
    "evidence with a gap": lambda told: told["evidence"].pop(1),
    "evidence that the events do not have": lambda told: told["evidence"][1].update(withdrawn=None),
    "an event that stands twice": lambda told: told["evidence"][2].update(event_id="e0"),
    "another digest": lambda told: told["evidence"][0].update(digest="0" * 64),
    "another leaf": lambda told: told["evidence"][0].update(leaf=10**9),
    "a search of another type": lambda told: told["evidence"][0].update(search=[1]),
    "a time that is none": lambda told: told["case"].update(opened_at="yesterday"),
    "a verdict that there is not": lambda told: told["entities"][-1]["verdicts"].append({"word": "guilty"}),
    "an entity of another field": lambda told: told["entities"].append(
        {"field": "password", "value": "x", "verdicts": []}
    ),
    "evidence for and against": lambda told: told["hypotheses"][0].update(against=[1]),
    "an attachment that is not there": lambda told: told["attachments"][0].update(sha256="a" * 64),
    "a note without a version": lambda told: told["notes"].append({"versions": []}),
    "a list in the place of an object": lambda told: told["notes"].append([]),
    "a number that is true": lambda told: told["tasks"][0].update(number=True),
    "a level that there is not": lambda told: told["members"][0].update(level="god"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_lying_console_signs_is_refused_and_leaves_nothing(name: str, file: bytes, lea: User) -> None:
    with nothing_is_written(), pytest.raises(BadCaseBundle):
        upload(change_case(file, REFUSED[name]), lea)


def lie_about_a_file(parts: dict[str, bytes]) -> None:
    (name,) = (name for name in parts if name.startswith("attachments/"))
    parts[name] = b"%PDF-1.8"


def lie_about_a_size(parts: dict[str, bytes]) -> None:
    told = json.loads(parts["case.json"])
    told["attachments"][0]["size"] += 1
    parts["case.json"] = json.dumps(told).encode()


@pytest.mark.parametrize("lie", [lie_about_a_file, lie_about_a_size])
def test_an_attachment_under_the_digest_of_another_content_is_refused(
    lie: Callable[[dict[str, bytes]], None], file: bytes, lea: User
) -> None:
    signed = repack(file, lie)
    with nothing_is_written(), pytest.raises(BadCaseBundle, match="A1 is not attached as the case has it"):
        upload(signed, lea)
    assert [finding.reason for finding in judge(signed).findings] == ["case-attachment"]


def test_what_a_merge_made_longer_than_anybody_types_is_taken(
    case: Case, alice: User, lea: User, trail: Trail, seal: Seal
) -> None:
    pin(trail, case, alice, use("t"), reason="r" * 2_000)
    seal()
    notes.write_note(case=case, text="n" * 20_000, by=alice)
    hypothesis = hypotheses.add_hypothesis(case=case, statement="It was the runner", by=alice)
    hypotheses.link_evidence(hypothesis=hypothesis, evidence=case.evidence.get(), speaks_for=True, by=alice)
    words = {
        "statement": "It was",
        "state": "supported",
        "supporting": "E1",
        "contradicting": "",
        "answer": "a" * 5_000,
    }
    hypothesis.refresh_from_db()
    hypotheses.change_hypothesis(hypothesis=hypothesis, revision=hypothesis.revision, by=alice, **words)
    target = open_case(alice)
    merge_cases(source=case, target=target, reason="One incident", by=alice)
    seal()
    here = bring_in(export_case_bundle(target, alice), lea)
    assert len(here.evidence.get().reason) > 2_000
    assert len(here.notes.get().text) > 20_000


def test_other_cases_that_are_about_the_same_are_named_of_it(file: bytes, alice: User, lea: User) -> None:
    """Of events, and of what somebody judged and no event names."""
    own = open_case(alice)
    judge_entity(case=own, field="user.id", value="mallory", word="cleared", reason="", by=alice)
    here = bring_in(file, lea)
    assert here.entities.get(value="mallory").events == 0
    assert_counted_anew()


def test_json_that_is_nested_too_deeply_is_refused(file: bytes, lea: User) -> None:
    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with nothing_is_written(), pytest.raises(BadCaseBundle):
        upload(repack(file, lambda parts: parts.update({"case.json": deep})), lea)


def test_a_bomb_a_link_and_a_text_are_no_bundles(lea: User, trail: Trail) -> None:
    bomb, link = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("case.json", bytes(50_000_000))
    with zipfile.ZipFile(link, "w") as archive:
        entry = zipfile.ZipInfo("case.json")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    for content in (bomb.getvalue(), link.getvalue(), b"", b"hello", b"PK\x03\x04", bytes(1_000)):
        with nothing_is_written(), pytest.raises(BadCaseBundle):
            upload(content, lea)


def test_a_file_that_is_too_long_is_not_kept(file: bytes, lea: User, settings: Settings) -> None:
    settings.CASE_BUNDLE_BYTES = len(file) - 1
    with nothing_is_written(), pytest.raises(Refused, match="longer than"):
        upload(file, lea)


def test_hostile_words_are_shown_and_never_run(file: bytes, client: Client, lea: User) -> None:
    evil = "<script>alert(1)</script>"

    def spoil(told: dict[str, Any]) -> None:
        told["case"].update(title=evil, summary=evil)
        told["members"][0].update(name=evil)
        told["notes"][0]["versions"][0].update(author=evil, text=evil)
        told["attachments"][0].update(name=f"../../{evil}")
        told["activities"][0].update(by=evil, summary=evil)

    here = bring_in(change_case(file, spoil), lea)
    client.force_login(lea)
    for tab in ("", "notes/", "activity/", "attachments/", "custody/", "report/"):
        answer = client.get(f"/cases/{here.public_id}/{tab}")
        assert (answer.status_code, evil.encode() in answer.content) == (200, False), tab
        assertContains(answer, "foreign")


def test_it_is_done_on_the_pages(file: bytes, client: Client, lea: User) -> None:
    client.force_login(lea)
    answer = client.post("/case-imports/", {"file": SimpleUploadedFile("their.case.zip", file)})
    made = CaseUpload.objects.get()
    assertRedirects(answer, f"/case-imports/{made.public_id}/")
    waiting = client.get(f"/case-imports/{made.public_id}/")
    for text in ("is being verified", "Queued", 'hx-trigger="every 1s"'):
        assertContains(waiting, text)
    work_on(made)
    made.refresh_from_db()
    assertContains(client.get(f"/case-imports/{made.public_id}/"), "Nobody has accepted this key yet")
    wrong = client.post(f"/case-imports/{made.public_id}/", {"fingerprint": "12 34", "note": "x"})
    assertContains(wrong, "The fingerprint is another one", status_code=400)
    words = {"fingerprint": compute_fingerprint(made.vkey).upper(), "note": "On the telephone"}
    assertRedirects(client.post(f"/case-imports/{made.public_id}/", words), f"/case-imports/{made.public_id}/")
    answer = client.post(f"/case-imports/{made.public_id}/import/")
    assertRedirects(answer, f"/case-imports/{made.public_id}/")
    assertContains(client.get(f"/case-imports/{made.public_id}/"), "nobody sees it before all of it is here")
    work_on(made)
    here = ForeignCase.objects.get().case
    assertContains(client.get(f"/case-imports/{made.public_id}/"), f"/cases/{here.public_id}/")
    assertContains(client.get(f"/cases/{here.public_id}/"), "by the other log")
    first = client.get(f"/cases/{here.public_id}/evidence/1/")
    assertContains(first, "It came from another console")
    assert b"this is an incident" not in first.content
    assertContains(client.get(f"/cases/{here.public_id}/evidence/4/"), "another console")
    assertContains(client.get("/case-imports/"), "On the telephone")


def test_the_bundle_of_a_foreign_case_is_handed_on_and_not_made_anew(file: bytes, lea: User) -> None:
    here = bring_in(file, lea)
    for format in ("bundle", "case_bundle"):
        with pytest.raises(Refused, match="hand on the case bundle"):
            exports.start(format=format, by=lea, case=here)
    made = export(lea, format="csv", case=here)
    assert (made.state, made.done) == ("finished", 3)


def test_a_dropped_bundle_is_gone_and_an_imported_one_stays(file: bytes, lea: User) -> None:
    made = upload(file, lea)
    services.drop_upload(upload=made, by=lea)
    assert not build_path(made.public_id).exists()
    again = upload(file, lea)
    accept(again, lea)
    carry_in(again, lea)
    with pytest.raises(Refused, match="stays with the case"):
        services.drop_upload(upload=again, by=lea)
    services.remove_expired(1e12)
    assert build_path(again.public_id).exists()


def test_a_bundle_that_nobody_imports_is_dropped_on_record_after_a_week(file: bytes, lea: User, trail: Trail) -> None:
    made, now = upload(file, lea), time.time()
    services.remove_expired(now + 6 * DAY)
    assert build_path(made.public_id).exists()
    (find_folder() / "gone").symlink_to("nowhere")  # as what goes while the others are looked at
    try:
        assert services.remove_expired(now + 8 * DAY) >= 1
    finally:
        (find_folder() / "gone").unlink()
    made.refresh_from_db()
    assert made.dropped_at is not None
    assert not build_path(made.public_id).exists()
    (event,) = audit_log(trail, "case.bundle.drop")
    assert (event["user"]["id"], event["resource"]["id"]) == ("console:case_imports", made.public_id)


def test_a_bundle_whose_import_waits_is_not_dropped(file: bytes, lea: User) -> None:
    made = upload(file, lea)
    accept(made, lea)
    services.start_import(upload=made, by=lea)
    services.remove_expired(time.time() + 8 * DAY)
    assert work_on(made).state == "finished"


def test_one_that_an_earlier_version_verified_is_to_be_taken_in_again(file: bytes, client: Client, lea: User) -> None:
    made = upload(file, lea)
    accept(made, lea)
    CaseUpload.objects.filter(pk=made.pk).update(
        described={name: made.described[name] for name in ("number", "title", "exported_by", "exported_at", "origin")}
    )
    made.refresh_from_db()
    with pytest.raises(Refused, match="drop it, and take it in again"):
        services.start_import(upload=made, by=lea)
    client.force_login(lea)
    page = client.get(f"/case-imports/{made.public_id}/")
    assertContains(page, "drop it, and take it in again")
    assertContains(page, "Drop the bundle")
    assertNotContains(page, "Import the case")
    assertContains(client.get("/case-imports/"), "not verified")
    assertRedirects(client.post(f"/case-imports/{made.public_id}/drop/"), "/case-imports/")


def test_drafts_leave_no_file_behind(tmp_path: Path) -> None:
    draft = FileDraft(tmp_path)
    draft.write(b"x")
    draft.close()
    assert list(tmp_path.iterdir()) == []


@examples(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_byte_of_a_bundle_can_be_another(file: bytes, tmp_path: Path, data: st.DataObject) -> None:
    changed = bytearray(file)
    changed[data.draw(st.integers(0, len(file) - 1))] ^= data.draw(st.integers(1, 255))
    (tmp_path / "case.zip").write_bytes(changed)
    with pytest.raises(BadCaseBundle):
        verify_file(tmp_path / "case.zip")
