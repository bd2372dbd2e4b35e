"""The bundle of a whole case: one signed archive that anybody checks without the console, byte for byte."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import verify_bundle
from accounts.models import User
from core.errors import Refused
from core.record_key import read_signer
from investigations.attachments import services as attachments
from investigations.case_tasks import services as tasks
from investigations.entities import services as entities
from investigations.evidence import absences
from investigations.evidence import services as evidence
from investigations.exports import services as exports
from investigations.exports.files import build_path
from investigations.hypotheses import services as hypotheses
from investigations.models import Case, Export
from investigations.notes import services as notes
from operations.sealing import signing_keys
from tests.support.factories.cases import export, pin, run
from tests.support.factories.events import use
from tests.support.offline_verifier import verify
from trail.connection import Trail
from trail.integrity.case_archive import CaseArchive
from trail.integrity.signed_note import Algorithm, Signer
from trail.search.spec import Search

Seal = Callable[[], object]


def fill(case: Case, alice: User, trail: Trail, seal: Seal) -> None:
    """Something of every kind, hostile words among it."""
    pin(trail, case, alice, *(use("t", id=f"e{n}", message='Straße </script> "\u2028"') for n in range(3)))
    seal()
    absences.pin(case=case, search=Search(text="user.id:nobody"), reason="never", by=alice)
    first = case.evidence.get(event_id="e0")
    evidence.withdraw(evidence=case.evidence.get(event_id="e1"), reason="A slip", by=alice)
    entities.judge_entity(case=case, field="user.id", value="mallory", word="malicious", reason="=cmd|", by=alice)
    hypothesis = hypotheses.add_hypothesis(case=case, statement="<b>It was the runner", by=alice)
    hypotheses.link_evidence(hypothesis=hypothesis, evidence=first, speaks_for=True, by=alice)
    tasks.add_task(case=case, title="Rotate it", by=alice)
    note = notes.write_note(case=case, text="See E1, ](javascript:alert(1))", by=alice)
    notes.edit_note(note=note, text="See E1 and E3", version=1, by=alice)
    attachments.attach_file(case=case, name="../letter.pdf", chunks=[b"%PDF-1.7"], by=alice)
    seal()


def export_case_bundle(case: Case, alice: User) -> bytes:
    made = export(alice, format="case_bundle", case=case)
    assert (made.state, made.problem) == ("finished", "")
    return build_path(made).read_bytes()


@pytest.fixture
def file(case: Case, alice: User, trail: Trail, seal: Seal) -> bytes:
    fill(case, alice, trail, seal)
    return export_case_bundle(case, alice)


def list_log_keys() -> list[str]:
    return [str(key) for key in signing_keys.list_verifiers() if key.algorithm is Algorithm.ED25519]


def judge(content: bytes) -> verify_bundle.CaseBundle:
    """What the verifier says, in this process."""
    options = verify_bundle.read_options(list_log_keys(), [], None, [str(read_signer().verifier)], "0")
    bundle = verify_bundle.CaseBundle(options)
    bundle.check(io.BytesIO(content))
    return bundle


def test_it_holds_the_case_and_is_proved_without_the_console(file: bytes, tmp_path: Path, case: Case) -> None:
    status, said = verify(file, tmp_path, "--console-key", str(read_signer().verifier))
    assert (status, "0 findings of the archive" in said, "3 of 3 events proved" in said) == (0, True, True), said
    assert f'case "{case.number}"' in said
    archive = zipfile.ZipFile(io.BytesIO(file))
    assert archive.testzip() is None
    names = archive.namelist()
    assert names[:5] == ["evidence.bundle.jsonl", "case.json", "queries.json", "report.html", "report.pdf"]
    assert names[-2:] == ["manifest.json", "manifest.note"]
    told = json.loads(archive.read("case.json"))
    assert [each["number"] for each in told["evidence"] if each["withdrawn"] is None] == [1, 3, 4]
    assert [len(note["versions"]) for note in told["notes"]] == [2]
    assert told["entities"][-1]["verdicts"] or any(each["verdicts"] for each in told["entities"])
    assert (told["hypotheses"][0]["for"], told["tasks"][0]["title"]) == ([1], "Rotate it")
    assert told["attachments"][0]["sha256"] in names[5]
    assert archive.read("report.pdf")[:4] == b"%PDF"


def test_without_the_consoles_key_nothing_is_checked(file: bytes, tmp_path: Path) -> None:
    status, said = verify(file, tmp_path)
    assert (status, "give the console's key" in said) == (2, True)


def test_another_consoles_signature_is_none(file: bytes, tmp_path: Path) -> None:
    status, said = verify(file, tmp_path, "--console-key", str(Signer.generate("other").verifier))
    assert (status, "not signed by a console key given" in said) == (1, True)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_with_any_byte_changed_is_refused(file: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(file) - 1))
    other = data.draw(st.integers(1, 255))
    changed = bytearray(file)
    changed[place] ^= other
    assert judge(bytes(changed)).wrong


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_that_is_cut_or_longer_is_refused(file: bytes, data: st.DataObject) -> None:
    assert judge(file[: data.draw(st.integers(0, len(file) - 1))]).wrong
    assert judge(file + data.draw(st.binary(min_size=1, max_size=9))).wrong


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "attachments/../x", "report.html\0", "case.json", "Report.HTML", "a\\b", ""]
)
def test_a_path_that_no_case_bundle_has_is_refused(name: str, file: bytes) -> None:
    archive = CaseArchive()
    parts = [
        *archive.add_bytes("case.json", b"{}"),
        *archive.add_bytes(name, b"{}"),
        *archive.finish({}, read_signer()),
    ]
    bundle = judge(b"".join(parts))
    assert [finding.reason for finding in bundle.found] == ["member-name"]


def test_a_compressed_archive_is_refused_before_anything_is_unpacked(file: bytes) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("evidence.bundle.jsonl", bytes(100_000_000))
    assert [finding.reason for finding in judge(written.getvalue()).found] == ["archive"]


def test_a_run_has_no_case_bundle(case: Case, alice: User) -> None:
    with pytest.raises(Refused, match="made of a case"):
        exports.start(format=Export.Format.CASE_BUNDLE, by=alice, run=run(alice, case=case))


def test_a_file_that_is_not_what_was_attached_fails_the_export(
    case: Case, alice: User, trail: Trail, seal: Seal
) -> None:
    fill(case, alice, trail, seal)
    from investigations.attachments.files import build_path as find_attachment

    find_attachment(case.attachments.get().public_id).write_bytes(b"other")
    made = export(alice, format="case_bundle", case=case)
    assert (made.state, "A1 is not what was attached" in made.problem) == ("failed", True)
