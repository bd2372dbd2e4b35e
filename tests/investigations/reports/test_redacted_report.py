"""A redacted report says nothing that is not so, and is made whatever people are called."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader

from accounts.models import User
from core.record_key import read_signer
from investigations.exports import services as exports
from investigations.exports.files import build_path
from investigations.exports.formats import case_bundle
from investigations.models import Case, Export, RedactionProfile
from investigations.notes import services as notes
from investigations.redaction import services as redaction
from investigations.redaction.redactor import MASKED
from investigations.reports.content import build_report
from investigations.reports.errors import NotTypeset
from investigations.reports.html import write_html
from investigations.reports.markdown import write_markdown
from investigations.reports.pdf import write_pdf
from investigations.reports.services import read_choice
from investigations.reports.structure import Report, ReportFigure, Verbatim
from tests.investigations.reports.conftest import MADE_AT
from tests.support.factories.cases import pin
from tests.support.factories.events import issue, revoke, use
from tests.support.offline_verifier import verify
from trail.connection import Trail

Seal = Callable[[], object]


def build(case: Case, by: User, **rules: str) -> Report:
    profile = redaction.make_profile(
        name="Court", rules={name.replace("__", "."): how for name, how in rules.items()}, by=by
    )
    redactor = redaction.build_case_redactor(profile, case)
    return build_report(read_choice(case), by, MADE_AT, redactor)


def find_blocks(report: Report, kind: type) -> list[object]:
    return [block for section in report.sections for block in section.blocks if isinstance(block, kind)]


def list_lives(report: Report) -> list[tuple[str, str]]:
    """Of each life and session in the picture how long it is, in pixels, and its kind."""
    (figure,) = find_blocks(report, ReportFigure)
    assert isinstance(figure, ReportFigure)
    bands = re.findall(
        r'<path d="M([\d.]+) [\d.]+H([\d.]+)" stroke="(#8a8e94" stroke-width="9|#7b4aa3" stroke-width="2.5)', figure.svg
    )
    return [
        ("life" if "9" in look[-1] else "session", f"{float(end) - float(start):.0f}") for start, end, look in bands
    ]


@pytest.fixture
def lives(case: Case, alice: User, trail: Trail, seal: Seal) -> Case:
    """Two tokens of one person, of which the second alone is revoked, and three sessions of minutes on three days."""
    day = "2026-01-0{}T0{}:00:00Z"
    pin(
        trail,
        case,
        alice,
        issue("tok_a", "mallory", at=day.format(1, 1)),
        issue("tok_b", "mallory", at=day.format(2, 1)),
        revoke("tok_b", user__id="mallory", at=day.format(2, 5)),
        use("tok_a", user__id="mallory", at=day.format(5, 1)),
        *(
            use(f"s{n}", user__id="eve", token__kind="session", at=day.format(n, hour))
            for n in (3, 4, 6)
            for hour in (1, 2)
        ),
    )
    seal()
    return case


@pytest.mark.parametrize("rules", [{"token__id": "mask"}, {"token__id": "mask", "user__id": "mask"}])
def test_masked_tokens_live_as_long_as_their_own(lives: Case, alice: User, rules: dict[str, str]) -> None:
    plain = build_report(read_choice(lives), alice, MADE_AT)
    lengths = list_lives(plain)
    assert sorted(kind for kind, _ in lengths) == ["life", "life", "session", "session", "session"]
    assert sorted(list_lives(build(lives, alice, **rules))) == sorted(lengths)


def test_what_is_masked_is_not_said_to_be_alike(case: Case, alice: User, trail: Trail, seal: Seal) -> None:
    users = ("eve", "eve", "mallory")
    pin(
        trail,
        case,
        alice,
        *(use("tok", user__id=user, at=f"2026-01-01T0{hour}:00:00Z") for hour, user in enumerate(users)),
    )
    seal()
    report = build(case, alice, user__id="mask", token__id="mask")
    (text,) = (
        write_markdown(replace(report, sections=(each,))).decode() for each in report.sections if each.key == "timeline"
    )
    assert ("2 alike" in text, "3 alike" in text) == (True, False)
    (figure,) = find_blocks(report, ReportFigure)
    assert isinstance(figure, ReportFigure)
    assert "holds all that is masked" in figure.caption[0].text


# Words that a report has as looks of its text, in its picture, in its commands and in the formats of its file.
LIKE_WORDS = {
    "strong": "Jane Strong",
    "path": "June Path",
    "console": "Console Sans",
    "verify": "Ann Verify",
    "code": "Quiet Code",
    "kind": "Open Event",
    "audit": "Audit Case",
    "pin": "Pin Key",
    "fill": "Fill Text",
}


@pytest.fixture
def named(case: Case, alice: User, trail: Trail, seal: Seal) -> Case:
    for username, name in LIKE_WORDS.items():
        User.objects.create(username=username, email=f"{username}@corp.example", name=name)
    pin(
        trail,
        case,
        alice,
        issue("tok", "eve"),
        use("tok", user__id="strong", message="Jane Strong did"),
        reason="Strong",
    )
    seal()
    notes.write_note(case=case, text="**Jane** `Path` met June Path", by=alice)
    return case


def test_a_report_is_made_whatever_people_are_called(named: Case, alice: User) -> None:
    report = build(named, alice, user__id="pseudonym")
    (figure,) = find_blocks(report, ReportFigure)
    assert isinstance(figure, ReportFigure)
    ElementTree.fromstring(figure.svg)
    assert ("<path " in figure.svg, 'font-family="Console Sans, ' in figure.svg) == (True, True)
    assert [block.text.split()[:2] for block in find_blocks(report, Verbatim)] == [["python", "verify_bundle.py"]]
    html = write_html(report).decode()
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(write_pdf(report))).pages)
    for name in ("Jane", "June Path", "Jane Strong"):
        assert name not in html
        assert name not in text


def export(case: Case, by: User, profile: RedactionProfile) -> zipfile.ZipFile:
    made = exports.start(format="case_bundle", by=by, case=case, redaction=profile)
    exports.write_export(made.pk)
    made.refresh_from_db()
    assert (made.state, made.problem) == (Export.State.FINISHED, "")
    return zipfile.ZipFile(build_path(made))


@pytest.fixture
def profile(alice: User) -> RedactionProfile:
    return redaction.make_profile(name="Court", rules={"user.id": "pseudonym"}, by=alice)


def test_a_case_bundle_keeps_the_words_of_its_format(
    named: Case, alice: User, profile: RedactionProfile, tmp_path: object
) -> None:
    archive = export(named, alice, profile)
    assert {"report.pdf", "report.html"} <= set(archive.namelist())
    case = json.loads(archive.read("case.json"))
    assert (case["format"], case["case"]["status"]) == ("audit-case/v1", "open")
    assert {piece["kind"] for piece in case["evidence"]} == {"event"}
    assert all(piece["pinned_at"].endswith("Z") for piece in case["evidence"])
    custody = [json.loads(line) for line in archive.read("evidence.bundle.jsonl").splitlines()]
    assert {line["custody"]["action"] for line in custody if "custody" in line} >= {"pin"}
    assert "Strong" not in archive.read("case.json").decode()
    assert archive.filename
    with open(archive.filename, "rb") as file:
        status, said = verify(file.read(), tmp_path, "--console-key", str(read_signer().verifier))  # type: ignore[arg-type]
    assert status == 0, said


def test_a_report_that_cannot_be_made_is_said_to_be_missing(
    named: Case, alice: User, profile: RedactionProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(report: Report) -> bytes:
        raise NotTypeset("The PDF could not be made: it is too large.")

    monkeypatch.setattr(case_bundle, "write_pdf", refuse)
    archive = export(named, alice, profile)
    assert "report.pdf" not in archive.namelist()
    manifest = json.loads(archive.read("manifest.json"))
    assert manifest["left_out"] == {"report.pdf": "The PDF could not be made: it is too large."}


def test_what_is_masked_in_a_picture_is_masked_in_its_words_alone(named: Case, alice: User) -> None:
    report = build(named, alice, user__id="mask")
    (figure,) = find_blocks(report, ReportFigure)
    assert isinstance(figure, ReportFigure)
    assert MASKED in figure.svg
    assert not re.search(r"<[^>]*\[masked\](?![^\"]*\" *>)", re.sub(r' aria-label="[^"]*"', "", figure.svg))
